// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/meta/database.h"

namespace gristmill::meta {

/// State that our own triggers raise in a catalog that was moved elsewhere.
inline constexpr std::string_view catalog_moved_state = "GRMOV";

/// The parameters of one statement as libpq wants them. Text is not copied: the cells must outlive this.
class ParameterTexts {
 public:
  /// Fails, naming the statement, when the number is not `wanted` or a text holds a NUL byte.
  Status assign(std::string_view sql, int wanted, std::span<const Cell> cells);
  [[nodiscard]] const char* const* values() const { return values_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }

 private:
  std::list<std::string> numbers_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
};

/// A cell from the text that the server sends for a type.
Cell read_cell(unsigned type, std::string_view text);

/// Fails for text that PostgreSQL cannot hold.
Status check_text(const Cell& cell, std::string_view doing);

/// One line of COPY's text format.
void append_copy_row(std::string& out, const Row& row);

}  // namespace gristmill::meta
