// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/object_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace gristmill::io {
namespace {

constexpr std::string_view scheme = "s3://";
constexpr std::size_t key_bytes_max = 1024;
constexpr std::size_t bucket_bytes_max = 63;

bool is_plain(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '.' || byte == '_' || byte == '~';
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

bool is_object(std::string_view path) noexcept { return path.starts_with(scheme); }

Status check_scheme(std::string_view path) {
  const auto colon = path.find("://");
  if (colon == std::string_view::npos || colon == 0 || is_object(path)) return {};
  const bool is_address = std::ranges::all_of(path.substr(0, colon), [](unsigned char byte) {
    return std::isalnum(byte) || byte == '+' || byte == '-' || byte == '.';
  });
  if (!is_address) return {};
  return invalid_argument(
      fmt::format("{}: only folders (/PATH) and object stores (s3://BUCKET/PREFIX) can be used", path.substr(0, 300)));
}

Result<ObjectPath> ObjectPath::parse(std::string_view path) {
  if (!is_object(path)) return invalid_argument(fmt::format("not a path of an object store: {}", path.substr(0, 200)));
  const auto rest = path.substr(scheme.size());
  const auto slash = rest.find('/');
  ObjectPath object{std::string(rest.substr(0, slash)),
                    slash == std::string_view::npos ? std::string() : std::string(rest.substr(slash + 1))};
  const auto is_good = [](unsigned char byte) { return is_plain(byte) && byte != '~'; };
  if (object.bucket.size() < 3 || object.bucket.size() > bucket_bytes_max || object.bucket.front() == '.' ||
      object.bucket.front() == '-' || !std::ranges::all_of(object.bucket, is_good)) {
    return invalid_argument(fmt::format(
        "'{}' is no bucket name (3 to 63 letters, digits, '-' and '.'): write s3://BUCKET/PREFIX", object.bucket));
  }
  if (object.key.size() > key_bytes_max)
    return invalid_argument(fmt::format("{}…: the key has {} bytes, object stores take {}", path.substr(0, 200),
                                        object.key.size(), key_bytes_max));
  if (object.key.find('\0') != std::string::npos)
    return invalid_argument(fmt::format("s3://{}: the key holds a zero byte", object.bucket));
  return object;
}

std::string ObjectPath::text() const { return fmt::format("{}{}/{}", scheme, bucket, key); }

std::string percent_encode(std::string_view text, bool keeps_slashes) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (is_plain(code) || (keeps_slashes && byte == '/')) {
      encoded += byte;
    } else {
      encoded += fmt::format("%{:02X}", code);
    }
  }
  return encoded;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace gristmill::io
