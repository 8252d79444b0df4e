// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace gristmill::engine {
namespace {

// An answer larger than this is nonsense: the batches themselves are a few MB.
constexpr std::uint64_t body_bytes_max = std::uint64_t{4} << 30;
constexpr std::uint32_t header_bytes_max = std::uint32_t{64} << 20;
constexpr std::size_t frame_head_bytes = 12;

struct Pipe {
  int read = -1;
  int write = -1;
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

/// Both ends close when another program is started, so that a worker never holds the pipe of its neighbour.
Status open_pipe(Pipe& ends) {
  std::array<int, 2> descriptors{};
  if (::pipe2(descriptors.data(), O_CLOEXEC) != 0) return errno_error("making a pipe for a worker", errno);
  ends.read = descriptors[0];
  ends.write = descriptors[1];
  return {};
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    bool is_replaced = false;
    for (const auto& own : added) is_replaced = is_replaced || own.substr(0, own.find('=')) == name;
    if (!is_replaced) all.emplace_back(text);
  }
  return all;
}

/// In the child, between fork and exec: only calls that are safe there. Never returns.
[[noreturn]] void become(char* const* words, char* const* environment, int input, int output, pid_t parent) {
  // A signal for the terminal's foreground (Ctrl-C) is for the engine, which ends its workers itself.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0) ::execvpe(words[0], words, environment);
  ::_exit(127);
}

double cpu_seconds_of(const rusage& usage) {
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const std::vector<std::string>& words,
                                                            const std::vector<std::string>& environment) {
  Pipe requests, replies;
  GRISTMILL_RETURN_IF_ERROR(open_pipe(requests));
  GRISTMILL_RETURN_IF_ERROR(open_pipe(replies));
  auto own_words = words;
  auto all_variables = merged_environment(environment);
  const auto word_pointers = pointers_to(own_words);
  const auto variable_pointers = pointers_to(all_variables);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(fmt::format("starting {}", words.front()), errno);
  if (pid == 0) become(word_pointers.data(), variable_pointers.data(), requests.read, replies.write, parent);
  for (const int descriptor : {requests.write, replies.read}) {
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  }
  return std::unique_ptr<WorkerProcess>(
      new WorkerProcess(pid, std::exchange(requests.write, -1), std::exchange(replies.read, -1)));
}

WorkerProcess::~WorkerProcess() {
  // An idle worker leaves when its pipe closes.
  ::close(request_);
  end();
  ::close(reply_);
}

Status WorkerProcess::send(std::string_view header, std::string_view body, std::chrono::milliseconds limit) {
  std::array<char, frame_head_bytes> head{};
  const auto header_size = static_cast<std::uint32_t>(header.size());
  const auto body_size = static_cast<std::uint64_t>(body.size());
  std::memcpy(head.data(), &header_size, sizeof header_size);
  std::memcpy(head.data() + sizeof header_size, &body_size, sizeof body_size);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto part : {std::string_view(head.data(), head.size()), header, body})
    GRISTMILL_RETURN_IF_ERROR(write_all(part, deadline));
  return {};
}

Result<Frame> WorkerProcess::receive(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::array<char, frame_head_bytes> head{};
  GRISTMILL_RETURN_IF_ERROR(read_all(head.data(), head.size(), deadline));
  std::uint32_t header_size = 0;
  std::uint64_t body_size = 0;
  std::memcpy(&header_size, head.data(), sizeof header_size);
  std::memcpy(&body_size, head.data() + sizeof header_size, sizeof body_size);
  if (header_size > header_bytes_max || body_size > body_bytes_max)
    return corrupt_data(fmt::format("a worker announced an answer of {} bytes", body_size));
  std::string header(header_size, '\0');
  GRISTMILL_RETURN_IF_ERROR(read_all(header.data(), header.size(), deadline));
  Frame frame;
  GRISTMILL_TRY(frame.header, Json::parse(header));
  frame.body.resize(body_size);
  GRISTMILL_RETURN_IF_ERROR(read_all(frame.body.data(), frame.body.size(), deadline));
  return frame;
}

Status WorkerProcess::wait_for(int descriptor, short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      was_late_ = true;
      return Error{ErrorCode::limit_exceeded, "no answer in time"};
    }
    pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_error("waiting for a worker", errno);
  }
}

Status WorkerProcess::write_all(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const auto written = ::write(request_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      GRISTMILL_RETURN_IF_ERROR(wait_for(request_, POLLOUT, deadline));
    } else if (written < 0 && errno != EINTR) {
      return Error{ErrorCode::internal, "the worker has gone"};
    }
  }
  return {};
}

Status WorkerProcess::read_all(char* bytes, std::size_t size, Deadline deadline) {
  while (size > 0) {
    const auto got = ::read(reply_, bytes, size);
    if (got > 0) {
      bytes += got;
      size -= static_cast<std::size_t>(got);
    } else if (got == 0) {
      return Error{ErrorCode::internal, "the worker has gone"};
    } else if (errno == EAGAIN) {
      GRISTMILL_RETURN_IF_ERROR(wait_for(reply_, POLLIN, deadline));
    } else if (errno != EINTR) {
      return errno_error("reading from a worker", errno);
    }
  }
  return {};
}

void WorkerProcess::note_end(int status, double cpu_seconds) {
  is_over_ = true;
  cpu_seconds_ = cpu_seconds;
  if (was_late_) {
    ending_ = "it did not answer in time";
  } else if (WIFSIGNALED(status)) {
    ending_ = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  } else {
    ending_ = fmt::format("exit status {}", WEXITSTATUS(status));
  }
}

bool WorkerProcess::is_running() {
  if (is_over_) return false;
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, WNOHANG, &usage) == 0) return true;
  note_end(status, cpu_seconds_of(usage));
  return false;
}

std::string WorkerProcess::end() {
  if (is_over_) return ending_;
  // What closed its pipe by itself is about to end: only then is its own exit status the truth.
  if (!was_late_) {
    for (int i = 0; i < 20 && is_running(); ++i) ::usleep(i < 5 ? 200 : 5000);
    if (is_over_) return ending_;
  }
  // With all that it started: a worker leads a process group of its own.
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  rusage usage{};
  while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) continue;
  note_end(status, cpu_seconds_of(usage));
  return ending_;
}

}  // namespace gristmill::engine
