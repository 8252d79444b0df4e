// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Undoes mojibake: UTF-8 that was read as windows-1252 or latin-1, once or up to three times over ("cafÃ©" was
/// "café"), and C1 controls that stand for windows-1252 characters.
///
/// Only sequences of characters whose bytes are well-formed UTF-8 are touched, and of these only such as no writer
/// means: those that start with Â or Ã (unless they may be the end of a word in capitals), two sequences in a row, and
/// those with a continuation that is no letter and no mark that stands after letters. Everything else stays, but where
/// one such sequence is found and all characters beyond ASCII can be mojibake, all of them are taken as such.
///
/// Appends the repaired text to `out` and returns true, or returns false and leaves `out` alone when there is nothing
/// to repair. Well-formed UTF-8 in and out; linear time.
bool repair_mojibake(std::string_view text, std::string& out);

}  // namespace gristmill::kernels
