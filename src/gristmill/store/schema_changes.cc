// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/schema_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace gristmill::store {
namespace {

constexpr std::array<std::string_view, 12> plain_types{"boolean",   "int",         "long",   "float",
                                                       "double",    "date",        "time",   "uuid",
                                                       "timestamp", "timestamptz", "string", "binary"};
constexpr int decimal_digits_max = 38;

struct Decimal {
  int precision = 0;
  int scale = 0;
};

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::optional<Decimal> decimal_of(const std::string& type) {
  const auto text = without_blanks(type);
  if (!text.starts_with("decimal(") || !text.ends_with(')')) return std::nullopt;
  Decimal decimal;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data() + 8, end, decimal.precision);
  if (first.ec != std::errc() || *first.ptr != ',') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, decimal.scale);
  const bool is_whole = second.ec == std::errc() && second.ptr + 1 == end;
  const bool is_sound = decimal.precision >= 1 && decimal.precision <= decimal_digits_max && decimal.scale >= 0 &&
                        decimal.scale <= decimal.precision;
  return is_whole && is_sound ? std::optional(decimal) : std::nullopt;
}

std::string types_text() {
  std::string text;
  for (const auto type : plain_types) text += std::string(type) + ", ";
  return text + "decimal(P,S), fixed[N]";
}

/// Fields under change.
class Fields {
 public:
  Fields(Json::Array fields, const SchemaBounds& bounds, std::int64_t& last_column_id)
      : fields_(std::move(fields)), bounds_(bounds), last_column_id_(last_column_id) {}

  Status apply(const SchemaChange& change) {
    switch (change.kind) {
      case SchemaChange::Kind::add: return add(change);
      case SchemaChange::Kind::drop: return drop(change.column);
      case SchemaChange::Kind::rename: return rename(change);
      case SchemaChange::Kind::widen: return widen(change);
      case SchemaChange::Kind::move: return move(change);
    }
    return {};
  }
  Json take() { return Json(std::move(fields_)); }

 private:
  using Place = Json::Array::iterator;

  Place find(const std::string& name) {
    return std::ranges::find_if(fields_, [&](const Json& field) { return field["name"].as_string() == name; });
  }

  Result<Place> existing(const std::string& name) {
    const auto found = find(name);
    if (found != fields_.end()) return found;
    std::string names;
    for (const auto& field : fields_) names += (names.empty() ? "" : ", ") + field["name"].as_string();
    const bool is_nested = name.find('.') != std::string::npos;
    return invalid_argument(fmt::format("there is no column '{}'{}; there are: {}", name,
                                        is_nested ? " (columns inside others cannot be changed)" : "", names));
  }

  [[nodiscard]] Status check_free(const std::string& name) {
    if (name.empty() || name.size() > 255 || name.find('.') != std::string::npos)
      return invalid_argument(fmt::format("'{}' is no name for a column: 1 to 255 bytes, no dot", name.substr(0, 300)));
    const auto lower = [](std::string text) {
      std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      return text;
    };
    // Some readers, such as Spark, do not tell names apart by their case.
    for (const auto& field : fields_) {
      if (lower(field["name"].as_string()) == lower(name))
        return invalid_argument(fmt::format("there is a column '{}' already", field["name"].as_string()));
    }
    return {};
  }

  [[nodiscard]] Status check_changeable(const std::string& name, std::string_view doing) const {
    if (!bounds_.fixed_names.contains(name)) return {};
    return invalid_argument(fmt::format("column '{}' cannot be {}: Gristmill itself needs it", name, doing));
  }

  Status add(const SchemaChange& change) {
    GRISTMILL_RETURN_IF_ERROR(check_free(change.column));
    const auto type = normal_type(change.value);
    if (type.empty())
      return invalid_argument(fmt::format("column '{}': unknown type '{}'; there are: {}", change.column,
                                          change.value.substr(0, 100), types_text()));
    fields_.push_back(
        Json::object({{"id", ++last_column_id_}, {"name", change.column}, {"required", false}, {"type", type}}));
    return {};
  }

