// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/word_exceptions.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace gristmill::kernels {
namespace {

// Words are separated by blanks; `|` marks where a word is cut.
struct Family {
  std::string_view stems;    ///< Each also with a capital.
  std::string_view endings;  ///< Each follows each stem behind a cut.
};

constexpr std::string_view will_and_would = "'ll ll 'll|'ve ll|ve 'd d 'd|'ve d|ve";
constexpr Family families[] = {
    {"i you he she it we they who what when where why how there that this these those", will_and_would},
    {"i you we they who what when where why how there these those", "'ve ve"},
    {"you we they who what when where why how there these those", "'re re"},
    {"he she it who what when where why how there that this", "'s s"},
    {"i", "'m m 'm|a m|a"},
    {"ca could do does did had may might must need ought sha should wo would", "n't nt n't|'ve nt|ve"},
    {"could might must should would", "'ve ve"},
    {"ai are is was were have has dare", "n't nt"},
    {"not", "'ve ve"},
    {"let", "'s"},
    {"can", "not"},
    {"gon", "na"},
    {"got", "ta"},
    {"c'm", "on"},
    {"how", "'d|'y"},
};
constexpr std::string_view hours = "1 2 3 4 5 6 7 8 9 10 11 12";
constexpr std::string_view halves_of_day = "am a.m. pm p.m.";
/// Ordinary words that the families would cut.
constexpr std::string_view not_cut = "ill its hell shell shed were well whore";

constexpr std::string_view clipped = "doin goin nothin nuthin ol somethin lovin havin";
constexpr std::string_view both_cases = "ma'am o'clock 'cause 'cos 'coz 'cuz";
constexpr std::string_view plain =
    "' '' \\\") <space> C++ em 'em ll 'll nuff 'nuff 'S 's \u2018S \u2018s and/or w/o 're 'd 'bout y'|all y|all "
    "\\t \\n \u2014 \u00e4. \u00f6. \u00fc. "
    "Adm. Ak. Ala. Apr. Ariz. Ark. Aug. Bros. Calif. Co. Colo. Conn. Corp. D.C. Dec. Del. Dr. E.G. E.g. Feb. Fla. Ga. "
    "Gen. Gov. I.E. I.e. Ia. Id. Ill. Inc. Ind. Jan. Jr. Jul. Jun. Kan. Kans. Ky. La. Ltd. Mar. Mass. Md. Messrs. "
    "Mich. Minn. Miss. Mo. Mont. Mr. Mrs. Ms. Mt. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. "
    "Pa. Ph.D. Prof. Rep. Rev. S.C. Sen. Sep. Sept. St. Tenn. Va. Wash. Wis. a.m. co. e.g. i.e. p.m. v.s. vs. "
    "\u00b0|c|. \u00b0|f|. \u00b0|k|. \u00b0|C|. \u00b0|F|. \u00b0|K|.";
constexpr std::string_view emoticons =
    "(*_*) (-8 (-: (-; (-_-) (._.) (: (; (= (>_<) (^_^) (o: (\u00ac_\u00ac) (\u0ca0_\u0ca0) )-: ): -_- -__- ._. 0.0 "
    "0.o "
    "(\u256f\u00b0\u25a1\u00b0\uff09\u256f\ufe35\u253b\u2501\u253b 0_0 0_o 8) 8-) 8-D 8D :'( :') :'-( :'-) :( :(( :((( "
    ":() :) :)) :))) :* :-( :-(( :-((( :-) :-)) :-))) :-* :-/ :-0 :-3 :-> :-D :-O :-P :-X :-] :-o :-p :-x :-\u2502 :-} "
    ":/ :0 :1 :3 :> :D :O :P :X :] :o :o) :p :x :\u2502 :} ;) ;-) ;-D ;D ;_; <.< </3 <3 <33 <333 =( =) =/ =3 =D =[ =] "
    "=\u2502 >.< >.> >:( >:o ><(((*> @_@ O.O O.o O_O O_o V.V V_V XD XDD [-: [: [= ]= ^_^ ^__^ ^___^ o.0 o.O o.o o_0 "
    "o_O "
    "o_o v.v v_v xD xDD \u00af\\(\u30c4)/\u00af \u0ca0_\u0ca0 \u0ca0\ufe35\u0ca0";

template <typename Function>
void for_each_word(std::string_view words, Function&& function) {
  while (!words.empty()) {
    const auto word = words.substr(0, words.find(' '));
    if (!word.empty()) function(word);
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
}

std::string capitalized(std::string_view word) {
  std::string result(word);
  // The first letter, which an apostrophe may precede.
  const auto first = std::ranges::find_if(result, [](char c) { return c >= 'a' && c <= 'z'; });
  if (first != result.end()) *first = static_cast<char>(*first - ('a' - 'A'));
  return result;
}

/// Collects words with their cuts; a later word replaces an earlier one.
class Collection {
 public:
  void add(std::string_view word) {
    put(std::string(word));
    std::string typographic;
    for (const char c : word) c == '\'' ? typographic += "\u2019" : typographic += c;
    put(typographic);
  }
  void add_both_cases(std::string_view word) {
    add(word);
    add(capitalized(word));
  }
  void remove(const std::string& text) { words_.erase(text); }
  std::vector<WordException> take() {
    std::vector<WordException> result;
    for (auto& [text, ends] : words_) result.push_back({text, std::move(ends)});
    return result;
  }

 private:
  void put(const std::string& marked) {
    std::string text;
    std::vector<std::uint8_t> ends;
    for (const char c : marked) {
      if (c == '|')
        ends.push_back(static_cast<std::uint8_t>(text.size()));
      else
        text += c;
    }
    ends.push_back(static_cast<std::uint8_t>(text.size()));
    words_.insert_or_assign(std::move(text), std::move(ends));
  }
  std::map<std::string, std::vector<std::uint8_t>> words_;
};

void add_families(Collection& collection) {
  for (const auto& family : families) {
    for_each_word(family.stems, [&](std::string_view stem) {
      for_each_word(family.endings, [&](std::string_view ending) {
        collection.add_both_cases(std::string(stem) + "|" + std::string(ending));
      });
    });
  }
  for_each_word(hours, [&](std::string_view hour) {
    for_each_word(halves_of_day,
                  [&](std::string_view half) { collection.add(std::string(hour) + "|" + std::string(half)); });
  });
  for_each_word(not_cut, [&](std::string_view word) {
    collection.remove(std::string(word));
    collection.remove(capitalized(word));
  });
}

/// A bar in an emoticon is written as U+2502 in the list, since `|` marks cuts.
std::string with_bars(std::string_view emoticon) {
  std::string result(emoticon);
  if (const auto at = result.find("\u2502"); at != std::string::npos) result.replace(at, 3, "\x01");
  return result;
}

}  // namespace

std::vector<WordException> english_word_exceptions() {
  Collection collection;
  add_families(collection);
  for_each_word(clipped, [&](std::string_view word) {
    collection.add_both_cases(word);
    collection.add_both_cases(std::string(word) + "'");
  });
  for_each_word(both_cases, [&](std::string_view word) { collection.add_both_cases(word); });
  for_each_word(plain, [&](std::string_view word) { collection.add(word); });
  for_each_word(emoticons, [&](std::string_view word) { collection.add(with_bars(word)); });
  for (char c = 'a'; c <= 'z'; ++c) collection.add(std::string{c, '.'});
  auto result = collection.take();
  for (auto& exception : result) std::ranges::replace(exception.text, '\x01', '|');
  return result;
}

}  // namespace gristmill::kernels
