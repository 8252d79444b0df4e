// SPDX-License-Identifier: Apache-2.0
#include "server/line_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

using gristmill::server::LineLog;

namespace {

/// All that comes until the other side is closed.
std::string read_all(int descriptor) {
  std::string all;
  std::array<char, 4096> piece{};
  for (ssize_t count = 0; (count = ::read(descriptor, piece.data(), piece.size())) > 0;)
    all.append(piece.data(), static_cast<std::size_t>(count));
  return all;
}

}  // namespace

TEST_CASE("a log that nobody reads holds nobody up, and lines are left out whole") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const std::string line(999, 'x');
  {
    LineLog log(ends[1], 100'000);
    for (int i = 0; i < 1'000; ++i) log.put(line);
  }
  ::close(ends[1]);
  const auto all = read_all(ends[0]);
  ::close(ends[0]);
  CHECK(all.size() >= 32'768);
  CHECK(all.size() < 1'000'000);
  CHECK(all.substr(0, 1'000) == line + "\n");
}

TEST_CASE("a log tells how much it left out, and all else in order") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  {
    LineLog log(ends[1], 8);
    log.put("too long for it");
    log.put("first");
  }
  ::close(ends[1]);
  const auto all = read_all(ends[0]);
  ::close(ends[0]);
  CHECK(all.starts_with("first\n"));
  CHECK(all.find("in time: 1\n") != std::string::npos);
}

TEST_CASE("a log whose reader is gone ends") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  ::close(ends[0]);
  ::signal(SIGPIPE, SIG_IGN);
  {
    LineLog log(ends[1]);
    for (int i = 0; i < 100; ++i) log.put("nobody reads this");
  }
  ::close(ends[1]);
}
