// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "gristmill/kernels/utf8.h"

namespace gristmill::platform {
namespace {

constexpr char level_separator = '\x1F';
constexpr std::size_t page_size_max = 1000;
constexpr std::size_t name_bytes_max = 255;
constexpr std::string_view token_prefix = "after-";

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::string hex_of(std::string_view text) {
  std::string hex;
  for (const unsigned char byte : text) hex += fmt::format("{:02x}", byte);
  return hex;
}

Result<std::string> text_of_hex(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto high = hex_value(hex[i]);
    const auto low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return invalid_argument("pageToken is none that this catalog gave");
    text += static_cast<char>(high * 16 + low);
  }
  if (hex.size() % 2 != 0) return invalid_argument("pageToken is none that this catalog gave");
  return text;
}

bool is_name_byte(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) || byte == '_' || byte == '-'; }

}  // namespace

std::string_view RestRequest::header(std::string_view name) const {
  const auto is_same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  for (const auto& [key, value] : headers) {
    if (std::ranges::equal(key, name, is_same)) return value;
  }
  return {};
}

const std::string* RestCall::parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? nullptr : &found->second;
}

Result<Json> RestCall::body() const {
  auto document = Json::parse(request.body);
  if (!document) return invalid_argument("the body is not JSON: " + document.error().message);
  if (!document->is_object()) return invalid_argument("the body must be a JSON object");
  return document;
}

Result<std::string> RestCall::name_space() const {
  std::vector<std::string> levels(1);
  for (const char byte : names[0]) {
    if (byte == level_separator) {
      levels.emplace_back();
    } else {
      levels.back() += byte;
    }
  }
  return join_levels(levels);
}

Result<store::TableName> RestCall::table() const {
  GRISTMILL_TRY(auto space, name_space());
  return store::TableName{.name_space = std::move(space), .name = names[1]};
}

Result<std::string> decode_part(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = text[i] == '+' ? ' ' : text[i];
    if (byte == '%') {
      const auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const auto low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid_argument("a percent sign in the address is not followed by two digits");
      byte = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if ((static_cast<unsigned char>(byte) < ' ' && byte != level_separator) || byte == 0x7F)
      return invalid_argument("the address holds control characters");
    decoded += byte;
  }
  if (!kernels::is_valid_utf8(decoded)) return invalid_argument("the address is not UTF-8");
  return decoded;
}

Result<std::string> join_levels(const std::vector<std::string>& levels) {
  std::string joined;
  for (const auto& level : levels) {
    // A dot parts the levels in the catalog's tables.
    const bool is_bad = level.empty() || level.find('.') != std::string::npos ||
                        std::ranges::any_of(level, [](unsigned char byte) { return byte < ' ' || byte == 0x7F; });
    if (is_bad)
      return invalid_argument("a level of a namespace must not be empty and holds no dots or control characters");
    if (!joined.empty()) joined += '.';
    joined += level;
  }
  if (joined.empty() || joined.size() > name_bytes_max)
    return invalid_argument(fmt::format("a namespace has 1 to {} bytes", name_bytes_max));
  return joined;
}

Result<std::string> namespace_of(const Json& levels) {
  std::vector<std::string> texts;
  for (const auto& level : levels.items()) texts.push_back(level.as_string());
  if (texts.empty()) return invalid_argument("\"namespace\" must be a list of names");
  return join_levels(texts);
}

Result<store::TableName> table_of(const Json& identifier) {
  GRISTMILL_TRY(auto space, namespace_of(identifier["namespace"]));
  if (identifier["name"].as_string().empty()) return invalid_argument("a table needs a \"name\"");
  return store::TableName{.name_space = std::move(space), .name = identifier["name"].as_string()};
}

Json levels_json(std::string_view name_space) {
  auto levels = Json::array();
  for (std::size_t begin = 0; begin <= name_space.size();) {
    const auto end = std::min(name_space.find('.', begin), name_space.size());
    levels.push(name_space.substr(begin, end - begin));
    begin = end + 1;
  }
  return levels;
}

