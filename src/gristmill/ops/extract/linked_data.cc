// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/linked_data.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "gristmill/kernels/utf8.h"

namespace gristmill::ops::extract {
namespace {

constexpr std::size_t script_bytes_max = 1u << 20;
constexpr std::size_t value_bytes_max = 4096;
constexpr std::size_t depth_max = 64;
constexpr std::size_t values_max = 16;
constexpr std::size_t persons_max = 64;

enum class Key : std::uint8_t {
  other,
  graph,
  main_entity,
  author,
  publisher,
  license,
  name,
  headline,
  date_published,
  date_modified,
  language,
  url,
  id,
};

/// What an object or list stands for, seen from the page.
enum class Role : std::uint8_t { page, author, publisher, license, ignored };

struct NamedKey {
  std::string_view name;
  Key key;
};

constexpr std::array keys{
    NamedKey{"@graph", Key::graph},
    NamedKey{"mainEntity", Key::main_entity},
    NamedKey{"author", Key::author},
    NamedKey{"creator", Key::author},
    NamedKey{"publisher", Key::publisher},
    NamedKey{"license", Key::license},
    NamedKey{"name", Key::name},
    NamedKey{"headline", Key::headline},
    NamedKey{"datePublished", Key::date_published},
    NamedKey{"dateModified", Key::date_modified},
    NamedKey{"inLanguage", Key::language},
    NamedKey{"url", Key::url},
    NamedKey{"@id", Key::id},
};

Key key_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(keys, name, &NamedKey::name);
  return found == keys.end() ? Key::other : found->key;
}

/// Text of a JSON string, without its quotes.
std::string unescaped(std::string_view raw) {
  std::string out;
  char32_t high = 0;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\' || at + 1 >= raw.size()) {
      out.push_back(raw[at++]);
      continue;
    }
    const char c = raw[at + 1];
    at += 2;
    if (c != 'u') {
      out.push_back(c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f' ? ' ' : c);
      continue;
    }
    std::uint32_t unit = 0;
    const auto digits = raw.substr(at, 4);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16).ptr != digits.data() + 4) continue;
    at += 4;
    if (unit >= 0xD800 && unit < 0xDC00 && raw.substr(at).starts_with("\\u")) {
      high = unit;
      continue;
    }
    const bool is_pair = high != 0 && unit >= 0xDC00 && unit < 0xE000;
    kernels::append_code_point(out, is_pair ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit);
    high = 0;
  }
  return out;
}

class Scanner {
 public:
  Scanner(std::string_view json, LinkedData& data) : json_(json.substr(0, script_bytes_max)), data_(data) {}

  void run() {
    while (at_ < json_.size()) {
      switch (json_[at_]) {
        case '{':
        case '[':
          if (!open(json_[at_] == '{')) return;
          ++at_;
          break;
        case '}':
        case ']':
          close();
          ++at_;
          break;
        case '"':
          if (!take_string()) return;
          break;
        case ',': key_ = Key::other; [[fallthrough]];
        default: ++at_;
      }
    }
    resolve_authors();
  }

 private:
  struct Frame {
    Role role = Role::page;
    bool is_object = false;
    Key list_key = Key::other;  ///< Of a list: the key that it is the value of.
    std::string id;
    std::string name;
  };
  struct Person {
    std::string id;
    std::string name;
  };

  [[nodiscard]] Key current_key() const {
    return !open_.empty() && !open_.back().is_object ? open_.back().list_key : key_;
  }

  bool open(bool is_object) {
    if (open_.size() >= depth_max) return false;
    Frame frame;
    frame.is_object = is_object;
    frame.list_key = current_key();
    frame.role = open_.empty() ? Role::page : role_below(open_.back(), frame.list_key);
    open_.push_back(std::move(frame));
    key_ = Key::other;
    return true;
  }

  static Role role_below(const Frame& outer, Key key) noexcept {
    if (!outer.is_object) return outer.role;
    if (outer.role != Role::page) return Role::ignored;
    switch (key) {
      case Key::graph:
      case Key::main_entity: return Role::page;
      case Key::author: return Role::author;
      case Key::publisher: return Role::publisher;
      case Key::license: return Role::license;
      default: return Role::ignored;
    }
  }

