// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gristmill {

/// Asks that the calling thread runs as soon as it has work, before what computes on this machine: for threads that
/// wait most of the time and whom somebody waits for. Of two such threads the one of the higher level (1 or 2) goes
/// first. That takes a right (root, CAP_SYS_NICE, or a limit RLIMIT_RTPRIO of 2); without it a higher share of the
/// processors is asked for, and when that is refused too things only take longer beside a busy pipeline. Threads and
/// processes that it starts do not inherit it.
void make_urgent(int level);

/// The opposite: the calling thread, and those that it starts from now on, take what others leave of the processors.
void make_patient();

}  // namespace gristmill
