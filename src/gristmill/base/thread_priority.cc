// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/thread_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace gristmill {
namespace {

void set_nice(int value) { (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), value); }

}  // namespace

void make_urgent(int level) {
  // A share alone, however large, does not do: the kernel lets a thread that just ran wait until others have had
  // theirs, and beside a pipeline on all cores that is tens of milliseconds now and then.
  const sched_param parameters{.sched_priority = level};
  if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &parameters) == 0) return;
  constexpr int urgent_nice = -10;
  set_nice(urgent_nice);
}

void make_patient() {
  constexpr int patient_nice = 19;
  set_nice(patient_nice);
}

}  // namespace gristmill