  void close() {
    if (open_.empty()) return;
    auto& frame = open_.back();
    if (frame.is_object && frame.role == Role::page && !frame.id.empty() && !frame.name.empty() &&
        persons_.size() < persons_max) {
      persons_.push_back({std::move(frame.id), std::move(frame.name)});
    }
    if (frame.is_object && frame.role == Role::author && frame.name.empty() && !frame.id.empty() &&
        author_ids_.size() < values_max)
      author_ids_.push_back(std::move(frame.id));
    open_.pop_back();
    key_ = Key::other;
  }

  /// A string is a key when a colon follows, else a value. False when it has no end.
  bool take_string() {
    const auto begin = at_ + 1;
    auto end = begin;
    while (end < json_.size() && json_[end] != '"') end += json_[end] == '\\' ? 2 : 1;
    if (end >= json_.size()) return false;
    const auto raw = json_.substr(begin, end - begin);
    at_ = end + 1;
    if (!open_.empty() && open_.back().is_object && follows_colon()) {
      key_ = key_of(raw);
      return true;
    }
    if (!open_.empty() && raw.size() <= value_bytes_max) take_value(open_.back(), current_key(), raw);
    return true;
  }

  bool follows_colon() {
    auto next = at_;
    while (next < json_.size() &&
           (json_[next] == ' ' || json_[next] == '\n' || json_[next] == '\t' || json_[next] == '\r'))
      ++next;
    if (next >= json_.size() || json_[next] != ':') return false;
    at_ = next + 1;
    return true;
  }

  void take_value(Frame& frame, Key key, std::string_view raw) {
    const auto set = [&](std::string& field) {
      if (field.empty()) field = unescaped(raw);
    };
    const auto add = [&](std::vector<std::string>& list) {
      auto value = unescaped(raw);
      if (list.size() < values_max && std::ranges::find(list, value) == list.end()) list.push_back(std::move(value));
    };
    switch (frame.role) {
      case Role::page: take_page_value(frame, key, raw); break;
      case Role::author:
        if (!frame.is_object) return add(data_.authors);
        if (key == Key::id) set(frame.id);
        if (key != Key::name) return;
        set(frame.name);
        return add(data_.authors);
      case Role::publisher:
        if (key == Key::name) set(data_.publisher);
        break;
      case Role::license:
        if (!frame.is_object || key == Key::url || key == Key::id) add(data_.licenses);
        break;
      case Role::ignored: break;
    }
  }

  void take_page_value(Frame& frame, Key key, std::string_view raw) {
    const auto set = [&](std::string& field) {
      if (field.empty()) field = unescaped(raw);
    };
    switch (key) {
      case Key::headline: return set(data_.headline);
      case Key::date_published: return set(data_.date_published);
      case Key::date_modified: return set(data_.date_modified);
      case Key::language: return set(data_.language);
      case Key::publisher: return set(data_.publisher);
      case Key::id: return set(frame.id);
      case Key::name: return set(frame.name);
      case Key::author:
        if (data_.authors.size() < values_max) data_.authors.push_back(unescaped(raw));
        return;
      case Key::license:
        if (data_.licenses.size() < values_max) data_.licenses.push_back(unescaped(raw));
        return;
      default: return;
    }
  }

  /// An author may be named by the `@id` of an object that stands elsewhere.
  void resolve_authors() {
    if (!data_.authors.empty()) return;
    for (const auto& id : author_ids_) {
      const auto found = std::ranges::find(persons_, id, &Person::id);
      if (found != persons_.end() && data_.authors.size() < values_max) data_.authors.push_back(found->name);
    }
  }

  std::string_view json_;
  LinkedData& data_;
  std::size_t at_ = 0;
  Key key_ = Key::other;
  std::vector<Frame> open_;
  std::vector<Person> persons_;
  std::vector<std::string> author_ids_;
};

}  // namespace

void read_linked_data(std::string_view json, LinkedData& data) { Scanner(json, data).run(); }

}  // namespace gristmill::ops::extract
