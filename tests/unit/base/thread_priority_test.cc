// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/thread_priority.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

using namespace gristmill;

namespace {

int nice_value() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

}  // namespace

TEST_CASE("a patient thread and those that it starts give way, others do not") {
  const int before = nice_value();
  int own = 0, child = 0;
  std::thread([&] {
    make_patient();
    own = nice_value();
    std::thread([&] { child = nice_value(); }).join();
  }).join();
  CHECK(own == 19);
  CHECK(child == 19);
  CHECK(nice_value() == before);
}
