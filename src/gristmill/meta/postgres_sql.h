// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gristmill::meta {

/// SQL of the shared kind as PostgreSQL wants it.
struct PostgresSql {
  std::string text;    ///< Every `?` outside quotes and comments is `$1`, `$2`, ...
  int parameters = 0;
  int statements = 0;  ///< Parts between `;` that hold more than space and comments.
};

/// Rewrites placeholders. Knows 'text', "names", $tag$text$tag$ and both kinds of comments.
PostgresSql to_postgres_sql(std::string_view sql);

/// What a plain INSERT of one row of placeholders inserts into: `t (a, b)` and 2.
struct InsertTarget {
  std::string table_and_columns;
  int columns = 0;
};

/// The target of `INSERT INTO t (a, b) VALUES (?, ?)`; nothing for any other statement.
std::optional<InsertTarget> plain_insert(std::string_view sql);

/// True when the statements name `name` as a whole word.
bool names_word(std::string_view sql, std::string_view name);

/// A cell's text in COPY's text format: backslash, tab and line ends escaped.
void append_copy_text(std::string& out, std::string_view text);

}  // namespace gristmill::meta
