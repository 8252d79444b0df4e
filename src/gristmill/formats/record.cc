// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace gristmill::formats {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Puts a string field's content into the batch.
std::string_view store_string(data::Batch& batch, const RecordField& field) {
  if (!field.is_json) return batch.arena.copy(field.plain);
  const auto room = batch.arena.allocate(field.json.text.size());
  const auto size = decode_json_string(field.json.text, room.data());
  batch.arena.shrink_last(room, size);
  return {room.data(), size};
}

std::string_view media_type_of_field(std::string_view name) {
  return is_same_name(name, "html") || is_same_name(name, "raw_html") ? "text/html" : "text/plain";
}

std::string list_names(std::span<const RecordField> fields) {
  constexpr std::size_t shown_max = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(fields.size(), shown_max); ++i) {
    if (i > 0) list += ", ";
    list += fields[i].name.substr(0, 60);
  }
  if (fields.size() > shown_max) list += fmt::format(" and {} more", fields.size() - shown_max);
  return list;
}

}  // namespace

RecordBuilder::RecordBuilder(std::string_view format, data::FieldNames names, const Limits& limits)
    : no_text_reason_(fmt::format("reader.{}.no_text", format)),
      names_(std::move(names)),
      scanner_(limits.json_depth_max) {}

void RecordBuilder::drop_duplicates(std::span<RecordField> fields) {
  duplicates_.clear();
  constexpr std::size_t few = 24;
  const auto supersede = [&](RecordField& earlier) {
    earlier.is_used = true;
    if (std::ranges::find(duplicates_, earlier.name) == duplicates_.end()) duplicates_.push_back(earlier.name);
  };
  if (fields.size() <= few) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto is_same = [&](const RecordField& later) { return later.name == fields[i].name; };
      if (std::ranges::any_of(fields.subspan(i + 1), is_same)) supersede(fields[i]);
    }
    return;
  }
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [place, is_new] = last.try_emplace(fields[i].name, i);
    if (is_new) continue;
    fields[place->second].is_used = true;
    // The list is for people: a hostile record must not make it long.
    if (duplicates_.size() < few) supersede(fields[place->second]);
    place->second = i;
  }
}

RecordField* RecordBuilder::find(std::span<RecordField> fields, const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    for (auto& field : fields) {
      if (!field.is_used && field.is_string() && is_same_name(field.name, name)) return &field;
    }
  }
  return nullptr;
}

bool RecordBuilder::is_record(std::span<RecordField> fields) {
  const bool is_one = find(fields, names_.text) != nullptr || recognize_conversation(fields, scanner_, conversation_);
  for (auto& field : fields) field.is_used = false;
  return is_one;
}

void RecordBuilder::fill_metadata(data::Batch& batch, std::span<RecordField> fields, data::Document& document) {
  metadata_.clear();
  const auto separate = [&] { metadata_ += metadata_.empty() ? '{' : ','; };
  for (const auto& field : fields) {
    if (field.is_used) continue;
    separate();
    append_json_string(metadata_, field.name);
    metadata_ += ':';
    if (field.is_json) {
      append_json(metadata_, field.json);
    } else {
      append_json_string(metadata_, field.plain);
    }
  }
  if (!duplicates_.empty()) {
    separate();
    metadata_ += "\"_duplicate_keys\":[";
    for (std::size_t i = 0; i < duplicates_.size(); ++i) {
      if (i > 0) metadata_ += ',';
      append_json_string(metadata_, duplicates_[i]);
    }
    metadata_ += ']';
  }
  if (metadata_.empty()) return;
  metadata_ += '}';
  document.metadata = batch.arena.copy(metadata_);
}

void RecordBuilder::add(data::Batch& batch, const Origin& origin, std::uint64_t offset, std::span<RecordField> fields,
                        std::string_view raw) {
  scanner_.forget_keys();
  drop_duplicates(fields);
  auto document = origin.document(offset);
  if (recognize_conversation(fields, scanner_, conversation_)) {
    document.conversation = batch.arena.copy(conversation_.json);
    document.text = batch.arena.copy(conversation_.text);
    document.media_type = "application/x-conversation";
  } else if (auto* text = find(fields, names_.text); text != nullptr) {
    text->is_used = true;
    document.text = store_string(batch, *text);
    document.media_type = media_type_of_field(text->name);
  } else {
    auto message = fmt::format(
        "{}: record at byte {} has no text field; it has: {}. Name it in gristmill.toml: [fields] text = [\"NAME\"]",
        origin.uri(), offset, fields.empty() ? "no fields" : list_names(fields));
    origin.quarantine(batch, offset, {no_text_reason_, std::move(message), raw});
    return;
  }
  if (auto* url = find(fields, names_.url); url != nullptr) {
    url->is_used = true;
    document.url = store_string(batch, *url);
  }
  fill_metadata(batch, fields, document);
  Origin::append(batch, document);
}

}  // namespace gristmill::formats
