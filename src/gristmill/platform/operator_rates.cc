// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/operator_rates.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "gristmill/io/file.h"

namespace gristmill::platform {
namespace {

constexpr std::uint64_t rates_bytes_max = std::uint64_t{1} << 20;
constexpr std::size_t processor_bytes_max = 8192;  // The first processor stands within them.

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// "model name" of the first processor, or the architecture where Linux does not tell it.
std::string processor_name() {
  if (const auto text = io::read_range("/proc/cpuinfo", 0, processor_bytes_max)) {
    const auto name = text->find("model name");
    const auto colon = text->find(": ", name);
    const auto end = text->find('\n', colon);
    if (name != std::string::npos && colon != std::string::npos && colon < text->find('\n', name))
      return text->substr(colon + 2, end - colon - 2);
  }
  utsname machine{};
  return ::uname(&machine) == 0 ? machine.machine : "unknown";
}

void add_rate(Json& description, const Json& rates) {
  const auto& rate = rates["operators"][description["name"].as_string()];
  if (!rate["mb_per_second"].is_number() || rate["version"] != description["version"]) return;
  description.set("measured", Json::object({{"mb_per_second", rate["mb_per_second"]},
                                            {"machine", rates["machine"]},
                                            {"at", rates["at"]},
                                            {"corpus", rate.contains("corpus") ? rate["corpus"] : rates["corpus"]}}));
}

}  // namespace

std::string operator_rates_path() {
  auto folder = variable("XDG_CACHE_HOME");
  if (folder.empty() && !variable("HOME").empty()) folder = variable("HOME") + "/.cache";
  return folder.empty() ? folder : folder + "/gristmill/operator-rates.json";
}

std::string machine_name() { return fmt::format("{}, {} cores", processor_name(), ::sysconf(_SC_NPROCESSORS_ONLN)); }

void add_operator_rates(Json& description) {
  const auto path = operator_rates_path();
  if (path.empty() || !io::exists(path)) return;
  const auto text = io::read_file(path, rates_bytes_max);
  if (!text) return;
  const auto rates = Json::parse(*text);
  if (!rates || (*rates)["machine"].as_string() != machine_name()) return;
  if (!description.is_array()) return add_rate(description, *rates);
  auto list = Json::array();
  for (auto item : description.items()) {
    add_rate(item, *rates);
    list.push(std::move(item));
  }
  description = std::move(list);
}

}  // namespace gristmill::platform
