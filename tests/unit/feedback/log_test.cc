// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>

#include "gristmill/feedback/segment.h"
#include "gristmill/feedback/segment_writer.h"
#include "gristmill/io/file.h"

using namespace gristmill;
using namespace gristmill::feedback;

namespace {

namespace fs = std::filesystem;

/// A folder that goes with the test.
struct Folder {
  std::string path;
  Folder() {
    static int serial = 0;
    path = (fs::temp_directory_path() / ("feedback-log-" + std::to_string(::getpid()) + "-" + std::to_string(serial++)))
               .string();
    fs::remove_all(path);
  }
  ~Folder() { fs::remove_all(path); }
};

NewEvent event(const std::string& payload, std::uint64_t key = 0, std::uint64_t content = 7) {
  return {.key = {0, key}, .content = content, .payload = payload};
}

std::vector<NewEvent> events(std::initializer_list<NewEvent> list) { return list; }

const LogOptions small{.segment_bytes = 4096, .is_preallocated = false};

std::vector<std::string> payloads(const std::string& folder) {
  std::vector<std::string> found;
  const auto files = list_segments(folder);
  REQUIRE(files);
  for (const auto& file : *files) {
    const auto segment = read_segment(file.path);
    REQUIRE(segment);
    for (const auto& frame : segment->scan.frames) found.emplace_back(frame.payload);
  }
  return found;
}

std::string newest(const std::string& folder) { return list_segments(folder)->back().path; }

void overwrite(const std::string& path, std::uint64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

}  // namespace

TEST_CASE("events are numbered, kept in order over restarts, and repeats are found") {
  const Folder folder;
  {
    const auto log = Log::open(folder.path, small);
    REQUIRE(log);
    const auto receipts = (*log)->append(events({event("one", 1), event("two"), event("one", 1)}));
    REQUIRE(receipts);
    CHECK((*receipts)[0].sequence == 1);
    CHECK((*receipts)[1].sequence == 2);
    CHECK((*receipts)[2].sequence == 1);
    CHECK((*receipts)[2].is_repeated);
  }
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  CHECK((*log)->recovery().damages.empty());
  const auto again = (*log)->append(events({event("one", 1)}));
  REQUIRE(again);
  CHECK((*again)[0].sequence == 1);
  CHECK((*again)[0].is_repeated);
  const auto other = (*log)->append(events({event("fresh", 9), event("other", 1, 8)}));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::conflict);
  const auto next = (*log)->append(events({event("three")}));
  REQUIRE(next);
  CHECK((*next)[0].sequence == 3);
  CHECK(payloads(folder.path) == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("one process writes at a time") {
  const Folder folder;
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  const auto second = Log::open(folder.path, small);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::conflict);
}

TEST_CASE("who may not write takes nothing from who does") {
  const Folder folder;
  const auto log = Log::open(folder.path, {.segment_bytes = 65536});
  REQUIRE(log);
  const auto prepared = prepared_path(folder.path);
  while (!io::exists(prepared)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE_FALSE(Log::open(folder.path, {.segment_bytes = 65536}));
  CHECK(io::exists(prepared));
}

TEST_CASE("a request to seal is met while events come without a pause") {
  const Folder folder;
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    while (!is_over) (void)(*log)->append(events({event("x")}));
  });
  const auto sealed = Log::request_seal(folder.path, 10'000);
  is_over = true;
  writer.join();
  CHECK(sealed);
}

TEST_CASE("a full queue refuses, and refused events leave no trace") {
  const Folder folder;
  LogOptions options = small;
  options.queue_bytes_max = 1000;
  const auto log = Log::open(folder.path, options);
  REQUIRE(log);
  const auto too_large = (*log)->append(events({event(std::string(2000, 'x'), 5)}));
  REQUIRE_FALSE(too_large);
  CHECK_MESSAGE(too_large.error().code == ErrorCode::invalid_argument, "it will never fit");
  // While the log's thread is held up by an answer, what comes waits.
  std::promise<void> entered, left;
  REQUIRE((*log)->submit(events({event("first")}), [&](const auto&) {
    entered.set_value();
    left.get_future().wait();
  }));
  entered.get_future().wait();
  REQUIRE((*log)->submit(events({event(std::string(600, 'x'))}), [](const auto&) {}));
  const auto refused = (*log)->submit(events({event(std::string(600, 'x'), 5)}), [](const auto&) {});
  left.set_value();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::limit_exceeded);
  CHECK((*log)->statistics().overloaded == 1);
  const auto taken = (*log)->append(events({event("small", 5)}));
  REQUIRE(taken);
  CHECK_FALSE((*taken)[0].is_repeated);
  CHECK_FALSE((*log)->append(events({event("")})));
}

