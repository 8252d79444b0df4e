// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "gristmill/kernels/pii/kinds.h"

namespace gristmill::kernels::pii {

/// An identity, tax or health number of some country: one row a type.
struct IdType {
  Kind kind = Kind::email;
  /// Countries that issue it (ISO 3166-1), comma-separated.
  std::string_view countries;
  /// Written forms, separated by '|'. '#' is a digit, '@' a capital letter, '*' either, '_' one of `joiners` (the same
  /// all through); the rest stands for itself. A form that starts with '?' counts only beside a cue, because too much
  /// else looks like it.
  std::string_view shapes;
  std::string_view joiners;
  /// Judges the number without separators. Bytes fit the shape already.
  bool (*is_valid)(std::string_view number) noexcept = nullptr;
  /// Words that announce it, lower case, at least three bytes, separated by commas.
  std::string_view cues;
};

std::span<const IdType> american_ids() noexcept;
std::span<const IdType> west_european_ids() noexcept;
std::span<const IdType> north_european_ids() noexcept;
std::span<const IdType> east_european_ids() noexcept;
std::span<const IdType> asian_ids() noexcept;
std::span<const IdType> other_ids() noexcept;

}  // namespace gristmill::kernels::pii
