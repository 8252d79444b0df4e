// SPDX-License-Identifier: Apache-2.0
// Drives LLVMFuzzerTestOneInput without libFuzzer: replays a corpus, then feeds seeded random mutations of it.
// Usage: x_fuzz CORPUS_FOLDER RUNS [ONLY]. The same arguments always give the same inputs; a failure names the run, and
// ONLY repeats that run alone. GRISTMILL_FUZZ_RUNS overrides RUNS.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr unsigned seconds_max = 60;  // One input: far above any honest cost, also under sanitizers.
constexpr std::size_t input_bytes_max = std::size_t{1} << 20;

volatile std::uint64_t current_run = 0;

/// SplitMix64: small, and the same on every platform.
struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t value = (state += 0x9E3779B97F4A7C15U);
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31);
  }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound); }
};

void report(int signal_number) {
  char text[96];
  const char* what = signal_number == SIGALRM ? "fuzz: too slow in run " : "fuzz: crash in run ";
  std::size_t length = std::strlen(what);
  std::memcpy(text, what, length);
  char digits[24];
  std::size_t count = 0;
  for (std::uint64_t run = current_run; count == 0 || run != 0; run /= 10)
    digits[count++] = static_cast<char>('0' + run % 10);
  while (count > 0) text[length++] = digits[--count];
  text[length++] = '\n';
  (void)!write(STDERR_FILENO, text, length);
  signal(signal_number, SIG_DFL);
  raise(signal_number == SIGALRM ? SIGKILL : signal_number);
}

std::vector<std::string> read_corpus(const std::string& folder) {
  std::vector<std::string> paths;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (inputs.empty()) inputs.emplace_back();
  return inputs;
}

/// Bytes that parsers treat specially: ends of numbers, quotes, separators, tags, broken UTF-8, magic numbers.
const std::string& token(Random& random) {
  static const std::string tokens[] = {std::string(1, '\0'),
                                       "\n",
                                       "\r\n",
                                       "\r\n\r\n",
                                       "\"",
                                       "\"\"",
                                       "\\",
                                       ",",
                                       "\t",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       "<",
                                       ">",
                                       "</",
                                       "<!--",
                                       "-->",
                                       "<![CDATA[",
                                       "<script>",
                                       "&#",
                                       "&amp;",
                                       "\xFF",
                                       "\xC0\x80",
                                       "\xED\xA0\x80",
                                       "\xF4\x90\x80\x80",
                                       "\xEF\xBB\xBF",
                                       "\xFE\xFF",
                                       "-1",
                                       "0",
                                       "4294967295",
                                       "9223372036854775807",
                                       "18446744073709551616",
                                       "1e999",
                                       "\\ud800",
                                       "null",
                                       "true",
                                       "WARC/1.0\r\n",
                                       "Content-Length: ",
                                       "Transfer-Encoding: chunked\r\n",
                                       "HTTP/1.1 200 OK\r\n",
                                       "\x1F\x8B\x08",
                                       "PAR1",
                                       "Obj\x01",
                                       "PK\x03\x04",
                                       std::string(64, '['),
                                       std::string(300, 'A')};
  return tokens[random.below(std::size(tokens))];
}

void mutate(std::string& input, const std::vector<std::string>& corpus, Random& random) {
  const std::size_t at = random.below(input.size() + 1);
  const std::size_t length = 1 + random.below(std::min<std::size_t>(input.size() - std::min(at, input.size()) + 1, 64));
  switch (random.below(9)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (at < input.size()) input[at] = static_cast<char>(random.next());
      break;
    case 2: input.resize(at); break;
    case 3: input.erase(at, length); break;
    case 4: input.insert(at, input.substr(at, length)); break;
    case 5:
    case 6: input.insert(at, token(random)); break;
    case 7: {
      const auto& other = corpus[random.below(corpus.size())];
      const std::size_t from = random.below(other.size() + 1);
      input.insert(at, other.substr(from, random.below(4096)));
      break;
    }
    default:
      for (std::size_t i = at; i < std::min(at + 4, input.size()); ++i)
        input[i] = static_cast<char>(random.below(2) * 255);
  }
  if (input.size() > input_bytes_max) input.resize(input_bytes_max);
}

void feed(const std::string& input, std::uint64_t run) {
  current_run = run;
  alarm(seconds_max);
  // A copy of exact size, so that a sanitizer sees the first byte read beyond the end.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string make_input(const std::vector<std::string>& corpus, std::uint64_t run) {
  if (run < corpus.size()) return corpus[run];
  Random random{run * 0x2545F4914F6CDD1DU};
  std::string input = corpus[random.below(corpus.size())];
  for (std::size_t changes = 1 + random.below(8); changes > 0; --changes) mutate(input, corpus, random);
  return input;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fmt::print(stderr, "usage: {} CORPUS_FOLDER RUNS [ONLY]\n", arguments[0]);
    return 2;
  }
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) signal(number, report);
  const auto corpus = read_corpus(arguments[1]);
  const char* wished = std::getenv("GRISTMILL_FUZZ_RUNS");
  const std::uint64_t runs = corpus.size() + std::strtoull(wished != nullptr ? wished : arguments[2], nullptr, 10);
  if (count > 3) {
    const std::uint64_t only = std::strtoull(arguments[3], nullptr, 10);
    feed(make_input(corpus, only), only);
    return 0;
  }
  for (std::uint64_t run = 0; run < runs; ++run) feed(make_input(corpus, run), run);
  fmt::print("{} inputs, {} of them from the corpus\n", runs, corpus.size());
  return 0;
}
