// SPDX-License-Identifier: Apache-2.0
// Answers requests to the REST catalog without a network: `rest_driver WORKSPACE` reads one request a line as JSON
// {id, method, path, query, headers, body, caller, may_write} and writes {id, status, headers, body}. Requests run on
// several threads, so answers come in any order.
#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/platform/rest_catalog.h"
#include "gristmill/platform/table_purges.h"

namespace {

using namespace gristmill;

constexpr int thread_count = 12;

platform::RestRequest request_of(const Json& json) {
  platform::RestRequest request{.method = json["method"].as_string(),
                                .path = json["path"].as_string(),
                                .query = json["query"].as_string(),
                                .headers = {},
                                .body = json["body"].as_string(),
                                .caller = json["caller"].as_string(),
                                .may_write = json["may_write"].as_bool(true)};
  for (const auto& [key, value] : json["headers"].members()) request.headers.emplace_back(key, value.as_string());
  return request;
}

Json json_of(const platform::RestResponse& response) {
  auto headers = Json::object();
  for (const auto& [key, value] : response.headers) headers.set(key, value);
  return Json::object({{"status", response.status}, {"headers", std::move(headers)}, {"body", response.body}});
}

/// Lines read but not answered yet.
struct Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;
  bool is_closed = false;

  bool take(std::string& line) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_closed || !lines.empty(); });
    if (lines.empty()) return false;
    line = std::move(lines.front());
    lines.pop_front();
    return true;
  }
};

Json answer(const platform::Workspace& workspace, const platform::RestCatalog& catalog, const Json& json) {
  // Not part of the protocol: what the server does now and then by itself.
  if (json["method"].as_string() == "PURGE") {
    const auto report = platform::purge_dropped_tables(workspace, json["age_ms"].as_int());
    return report ? *report : Json::object({{"error", report.error().message}});
  }
  return json_of(catalog.answer(request_of(json)));
}

void work(const platform::Workspace& workspace, const platform::RestCatalog& catalog, Queue& queue) {
  std::string line;
  while (queue.take(line)) {
    const auto json = Json::parse(line);
    auto response = json ? answer(workspace, catalog, *json) : Json::object({{"error", json.error().message}});
    if (json) response.set("id", (*json)["id"]);
    fmt::print("{}\n", response.dump());
    std::fflush(stdout);
  }
}

bool read_line(std::string& line) {
  line.clear();
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    if (byte == '\n') return true;
    line += static_cast<char>(byte);
  }
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const auto workspace = platform::Workspace::open(arguments[1]);
  if (!workspace) {
    fmt::print(stderr, "{}\n", workspace.error().message);
    return 1;
  }
  platform::RestOptions options;
  options.check_secret = [](std::string_view secret) {
    return secret == "secret" ? Status() : Status(Error{ErrorCode::denied, "no"});
  };
  const platform::RestCatalog catalog(**workspace, options);
  Queue queue;
  std::vector<std::jthread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back([&] { work(**workspace, catalog, queue); });
  for (std::string line; read_line(line);) {
    {
      const std::lock_guard lock(queue.mutex);
      queue.lines.push_back(line);
    }
    queue.changed.notify_one();
  }
  {
    const std::lock_guard lock(queue.mutex);
    queue.is_closed = true;
  }
  queue.changed.notify_all();
}
