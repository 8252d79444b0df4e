// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/flight.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"

namespace gristmill::engine {
namespace {

/// One thread's slot; volatile because a signal handler of the same thread reads it.
struct Slot {
  std::int64_t stage;
  std::int64_t task;
  std::int64_t ordinal;
  std::int64_t step;
  std::int64_t is_active;
  std::int64_t has_crashed;
};

thread_local volatile Slot* current_slot = nullptr;

constexpr std::array crash_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t signal_stack_bytes = 65536;

void on_crash(int signal_number) {
  if (current_slot && current_slot->is_active) current_slot->has_crashed = 1;
  // The default action follows: a core dump and the usual exit status.
  std::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

/// A stack overflow can only be handled on another stack; each thread needs its own.
void use_signal_stack() {
  thread_local std::unique_ptr<char[]> stack;
  if (stack) return;
  stack = std::make_unique<char[]>(signal_stack_bytes);
  stack_t description{};
  description.ss_sp = stack.get();
  description.ss_size = signal_stack_bytes;
  ::sigaltstack(&description, nullptr);
}

/// Calls `use(bytes)` for each file of slots in a folder that may be missing.
template <typename Use>
Status for_each_flight(const std::string& folder, Use use) {
  GRISTMILL_TRY(const auto files, io::list_folder(folder));
  for (const auto& file : files) {
    if (!file.path.ends_with(".flight")) continue;
    GRISTMILL_TRY(const auto bytes, io::read_file(file.path));
    GRISTMILL_RETURN_IF_ERROR(use(bytes));
  }
  return {};
}

std::vector<Slot> crashed_slots(const std::string& bytes) {
  std::vector<Slot> slots;
  for (std::size_t at = 0; at + sizeof(Slot) <= bytes.size(); at += sizeof(Slot)) {
    Slot slot{};
    std::memcpy(&slot, bytes.data() + at, sizeof slot);
    if (slot.has_crashed) slots.push_back(slot);
  }
  return slots;
}

}  // namespace

Result<std::unique_ptr<FlightRecorder>> FlightRecorder::open(const std::string& folder, int threads) {
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder));
  // A name of its own for every process: marks of earlier ones must stay, and process ids repeat in containers.
  std::string path;
  int descriptor = -1;
  for (int number = 0; descriptor < 0; ++number) {
    path = fmt::format("{}/{}.flight", folder, number);
    descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0 && errno != EEXIST) return errno_error(fmt::format("creating {}", path), errno);
  }
  const auto bytes = static_cast<std::size_t>(threads) * sizeof(Slot);
  // Blocks are reserved now: a store into a hole on a full disk would be a SIGBUS later.
  const int failed = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  void* mapping = failed == 0 ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  ::close(descriptor);
  if (mapping == MAP_FAILED) return errno_error(fmt::format("mapping {}", path), failed != 0 ? failed : errno);
  struct sigaction action{};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (const int signal_number : crash_signals) ::sigaction(signal_number, &action, nullptr);
  return std::unique_ptr<FlightRecorder>(new FlightRecorder(mapping, bytes));
}

FlightRecorder::~FlightRecorder() {
  for (const int signal_number : crash_signals) std::signal(signal_number, SIG_DFL);
  ::munmap(mapping_, bytes_);
}

void FlightRecorder::enter(int worker, std::int64_t stage, std::int64_t task) {
  use_signal_stack();
  GRISTMILL_CHECK(static_cast<std::size_t>(worker + 1) * sizeof(Slot) <= bytes_, fmt::format("worker {}", worker));
  current_slot = static_cast<Slot*>(mapping_) + worker;
  current_slot->stage = stage;
  current_slot->task = task;
  current_slot->ordinal = -1;
  current_slot->step = -1;
  current_slot->is_active = 1;
}

void FlightRecorder::at(std::int64_t ordinal, std::int64_t step) {
  if (!current_slot) return;
  current_slot->ordinal = ordinal;
  current_slot->step = step;
}

void FlightRecorder::leave() {
  if (current_slot) current_slot->is_active = 0;
  current_slot = nullptr;
}

Status FlightRecorder::hand_over(const std::string& folder, const std::string& shared_folder) {
  return for_each_flight(folder, [&](const std::string& bytes) -> Status {
    if (crashed_slots(bytes).empty()) return {};
    // Named by its content: handed over again it is the same file.
    return io::write_file(fmt::format("{}/{}.flight", shared_folder, sha256_hex(bytes).substr(0, 32)), bytes);
  });
}

Result<std::vector<CrashSite>> FlightRecorder::crashes(const std::string& folder) {
  std::vector<CrashSite> sites;
  GRISTMILL_RETURN_IF_ERROR(for_each_flight(folder, [&](const std::string& bytes) -> Status {
    for (const auto& slot : crashed_slots(bytes)) sites.push_back({slot.stage, slot.task, slot.ordinal, slot.step});
    return {};
  }));
  return sites;
}

}  // namespace gristmill::engine