  Status drop(const std::string& name) {
    GRISTMILL_TRY(const auto field, existing(name));
    GRISTMILL_RETURN_IF_ERROR(check_changeable(name, "dropped"));
    if (bounds_.used_ids.contains(static_cast<int>((*field)["id"].as_int())))
      return invalid_argument(
          fmt::format("column '{}' cannot be dropped: the table is partitioned, sorted or identified by it", name));
    fields_.erase(field);
    return {};
  }

  Status rename(const SchemaChange& change) {
    GRISTMILL_TRY(const auto field, existing(change.column));
    GRISTMILL_RETURN_IF_ERROR(check_changeable(change.column, "renamed"));
    if (change.column == change.value) return {};
    GRISTMILL_RETURN_IF_ERROR(check_free(change.value));
    field->set("name", change.value);
    return {};
  }

  Status widen(const SchemaChange& change) {
    GRISTMILL_TRY(const auto field, existing(change.column));
    GRISTMILL_RETURN_IF_ERROR(check_changeable(change.column, "widened"));
    const auto& type = (*field)["type"];
    const auto wanted = normal_type(change.value);
    if (type.is_string() && normal_type(type.as_string()) == wanted) return {};
    if (!type.is_string() || wanted.empty() || !is_wider(type.as_string(), wanted))
      return invalid_argument(fmt::format(
          "column '{}' of type {} cannot become {}: int may become long, float double, and a decimal one with more "
          "digits and the same scale; values are never narrowed or converted",
          change.column, type.is_string() ? type.as_string() : type["type"].as_string(), change.value.substr(0, 100)));
    field->set("type", wanted);
    return {};
  }

  Status move(const SchemaChange& change) {
    GRISTMILL_TRY(const auto field, existing(change.column));
    const auto colon = change.value.find(':');
    const auto side = change.value.substr(0, colon);
    const auto other = colon == std::string::npos ? std::string() : change.value.substr(colon + 1);
    const bool is_first = side == "first" && other.empty();
    if (!is_first && (other.empty() || (side != "after" && side != "before")))
      return invalid_argument(fmt::format("column '{}': move it to first, after:COLUMN or before:COLUMN, not '{}'",
                                          change.column, change.value.substr(0, 300)));
    if (other == change.column) return invalid_argument(fmt::format("column '{}' cannot move past itself", other));
    auto moved = std::move(*field);
    fields_.erase(field);
    auto place = fields_.begin();
    if (!is_first) {
      GRISTMILL_TRY(place, existing(other));
      if (side == "after") ++place;
    }
    fields_.insert(place, std::move(moved));
    return {};
  }

  Json::Array fields_;
  const SchemaBounds& bounds_;
  std::int64_t& last_column_id_;
};

}  // namespace

bool is_wider(const std::string& from, const std::string& to) {
  if (from == "int" && to == "long") return true;
  if (from == "float" && to == "double") return true;
  const auto before = decimal_of(from);
  const auto after = decimal_of(to);
  return before && after && before->scale == after->scale && before->precision < after->precision;
}

std::string normal_type(const std::string& type) {
  if (std::ranges::find(plain_types, type) != plain_types.end()) return type;
  if (const auto decimal = decimal_of(type)) return fmt::format("decimal({}, {})", decimal->precision, decimal->scale);
  const auto text = without_blanks(type);
  int size = 0;
  if (!text.starts_with("fixed[") || !text.ends_with(']')) return {};
  const auto parsed = std::from_chars(text.data() + 6, text.data() + text.size(), size);
  return parsed.ec == std::errc() && parsed.ptr + 1 == text.data() + text.size() && size > 0 ? text : std::string();
}

Result<Json> change_fields(const Json& fields, std::span<const SchemaChange> changes, const SchemaBounds& bounds,
                           std::int64_t& last_column_id) {
  Fields changed(fields.items(), bounds, last_column_id);
  for (const auto& change : changes) GRISTMILL_RETURN_IF_ERROR(changed.apply(change));
  return changed.take();
}

}  // namespace gristmill::store
