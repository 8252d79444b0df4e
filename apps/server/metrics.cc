// SPDX-License-Identifier: Apache-2.0
#include "metrics.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "gristmill/base/clock.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::server {
namespace {

/// Methods are the client's words: those we do not know share one series.
std::string_view known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    if (method == known) return known;
  }
  return "other";
}

void add_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void add_one(std::string& out, std::string_view name, std::string_view type, std::string_view help, double value) {
  add_family(out, name, type, help);
  out += fmt::format("{} {}\n", name, value);
}

double resident_bytes() {
  long total = 0, resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  double count = 0;
  if (auto* folder = ::opendir("/proc/self/fd")) {
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
  }
  return std::max(0.0, count - 3);  // ".", ".." and the folder itself.
}

const double process_started = static_cast<double>(now_ms()) / 1000;

void add_process(std::string& out) {
  add_one(out, "process_cpu_seconds_total", "counter", "User and system CPU time, in seconds.", process_cpu_seconds());
  add_one(out, "process_resident_memory_bytes", "gauge", "Resident memory, in bytes.", resident_bytes());
  add_one(out, "process_open_fds", "gauge", "Open file descriptors.", open_descriptors());
  add_one(out, "process_start_time_seconds", "gauge", "Start of the process since the epoch, in seconds.",
          process_started);
  add_family(out, "gristmill_build_info", "gauge", "Always 1; the label tells the version.");
  out += fmt::format("gristmill_build_info{{version=\"{}\"}} 1\n", platform::program_version());
}

}  // namespace

void Metrics::note(std::string_view route, std::string_view method, int status, std::uint64_t bytes, double seconds) {
  const auto bucket = static_cast<std::size_t>(
      std::distance(bounds.begin(), std::ranges::lower_bound(bounds, seconds)));
  const std::scoped_lock lock(mutex_);
  ++requests_[{route, known_method(method), status}];
  bytes_sent_ += bytes;
  auto& series = durations_[route];
  ++series.buckets[bucket];
  ++series.count;
  series.seconds += seconds;
}

std::string Metrics::text(const ListenerFigures& listener, const std::vector<Figure>& more) const {
  std::string out;
  {
    const std::scoped_lock lock(mutex_);
    add_family(out, "gristmill_http_requests_total", "counter", "Answered requests.");
    for (const auto& [labels, count] : requests_) {
      const auto& [route, method, status] = labels;
      out += fmt::format("gristmill_http_requests_total{{route=\"{}\",method=\"{}\",status=\"{}\"}} {}\n", route,
                         method, status, count);
    }
    constexpr std::string_view name = "gristmill_http_request_duration_seconds";
    add_family(out, name, "histogram", "From the first byte of a request to the last of its answer, in seconds.");
    for (const auto& [route, series] : durations_) {
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < bounds.size(); ++i) {
        below += series.buckets[i];
        out += fmt::format("{}_bucket{{route=\"{}\",le=\"{}\"}} {}\n", name, route, bounds[i], below);
      }
      out += fmt::format("{}_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", name, route, series.count);
      out += fmt::format("{}_sum{{route=\"{}\"}} {}\n", name, route, series.seconds);
      out += fmt::format("{}_count{{route=\"{}\"}} {}\n", name, route, series.count);
    }
    add_one(out, "gristmill_http_response_bytes_total", "counter", "Bytes of answers, heads included.",
            static_cast<double>(bytes_sent_));
  }
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  add_one(out, "gristmill_http_connections", "gauge", "Open connections.", number(listener.connections_open));
  add_one(out, "gristmill_http_connections_total", "counter", "Accepted connections.",
          number(listener.connections_accepted));
  add_one(out, "gristmill_http_connections_refused_total", "counter", "Connections closed for being too many.",
          number(listener.connections_refused));
  add_one(out, "gristmill_http_bad_requests_total", "counter", "Requests that were no HTTP, or too slow.",
          number(listener.bad_requests));
  add_one(out, "gristmill_http_bodies_refused_total", "counter",
          "Requests refused for want of memory for their bodies.", number(listener.bodies_refused));
  std::string_view family;
  for (const auto& figure : more) {
    if (figure.name != family) add_family(out, figure.name, figure.is_counter ? "counter" : "gauge", figure.help);
    family = figure.name;
    out += figure.labels.empty() ? fmt::format("{} {}\n", figure.name, figure.value)
                                 : fmt::format("{}{{{}}} {}\n", figure.name, figure.labels, figure.value);
  }
  add_process(out);
  return out;
}

}  // namespace gristmill::server