TEST_CASE("a torn tail is cut and told; what was acknowledged stays") {
  const Folder folder;
  {
    REQUIRE((*Log::open(folder.path, small))->append(events({event("good", 1)})));
  }
  // Without the mark of the end, as after a crash, and with half a frame behind.
  const auto path = newest(folder.path);
  auto bytes = *io::read_file(path);
  bytes.resize(bytes.size() - frame_head_bytes);
  const auto whole = bytes.size();
  std::string torn;
  append_frame({.sequence = 2, .group = 2, .received_ms = 1, .key = {}, .content = 0, .payload = "never acknowledged"},
               torn);
  bytes += torn.substr(0, torn.size() - 3);
  std::ofstream(path, std::ios::binary) << bytes;
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  REQUIRE((*log)->recovery().damages.size() == 1);
  const auto& damage = (*log)->recovery().damages[0];
  CHECK(damage.is_torn_tail);
  CHECK(damage.gap.offset == whole);
  CHECK(*io::read_file(damage.set_aside) == torn.substr(0, torn.size() - 3));
  CHECK(*io::file_size(path) == whole);
  CHECK((*(*log)->append(events({event("next")})))[0].sequence == 2);
  CHECK(payloads(folder.path) == std::vector<std::string>{"good", "next"});
}

TEST_CASE("damage in the middle is told and set aside, and reading goes on behind it") {
  const Folder folder;
  {
    const auto log = Log::open(folder.path, small);
    for (const auto* text : {"first", "second", "third"}) REQUIRE((*log)->append(events({event(text)})));
  }
  const auto path = newest(folder.path);
  const auto offsets = read_segment(path)->scan.offsets;
  SUBCASE("in a payload") { overwrite(path, offsets[1] + frame_head_bytes, "S"); }
  SUBCASE("in a head") { overwrite(path, offsets[1] + 5, "\x7f"); }
  SUBCASE("in a mark") { overwrite(path, offsets[1], "XXXX"); }
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  REQUIRE((*log)->recovery().damages.size() == 1);
  const auto& damage = (*log)->recovery().damages[0];
  CHECK_FALSE(damage.is_torn_tail);
  CHECK(damage.gap.sequence_before == 1);
  CHECK(damage.gap.sequence_after == 3);
  CHECK(io::exists(damage.set_aside));
  CHECK((*(*log)->append(events({event("fourth")})))[0].sequence == 4);
  CHECK(payloads(folder.path) == std::vector<std::string>{"first", "third", "fourth"});
}

TEST_CASE("a missing segment is told") {
  const Folder folder;
  {
    const auto log = Log::open(folder.path, small);
    for (int i = 0; i < 3; ++i) {
      REQUIRE((*log)->append(events({event("x")})));
      REQUIRE((*log)->seal());
    }
  }
  fs::remove((*list_segments(folder.path))[1].path);
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  REQUIRE((*log)->recovery().damages.size() == 1);
  CHECK((*log)->recovery().damages[0].gap.sequence_before == 1);
  CHECK((*log)->recovery().damages[0].gap.sequence_after == 3);
  CHECK((*log)->recovery().next_sequence == 4);
}

TEST_CASE("segments end by size and on request; numbers go on when all but the last are gone") {
  const Folder folder;
  {
    const auto log = Log::open(folder.path, {.segment_bytes = 8192});
    REQUIRE(log);
    for (int i = 0; i < 30; ++i) REQUIRE((*log)->append(events({event(std::string(1000, 'x'), 100U + unsigned(i))})));
    REQUIRE((*log)->seal());
    REQUIRE(Log::request_seal(folder.path, 5000));
  }
  const auto files = *list_segments(folder.path);
  REQUIRE(files.size() > 4);
  CHECK(files.back().first_sequence == 31);
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    REQUIRE(keep_keys(folder.path, files[i], read_segment(files[i].path)->scan, 1000));
    fs::remove(files[i].path);
  }
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  const auto receipts = (*log)->append(events({event("new"), event(std::string(1000, 'x'), 100)}));
  REQUIRE(receipts);
  CHECK((*receipts)[0].sequence == 31);
  CHECK((*receipts)[1].sequence == 1);
  CHECK((*receipts)[1].is_repeated);
}

