// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/name_han.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "gristmill/kernels/pii/name_lexicon.h"

namespace gristmill::kernels::pii {
namespace {

/// Family names of one character, by how many people bear them.
constexpr std::string_view family_names =
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易"
    "乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳"
    "洪傅常萧赖阎代管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗"
    "瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明池查麻苑迟邝官封谈匡鞠惠荆冀胥储栗燕楚鄢劳谌奚皮"
    "蔺楼盘满厉伊郜阚屠朴盖练廉狄索宣晋晁浦戈薄辜裘邰束";
constexpr std::array<std::string_view, 14> double_family_names{"欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫",
                                                               "尉迟", "公孙", "慕容", "令狐", "夏侯", "端木", "司空"};
constexpr std::uint32_t first_han = 0x4E00;
constexpr std::uint32_t last_han = 0x9FFF;

/// Code point of three bytes of UTF-8.
std::uint32_t code_point_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  return (byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
}

using HanSet = std::bitset<last_han - first_han + 1>;

const HanSet& family_name_set() {
  static const HanSet set = [] {
    HanSet names;
    for (std::size_t i = 0; i < family_names.size(); i += han_bytes) {
      names.set(code_point_at(family_names, i) - first_han);
    }
    return names;
  }();
  return set;
}

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Up to `count` characters before a position, or after it.
std::string_view chars_before(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::size_t begin = at;
  for (; count > 0 && begin > 0; --count) {
    --begin;
    while (begin > 0 && is_continuation(text[begin])) --begin;
  }
  return text.substr(begin, at - begin);
}
std::string_view chars_after(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::size_t end = at;
  for (; count > 0 && end < text.size(); --count) {
    ++end;
    while (end < text.size() && is_continuation(text[end])) ++end;
  }
  return text.substr(at, end - at);
}

/// Roles of the features of Chinese names; those of Latin ones lie below.
constexpr std::uint32_t first_role = 200;

void add_candidate(std::string_view text, std::size_t begin, std::size_t family_bytes, std::size_t given,
                   std::vector<NameCandidate>& candidates) {
  const std::size_t end = begin + family_bytes + given * han_bytes;
  auto& candidate = candidates.emplace_back(NameCandidate{.span = {begin, end}});
  const auto length = static_cast<std::uint32_t>(given + (family_bytes > han_bytes ? 2 : 0));
  std::uint32_t role = first_role;
  const auto add = [&](std::uint32_t hash) { candidate.add(role++, hash); };
  const auto add_text = [&](std::string_view piece) { add(hash_name_word(piece) + length); };
  const auto name = text.substr(begin, end - begin);
  const auto given_part = name.substr(family_bytes);
  const auto last = name.substr(name.size() - han_bytes);
  const auto before = chars_before(text, begin, 1);
  const auto before2 = chars_before(text, begin, 2);
  const auto after = chars_after(text, end, 1);
  const auto after2 = chars_after(text, end, 2);
  // Where the characters are words together with their neighbours, they are hardly a name.
  const std::uint32_t words = (is_han_word(name.substr(0, family_bytes + han_bytes)) ? 1U : 0U) |
                              (given > 1 && is_han_word(given_part) ? 2U : 0U) |
                              (is_han_word(text.substr(end - han_bytes, han_bytes + after.size())) ? 4U : 0U) |
                              (is_han_word(text.substr(begin - before.size(), before.size() + han_bytes)) ? 8U : 0U) |
                              (is_han_word(after2) ? 16U : 0U) | (is_han_word(before2) ? 32U : 0U);
  add(length);
  add(words * 8 + length);
  add((words & 7) * 8 + length);
  add(hash_name_word(name.substr(0, family_bytes)) + length);
  add(hash_name_word(given_part.substr(0, han_bytes)) + length);
  add(hash_name_word(last) + length);
  add_text(given_part);
  add_text(name.substr(0, family_bytes + han_bytes));
  add_text(name);
  add(hash_name_word(before));
  add(hash_name_word(before2));
  add(hash_name_word(chars_before(text, begin, 3)));
  add(hash_name_word(after));
  add(hash_name_word(after2));
  add(hash_name_word(chars_after(text, end, 3)));
  add_text(after);
  add_text(after2);
  // The last character with the next, and the first with the one before: a word that goes on makes a bad edge.
  add_text(text.substr(end - han_bytes, han_bytes + after.size()));
  add(hash_name_word(text.substr(begin - before.size(), before.size() + han_bytes)));
  add(hash_name_word(before) * 31 + hash_name_word(after));
  add(hash_name_word(before2) * 31 + hash_name_word(after));
}

}  // namespace

bool is_han_at(std::string_view text, std::size_t at) noexcept {
  if (at + han_bytes > text.size() || static_cast<unsigned char>(text[at]) < 0xE4) return false;
  const auto code_point = code_point_at(text, at);
  return static_cast<unsigned char>(text[at]) <= 0xE9 && code_point >= first_han && code_point <= last_han;
}

void add_han_candidates(std::string_view text, std::size_t at, std::vector<NameCandidate>& candidates) {
  std::size_t family_bytes = 0;
  if (std::ranges::find(double_family_names, text.substr(at, 2 * han_bytes)) != double_family_names.end()) {
    family_bytes = 2 * han_bytes;
  } else if (family_name_set()[code_point_at(text, at) - first_han]) {
    family_bytes = han_bytes;
  }
  if (family_bytes == 0 || !is_han_at(text, at + family_bytes)) return;
  add_candidate(text, at, family_bytes, 1, candidates);
  if (is_han_at(text, at + family_bytes + han_bytes)) add_candidate(text, at, family_bytes, 2, candidates);
}

}  // namespace gristmill::kernels::pii
