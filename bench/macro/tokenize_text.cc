// SPDX-License-Identifier: Apache-2.0
// Tokenizes JSON lines: for the parity script and for speed figures.
//
//   tokenize_text TOKENIZER [--pattern NAME] [--control] [--bench REPEATS] < texts.jsonl > ids.jsonl
//   tokenize_text TOKENIZER [--pattern NAME] [--control] --once texts.jsonl
//
// A line of input is {"text": ...}, a line of output the list of its ids. --control turns text that spells a special
// token into that token. With --bench nothing is written but, on stderr, the median CPU MB/s over REPEATS, each with an
// empty cache. With --once the CPU seconds of one pass, what went through and the SHA-256 of the ids with commas
// between.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/json.h"
#include "gristmill/io/file.h"
#include "gristmill/kernels/tokenizer_file.h"

namespace {

using namespace gristmill;

struct Arguments {
  std::string tokenizer;
  std::optional<kernels::Pattern> pattern;
  kernels::SpecialText special = kernels::SpecialText::plain;
  int repeats = 0;
  std::string once;  ///< File of texts to measure in a single pass.
};

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view next = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--pattern") {
      arguments.pattern = kernels::pattern_of_name(next);
      if (!arguments.pattern) return invalid_argument(fmt::format("unknown pattern '{}'", next));
      ++i;
    } else if (word == "--control") {
      arguments.special = kernels::SpecialText::control;
    } else if (word == "--bench") {
      arguments.repeats = std::max(1, std::atoi(argv[++i]));
    } else if (word == "--once") {
      arguments.once = next;
      ++i;
    } else {
      arguments.tokenizer = word;
    }
  }
  if (arguments.tokenizer.empty())
    return invalid_argument(
        "usage: tokenize_text TOKENIZER [--pattern NAME] [--control] [--bench REPEATS | --once FILE]");
  return arguments;
}

Result<std::vector<std::string>> read_texts(const std::string& path) {
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  if (path.empty()) {
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  } else {
    GRISTMILL_TRY(input, io::read_file(path));
  }
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin < input.size();) {
    const auto end = std::min(input.find('\n', begin), input.size());
    GRISTMILL_TRY(const auto line, Json::parse(std::string_view(input).substr(begin, end - begin)));
    texts.push_back(line["text"].as_string());
    begin = end + 1;
  }
  return texts;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Status measure(const kernels::Tokenizer& tokenizer, const Arguments& arguments, const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  std::vector<double> seconds;
  std::size_t count = 0;
  for (int i = 0; i < arguments.repeats; ++i) {
    kernels::TokenizerScratch scratch;
    std::vector<std::uint32_t> ids;
    count = 0;
    const double start = cpu_seconds();
    for (const auto& text : texts) {
      ids.clear();
      GRISTMILL_RETURN_IF_ERROR(tokenizer.encode(text, arguments.special, scratch, ids));
      count += ids.size();
    }
    seconds.push_back(cpu_seconds() - start);
  }
  std::ranges::sort(seconds);
  fmt::print(stderr, "{{\"bytes\": {}, \"tokens\": {}, \"mb_per_cpu_second\": {:.1f}}}\n", bytes, count,
             static_cast<double>(bytes) / 1e6 / seconds[seconds.size() / 2]);
  return {};
}

/// One pass over texts that nothing has been encoded of before.
Status measure_once(const kernels::Tokenizer& tokenizer, const Arguments& arguments,
                    const std::vector<std::string>& texts) {
  kernels::TokenizerScratch scratch;
  std::vector<std::vector<std::uint32_t>> ids(texts.size());
  const double start = cpu_seconds();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    GRISTMILL_RETURN_IF_ERROR(tokenizer.encode(texts[i], arguments.special, scratch, ids[i]));
  }
  const double seconds = cpu_seconds() - start;
  std::size_t bytes = 0;
  std::size_t count = 0;
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    bytes += texts[i].size();
    count += ids[i].size();
    for (const auto id : ids[i]) joined.append(joined.empty() ? "" : ",").append(std::to_string(id));
  }
  fmt::print("{{\"cpu_seconds\": {:.4f}, \"bytes\": {}, \"ids\": {}, \"digest\": \"{}\"}}\n", seconds, bytes, count,
             sha256_hex(joined));
  return {};
}

Status print_ids(const kernels::Tokenizer& tokenizer, const Arguments& arguments,
                 const std::vector<std::string>& texts) {
  kernels::TokenizerScratch scratch;
  std::vector<std::uint32_t> ids;
  for (const auto& text : texts) {
    ids.clear();
    GRISTMILL_RETURN_IF_ERROR(tokenizer.encode(text, arguments.special, scratch, ids));
    std::string line = "[";
    for (const auto id : ids) line.append(line.size() > 1 ? "," : "").append(std::to_string(id));
    line += "]\n";
    std::fputs(line.c_str(), stdout);
  }
  return {};
}

Status run(int argc, char** argv) {
  GRISTMILL_TRY(const auto arguments, parse_arguments(argc, argv));
  GRISTMILL_TRY(const auto bytes, io::read_file(arguments.tokenizer));
  const double start = cpu_seconds();
  GRISTMILL_TRY(const auto tokenizer, kernels::load_tokenizer(bytes, arguments.pattern));
  fmt::print(stderr, "{}; loaded in {:.2f} CPU s\n", tokenizer->description(), cpu_seconds() - start);
  GRISTMILL_TRY(const auto texts, read_texts(arguments.once));
  if (!arguments.once.empty()) return measure_once(*tokenizer, arguments, texts);
  return arguments.repeats > 0 ? measure(*tokenizer, arguments, texts) : print_ids(*tokenizer, arguments, texts);
}

}  // namespace

int main(int argc, char** argv) {
  const auto status = run(argc, argv);
  if (!status) fmt::print(stderr, "{}\n", status.error().message);
  return status ? 0 : 1;
}
