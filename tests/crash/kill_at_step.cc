// SPDX-License-Identifier: Apache-2.0
// A library that, loaded before the C library (LD_PRELOAD), kills its process with SIGKILL just before the Nth step
// that makes something durable or visible: fsync, fdatasync, rename, unlink, ftruncate and writes at a position (those
// of an SQLite database), and the words that begin and end a transaction on a PostgreSQL server. KILL_AT_STEP gives N;
// without it nothing happens.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

void step() {
  static std::atomic<int> steps = 0;
  const char* wanted = std::getenv("KILL_AT_STEP");
  if (wanted != nullptr && ++steps == std::atoi(wanted)) ::kill(::getpid(), SIGKILL);
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