Status check_new_namespace(std::string_view name_space) {
  const bool is_plain = std::ranges::all_of(name_space, [](char byte) { return is_name_byte(byte) || byte == '.'; });
  if (!is_plain || name_space.front() == '-' || name_space.find(".-") != std::string_view::npos)
    return invalid_argument(
        "names of namespaces are made of letters, digits, _ and -, so that every command can name them");
  const auto first = name_space.substr(0, name_space.find('.'));
  if (first == "landing" || first == "quarantine")
    return invalid_argument(fmt::format("the namespace {} is used by Gristmill itself", first));
  return {};
}

Status check_new_table(const store::TableName& name) {
  GRISTMILL_RETURN_IF_ERROR(check_new_namespace(name.name_space));
  const auto& text = name.name;
  if (text.empty() || text.size() > name_bytes_max || text.front() == '-' || !std::ranges::all_of(text, is_name_byte))
    return invalid_argument(
        "names of tables are made of letters, digits, _ and -, so that every command can name them");
  return {};
}

RestResponse json_answer(int status, const Json& body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

RestResponse no_content() { return {.status = 204, .headers = {}, .body = {}}; }

RestResponse error_answer(int status, std::string_view type, std::string_view message) {
  auto error = Json::object({{"message", message}, {"type", type}, {"code", status}});
  return json_answer(status, Json::object({{"error", std::move(error)}}));
}

RestResponse error_answer(const Error& error, std::string_view missing) {
  const auto answer = [&](int status, std::string_view type) { return error_answer(status, type, error.message); };
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::check_failed: return answer(400, "BadRequestException");
    case ErrorCode::limit_exceeded: return answer(400, "BadRequestException");
    case ErrorCode::not_found: return answer(404, missing);
    case ErrorCode::already_exists: return answer(409, "AlreadyExistsException");
    case ErrorCode::conflict: return answer(409, "CommitFailedException");
    case ErrorCode::denied: return answer(403, "ForbiddenException");
    case ErrorCode::unavailable:
    case ErrorCode::interrupted: return answer(503, "ServiceUnavailableException");
    case ErrorCode::corrupt_data:
    case ErrorCode::internal: break;
  }
  return answer(500, "InternalServerError");
}

Result<Page> page_of(const RestCall& call) {
  Page page{.after = {}, .size = page_size_max, .is_whole = true};
  const auto* token = call.parameter("pageToken");
  const auto* size = call.parameter("pageSize");
  page.is_whole = token == nullptr && size == nullptr;
  if (token != nullptr && !token->empty()) {
    if (!token->starts_with(token_prefix)) return invalid_argument("pageToken is none that this catalog gave");
    GRISTMILL_TRY(page.after, text_of_hex(std::string_view(*token).substr(token_prefix.size())));
  }
  if (size != nullptr) {
    std::size_t wanted = 0;
    const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), wanted);
    if (error != std::errc() || end != size->data() + size->size() || wanted == 0)
      return invalid_argument("pageSize must be a whole number above 0");
    page.size = std::min(wanted, page_size_max);
  }
  return page;
}

std::vector<std::string> cut(std::vector<std::string> names, const Page& page, Json& answer) {
  if (page.is_whole) return names;
  const auto begin = std::ranges::upper_bound(names, page.after);
  names.erase(names.begin(), page.after.empty() ? names.begin() : begin);
  if (names.size() > page.size) {
    names.resize(page.size);
    answer.set("next-page-token", fmt::format("{}{}", token_prefix, hex_of(names.back())));
  }
  return names;
}

Result<bool> has_namespace(meta::Transaction& transaction, const std::string& name_space) {
  const std::string catalog(store::catalog_name);
  GRISTMILL_TRY(const auto own, transaction.query("SELECT count(*) FROM iceberg_namespace_properties WHERE "
                                                  "catalog_name = ? AND namespace = ?",
                                                  {catalog, name_space}));
  if (meta::integer(own[0][0]) > 0) return true;
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? "
                                  "UNION SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ?",
                                  {catalog, catalog}));
  return std::ranges::any_of(rows, [&](const meta::Row& row) {
    const auto& known = meta::text(row[0]);
    return known == name_space || known.starts_with(name_space + ".");
  });
}

RestResponse no_such_namespace(std::string_view name_space) {
  return error_answer(404, "NoSuchNamespaceException", fmt::format("there is no namespace {}", name_space));
}

}  // namespace gristmill::platform
