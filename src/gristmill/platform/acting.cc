// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/acting.h"

#include <utility>

namespace gristmill::platform {
namespace {

thread_local std::string name_of_thread;

}  // namespace

ActingAs::ActingAs(std::string name) : before_(std::exchange(name_of_thread, std::move(name))) {}

ActingAs::~ActingAs() { name_of_thread = std::move(before_); }

const std::string& acting_as() { return name_of_thread; }

}  // namespace gristmill::platform
