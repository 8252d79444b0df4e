// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/postgres_sql.h"

#include <algorithm>
#include <cctype>

#include "gristmill/meta/database.h"

namespace gristmill::meta {
namespace {

bool is_word_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' ||
         (static_cast<unsigned char>(byte) & 0x80);
}

bool is_space(char byte) { return std::isspace(static_cast<unsigned char>(byte)) != 0; }

/// Where the quoted piece that begins at `at` ends; doubled quotes belong to it.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != quote) continue;
    if (at + 1 < sql.size() && sql[at + 1] == quote) {
      ++at;
      continue;
    }
    return at + 1;
  }
  return sql.size();
}

std::size_t end_of_block_comment(std::string_view sql, std::size_t at) {
  int depth = 0;  // PostgreSQL's comments nest.
  while (at < sql.size()) {
    const auto two = sql.substr(at, 2);
    if (two == "/*") {
      ++depth;
      at += 2;
    } else if (two == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

/// End of `$tag$ ... $tag$` at `at`, or `at` when none begins there.
std::size_t end_of_dollar_quoted(std::string_view sql, std::size_t at) {
  if (at > 0 && is_word_byte(sql[at - 1])) return at;
  auto end = at + 1;
  while (end < sql.size() && is_word_byte(sql[end])) ++end;
  if (end >= sql.size() || sql[end] != '$' || std::isdigit(static_cast<unsigned char>(sql[at + 1]))) return at;
  const auto tag = sql.substr(at, end + 1 - at);
  const auto close = sql.find(tag, end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

/// End of the comment or quoted piece at `at`, or `at` when there is none.
std::size_t end_of_opaque(std::string_view sql, std::size_t at) {
  const char byte = sql[at];
  if (byte == '\'' || byte == '"') return end_of_quoted(sql, at);
  if (byte == '$') return end_of_dollar_quoted(sql, at);
  if (sql.substr(at, 2) == "--") return std::min(sql.find('\n', at), sql.size());
  if (sql.substr(at, 2) == "/*") return end_of_block_comment(sql, at);
  return at;
}

/// Reads the words of a simple statement one after the other.
class Words {
 public:
  explicit Words(std::string_view sql) : sql_(sql) {}

  bool take(std::string_view word) {
    skip_space();
    if (sql_.size() - at_ < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (std::toupper(static_cast<unsigned char>(sql_[at_ + i])) != word[i]) return false;
    }
    const auto after = at_ + word.size();
    if (is_word_byte(word.back()) && after < sql_.size() && is_word_byte(sql_[after])) return false;
    at_ = after;
    return true;
  }

  std::string_view take_name() {
    skip_space();
    const auto from = at_;
    while (at_ < sql_.size() && is_word_byte(sql_[at_])) ++at_;
    return sql_.substr(from, at_ - from);
  }

  bool is_at_end() {
    skip_space();
    return at_ == sql_.size();
  }

 private:
  void skip_space() {
    while (at_ < sql_.size() && is_space(sql_[at_])) ++at_;
  }
  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

PostgresSql to_postgres_sql(std::string_view sql) {
  PostgresSql out;
  out.text.reserve(sql.size() + 16);
  bool has_words = false;
  for (std::size_t at = 0; at < sql.size();) {
    const char byte = sql[at];
    if (const auto end = end_of_opaque(sql, at); end > at) {
      const bool is_comment = byte == '-' || byte == '/';
      has_words = has_words || !is_comment;
      out.text.append(sql.substr(at, end - at));
      at = end;
      continue;
    }
    ++at;
    if (byte == '?') {
      out.text += "$" + std::to_string(++out.parameters);
      has_words = true;
      continue;
    }
    out.text += byte;
    if (byte == ';') {
      out.statements += has_words ? 1 : 0;
      has_words = false;
    } else if (!is_space(byte)) {
      has_words = true;
    }
  }
  out.statements += has_words ? 1 : 0;
  return out;
}

std::optional<InsertTarget> plain_insert(std::string_view sql) {
  Words words(sql);
  if (!words.take("INSERT") || !words.take("INTO")) return std::nullopt;
  const auto table = words.take_name();
  if (table.empty()) return std::nullopt;
  InsertTarget target{.table_and_columns = std::string(table)};
  int named = 0;
  if (words.take("(")) {
    target.table_and_columns += " (";
    do {
      const auto column = words.take_name();
      if (column.empty()) return std::nullopt;
      target.table_and_columns.append(named++ == 0 ? "" : ", ").append(column);
    } while (words.take(","));
    if (!words.take(")")) return std::nullopt;
    target.table_and_columns += ")";
  }
  if (!words.take("VALUES") || !words.take("(")) return std::nullopt;
  do {
    if (!words.take("?")) return std::nullopt;
    ++target.columns;
  } while (words.take(","));
  if (!words.take(")") || !words.is_at_end() || (named != 0 && named != target.columns)) return std::nullopt;
  return target;
}

bool names_word(std::string_view sql, std::string_view name) {
  for (auto at = sql.find(name); at != std::string_view::npos; at = sql.find(name, at + 1)) {
    const auto after = at + name.size();
    if ((at == 0 || !is_word_byte(sql[at - 1])) && (after == sql.size() || !is_word_byte(sql[after]))) return true;
  }
  return false;
}

void append_copy_text(std::string& out, std::string_view text) {
  for (const char byte : text) {
    switch (byte) {
      case '\\': out += "\\\\"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      default: out += byte;
    }
  }
}

std::string without_password(std::string_view url) {
  std::string out(url);
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return "(a connection string)";
  const auto begin = scheme + 3;
  const auto authority_end = std::min(out.find_first_of("/?", begin), out.size());
  // A password may hold unescaped `@`: the last one divides.
  const auto sign = authority_end == begin ? std::string::npos : out.rfind('@', authority_end - 1);
  if (sign != std::string::npos && sign >= begin) {
    const auto colon = out.find(':', begin);
    if (colon < sign) out.erase(colon, sign - colon);
  }
  for (const std::string_view key : {"password=", "sslpassword="}) {
    for (auto at = out.find(key); at != std::string::npos; at = out.find(key, at)) {
      if (out[at - 1] != '?' && out[at - 1] != '&') {
        at += key.size();
        continue;
      }
      const auto end = out.find('&', at);
      // With the parameter goes one of the signs around it.
      if (end == std::string::npos) {
        out.erase(at - 1);
        break;
      }
      out.erase(at, end + 1 - at);
    }
  }
  return out;
}

}  // namespace gristmill::meta