TEST_CASE("damaged keys of removed segments are told, and new events are taken") {
  const Folder folder;
  {
    const auto log = Log::open(folder.path, small);
    for (const std::uint64_t key : {1U, 2U}) {
      REQUIRE((*log)->append(events({event("x", key)})));
      REQUIRE((*log)->seal());
    }
  }
  const auto files = *list_segments(folder.path);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(keep_keys(folder.path, files[i], read_segment(files[i].path)->scan, 1000));
    fs::remove(files[i].path);
  }
  overwrite(keys_path(folder.path, 1), 20, "XX");
  {
    const auto log = Log::open(folder.path, small);
    REQUIRE(log);
    REQUIRE((*log)->recovery().damages.size() == 1);
    CHECK((*log)->recovery().damages[0].is_of_keys);
    CHECK(io::exists((*log)->recovery().damages[0].set_aside));
    const auto receipts = (*log)->append(events({event("x", 1), event("x", 2)}));
    REQUIRE(receipts);
    CHECK((*receipts)[0].sequence == 3);
    CHECK((*receipts)[1].is_repeated);
  }
  CHECK((*Log::open(folder.path, small))->recovery().damages.empty());
}

TEST_CASE("whatever the disk says, senders are asked to come back") {
  const Folder folder;
  const auto log = Log::open(folder.path, small);
  REQUIRE(log);
  REQUIRE((*log)->append(events({event(std::string(3000, 'x'))})));
  fs::remove_all(folder.path);
  const auto refused = (*log)->append(events({event(std::string(3000, 'y'))}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("a disk that takes no more is an error, not a loss") {
  const Folder folder;
  const auto child = ::fork();
  if (child == 0) {
    // Of all ways to run out of space, a limit on the size of files needs no rights.
    const auto log = Log::open(folder.path, small);
    const rlimit limit{3000, 3000};
    if (!log || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    if (!(*log)->append(events({event(std::string(1000, 'a'), 1)}))) ::_exit(2);
    const auto refused = (*log)->append(events({event(std::string(2500, 'b'), 2)}));
    if (refused || refused.error().code != ErrorCode::unavailable) ::_exit(3);
    if (!(*log)->append(events({event("c", 3)}))) ::_exit(4);
    const auto again = (*log)->append(events({event("b", 2)}));
    if (!again || (*again)[0].is_repeated || (*again)[0].sequence != 3) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(payloads(folder.path) == std::vector<std::string>{std::string(1000, 'a'), "c", "b"});
}

TEST_CASE("killed again and again: nothing acknowledged is lost, nothing is there twice") {
  const Folder folder;
  std::set<std::uint64_t> acknowledged;
  std::uint64_t next = 1;
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto child = ::fork();
    if (child == 0) {
      const auto log = Log::open(folder.path, {.segment_bytes = 65536});
      if (!log) ::_exit(1);
      // The newest ones of the round before are sent again: some were stored, some were not.
      for (auto key = next > 50 ? next - 50 : 1;; ++key) {
        (void)(*log)->submit(events({event("event " + std::to_string(key), key)}),
                             [end = ends[1], key](const Result<std::vector<Receipt>>& answer) {
                               if (answer) (void)!::write(end, &key, sizeof key);
                             });
        if (key % 64 == 0) (void)(*log)->append(events({event("event " + std::to_string(key), key)}));
      }
    }
    ::close(ends[1]);
    std::uint64_t key = 0;
    for (int count = 0; count < 500 + round * 37 && ::read(ends[0], &key, sizeof key) == sizeof key; ++count)
      acknowledged.insert(key);
    ::kill(child, SIGKILL);
    while (::read(ends[0], &key, sizeof key) == sizeof key) acknowledged.insert(key);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    next = *acknowledged.rbegin() + 1;
  }
  {
    REQUIRE(Log::open(folder.path, small));
  }
  std::multiset<std::string> stored;
  for (const auto& payload : payloads(folder.path)) stored.insert(payload);
  for (const auto one : acknowledged) CHECK(stored.count("event " + std::to_string(one)) == 1);
  CHECK(std::set<std::string>(stored.begin(), stored.end()).size() == stored.size());
}
