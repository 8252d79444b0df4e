// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace gristmill::io {
namespace {

constexpr std::size_t idle_handles_max = 64;
// Slower than this for the time-out, a connection counts as stuck.
constexpr long stuck_bytes_per_second = 512;
constexpr std::size_t header_bytes_max = std::size_t{64} << 10;

/// Where an answer is gathered.
struct Gathering {
  HttpAnswer answer;
  std::uint64_t bytes_max = 0;
  std::size_t header_bytes = 0;
  bool is_too_large = false;
};

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& gathering = *static_cast<Gathering*>(target);
  const std::string_view line(bytes, size * count);
  gathering.header_bytes += line.size();
  if (gathering.header_bytes > header_bytes_max) {
    gathering.is_too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) gathering.answer.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  auto value = line.substr(colon + 1);
  const auto is_blank = [](char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; };
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  gathering.answer.headers[std::move(name)] = value;
  return line.size();
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& gathering = *static_cast<Gathering*>(target);
  if (gathering.answer.body.size() + size * count > gathering.bytes_max) {
    gathering.is_too_large = true;
    return 0;
  }
  gathering.answer.body.append(bytes, size * count);
  return size * count;
}

bool is_distrust(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
         code == CURLE_SSL_ISSUER_ERROR;
}

/// "https://host:port", so that messages stay short and without query.
std::string_view server_of(std::string_view url) {
  const auto start = url.find("://");
  return url.substr(0, url.find('/', start == std::string_view::npos ? 0 : start + 3));
}

Error failure(CURLcode code, const char* details, const Gathering& gathering, const HttpRequest& request,
              const HttpOptions& options) {
  const auto server = server_of(request.url);
  if (gathering.is_too_large)
    return limit_exceeded(fmt::format("{}: more than {} bytes came as the answer", server, gathering.bytes_max));
  const std::string_view told = details[0] != '\0' ? details : curl_easy_strerror(code);
  if (is_distrust(code)) {
    return {ErrorCode::denied,
            fmt::format("{}: the server's certificate is not trusted ({}); {}", server, told,
                        options.ca_file.empty() ? "name the file of your authority's certificates as [s3] ca_file"
                                                : fmt::format("check the certificates in {}", options.ca_file))};
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return invalid_argument(fmt::format("{}: not an address of a server: {}", server, told));
  return unavailable(fmt::format("{}: {}", server, told));
}

}  // namespace

struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<CURL*> idle;

  CURL* take() {
    {
      const std::scoped_lock lock(mutex);
      if (!idle.empty()) {
        auto* const handle = idle.back();
        idle.pop_back();
        return handle;
      }
    }
    return curl_easy_init();
  }

  void give_back(CURL* handle) {
    // Options go, connections stay.
    curl_easy_reset(handle);
    const std::scoped_lock lock(mutex);
    if (idle.size() < idle_handles_max) {
      idle.push_back(handle);
    } else {
      curl_easy_cleanup(handle);
    }
  }

  ~Pool() {
    for (auto* handle : idle) curl_easy_cleanup(handle);
  }
};

const std::string& HttpAnswer::header(const std::string& name) const {
  static const std::string none;
  const auto found = headers.find(name);
  return found == headers.end() ? none : found->second;
}

HttpClient::HttpClient(HttpOptions options) : options_(std::move(options)), pool_(std::make_unique<Pool>()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  GRISTMILL_CHECK(ready == CURLE_OK, "libcurl cannot be initialized");
}

HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  CURL* const handle = pool_->take();
  if (handle == nullptr) return unavailable("no memory for an HTTP connection");
  curl_slist* headers = nullptr;
  // An empty value takes a header of curl's own away.
  for (const auto* line : {"Expect:", "Content-Type:", "Accept:"}) headers = curl_slist_append(headers, line);
  for (const auto& line : request.headers) headers = curl_slist_append(headers, line.c_str());
  Gathering gathering{.answer = {}, .bytes_max = request.answer_bytes_max};
  std::array<char, CURL_ERROR_SIZE> details{};
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, details.data());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.timeout_ms));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, stuck_bytes_per_second);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options_.timeout_ms / 1000)));
  if (!options_.uses_proxy) curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  if (!options_.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &gathering);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &gathering);
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  if (request.method != "GET" && request.method != "HEAD")
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  const auto code = curl_easy_perform(handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  pool_->give_back(handle);
  if (code != CURLE_OK) return failure(code, details.data(), gathering, request, options_);
  gathering.answer.status = static_cast<int>(status);
  return std::move(gathering.answer);
}

}  // namespace gristmill::io
