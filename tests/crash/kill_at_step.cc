// SPDX-License-Identifier: Apache-2.0
// A library that, loaded before the C library (LD_PRELOAD), kills its process with SIGKILL just before the Nth step
// that makes something durable or visible: fsync, fdatasync, rename, unlink, ftruncate and writes at a position (those
// of an SQLite database), and the words that begin and end a transaction on a PostgreSQL server. KILL_AT_STEP gives N;
// without it nothing happens. With STOP_AT_OPEN the process stops, once, before it opens a file to read whose path
// holds these words: whoever waits for that may let it go on.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

void step() {
  static std::atomic<int> steps = 0;
  const char* wanted = std::getenv("KILL_AT_STEP");
  if (wanted != nullptr && ++steps == std::atoi(wanted)) ::kill(::getpid(), SIGKILL);
}

void stop_at(std::string_view path, int flags) {
  static std::atomic<bool> is_over = false;
  const char* wanted = std::getenv("STOP_AT_OPEN");
  const bool is_read = (flags & O_ACCMODE) == O_RDONLY;
  if (wanted != nullptr && is_read && path.find(wanted) != std::string_view::npos && !is_over.exchange(true))
    ::kill(::getpid(), SIGSTOP);
}

template <typename Function>
Function* next(const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  Function* function = nullptr;
  // POSIX promises that the two pointers look alike.
  __builtin_memcpy(&function, &found, sizeof function);
  return function;
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
  step();
  return next<int(int)>("fsync")(descriptor);
}

int fdatasync(int descriptor) {
  step();
  return next<int(int)>("fdatasync")(descriptor);
}

/// The mode counts only where a file may be made, and harms nobody elsewhere.
int open(const char* path, int flags, ...) {
  stop_at(path, flags);
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : mode_t{0};
  va_end(rest);
  return next<int(const char*, int, ...)>("open")(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  stop_at(path, flags);
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : mode_t{0};
  va_end(rest);
  return next<int(const char*, int, ...)>("open64")(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  step();
  return next<int(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  step();
  return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) noexcept {
  step();
  return next<int(const char*)>("unlink")(path);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  step();
  return next<int(int, off64_t)>("ftruncate64")(descriptor, size);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  step();
  return next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64")(descriptor, bytes, size, offset);
}

/// libpq's; its types do not matter here.
void* PQexec(void* connection, const char* sql) {
  step();
  return next<void*(void*, const char*)>("PQexec")(connection, sql);
}
}
