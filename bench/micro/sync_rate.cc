// SPDX-License-Identifier: Apache-2.0
// How often a second the disk makes 4 KiB durable. Usage: sync_rate FILE COUNT append|filled: behind the end of a
// growing file, or within one that was filled before.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const long rounds = std::atol(arguments[2]);
  const int file = ::open(arguments[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
  const std::string block(4096, 'x');
  if (std::string(arguments[3]) == "filled") {
    const std::string zeros(static_cast<std::size_t>(rounds) * block.size(), '\0');
    if (::pwrite(file, zeros.data(), zeros.size(), 0) < 0) return 1;
    ::fsync(file);
  }
  const auto began = std::chrono::steady_clock::now();
  for (long i = 0; i < rounds; ++i) {
    if (::pwrite(file, block.data(), block.size(), i * static_cast<long>(block.size())) < 0) return 1;
    if (::fdatasync(file) != 0) return 1;
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  ::unlink(arguments[1]);
  fmt::print("{:.1f}\n", static_cast<double>(rounds) / seconds);
  return 0;
}
