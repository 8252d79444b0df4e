// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "gristmill/kernels/pii/name_lexicon.h"
#include "gristmill/kernels/pii/names.h"

using namespace gristmill::kernels::pii;

namespace {

std::vector<std::string> names_in(std::string_view text) {
  std::vector<Span> spans;
  find_names(text, spans);
  std::vector<std::string> names;
  std::size_t position = 0;
  for (const auto& span : spans) {
    // In order, without overlaps, inside the text.
    CHECK(span.begin >= position);
    CHECK(span.end > span.begin);
    CHECK(span.end <= text.size());
    position = span.end;
    names.emplace_back(text.substr(span.begin, span.size()));
  }
  return names;
}

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("the word lists know frequent names and ordinary words and places") {
  CHECK((name_flags("Mary") & given_name) != 0);
  CHECK((name_flags("SMITH") & family_name) != 0);
  CHECK((name_flags("O'Connor") & family_name) != 0);
  CHECK((name_flags("Anna-Maria") & given_name) != 0);
  CHECK(name_flags("Report") == ordinary_word);
  CHECK((name_flags("Chicago") & place_name) != 0);
  CHECK((name_flags("Chicago") & given_name) == 0);
  CHECK(is_han_word("公司"));
  CHECK(!is_han_word("公"));
}

TEST_CASE("a text has the names it has whatever was read before") {
  const std::string text = "Dear Mr. Kowalski,\n\nBest regards,\nMary Johnson";
  const std::vector<std::string> expected{"Kowalski", "Mary Johnson"};
  CHECK(names_in(text) == expected);
  CHECK(names_in("Interview with Robert Kowalski | 2004. Kowalski laughed.").size() == 2);
  // Names of one text are not known in the next.
  CHECK(names_in("Kowalski laughed.").empty());
  CHECK(names_in(text) == expected);
}

TEST_CASE("long broken and hostile texts end with finds inside the text") {
  constexpr std::size_t many = 100'000;
  for (const std::string_view part : {"A", "A ", "Mr. ", "J.", "Anna-", "O'", "de la ", "Van de ", "王", "王李", "李、",
                                      "É", "\xC3", "\xE7\x8E", "Mary Smith ", "Mary Smith, ", "\n", "President "}) {
    CAPTURE(std::string(part));
    names_in(repeated(part, many / part.size()));
  }
  // Many names to remember, more than there is room for.
  std::string list;
  for (int i = 0; i < 3000; ++i) {
    const std::string letters{static_cast<char>('a' + i % 26), static_cast<char>('a' + i / 26 % 26),
                              static_cast<char>('a' + i / 676)};
    list += "Mary Sm" + letters + "ith, ";
  }
  names_in(list + list);
}

TEST_CASE("random mixtures of what names are made of keep their order") {
  const std::vector<std::string> parts{"Mary", "Smith", " ",    ".",         ",", "\n", "Dr", "de",
                                       "王",   "建国",  "说",   "and",       "J", "'s", "-",  "\xC3",
                                       "\x89", "X",     "先生", "President", "@", "’"};
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto length = random() % 40; length > 0; --length) text += parts[random() % parts.size()];
    CAPTURE(text);
    const auto once = names_in(text);
    CHECK(names_in(text) == once);
  }
}
