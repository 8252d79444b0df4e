// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {
namespace {

const std::string english =
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and "
    "should act towards one another in a spirit of brotherhood.";
const std::string german =
    "Alle Menschen sind frei und gleich an W\u00fcrde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
    "und "
    "sollen einander im Geiste der Br\u00fcderlichkeit begegnen.";

/// The column language_paragraphs of a text, as JSON.
Json paragraphs_of(std::string_view text) {
  const auto* const entry = find_operator("language.identify");
  REQUIRE(entry != nullptr);
  auto given = Json::object();
  given.set("per", "paragraph");
  auto made = entry->make(*resolve_options(*entry->spec, given));
  REQUIRE(made.ok());
  const auto scratch = (*made)->make_scratch();
  data::Arena arena;
  scratch->arena = &arena;
  scratch->columns_out = {0, 1, 2};
  std::vector<data::Value> cells(3);
  data::Document document;
  document.text = text;
  document.columns = cells;
  CHECK((*made)->apply(document, *scratch).outcome == Outcome::kept);
  return *Json::parse(std::get<std::string_view>(cells[2]));
}

}  // namespace

TEST_CASE("languages of paragraphs: each with its bytes, shares by bytes") {
  const auto found = paragraphs_of(english + "\n\n" + german + "\n\n\n" + english);
  const auto& list = found["paragraphs"].items();
  REQUIRE(list.size() == 3);
  CHECK(list[0].items()[0].as_string() == "en");
  CHECK(list[1].items()[0].as_string() == "de");
  CHECK(list[2].items()[0].as_string() == "en");
  CHECK(list[0].items()[1].as_double() > 0.5);
  // Blank lines belong to the paragraph before them; the third newline, too short for a paragraph, to the next.
  CHECK(list[0].items()[2].as_int() == static_cast<std::int64_t>(english.size() + 2));
  CHECK(list[1].items()[2].as_int() == static_cast<std::int64_t>(german.size() + 2));
  CHECK(list[2].items()[2].as_int() == static_cast<std::int64_t>(english.size() + 1));
  const auto german_share = static_cast<double>(german.size() + 2) /
                            static_cast<double>(2 * english.size() + german.size() + 5);
  CHECK(found["shares"]["de"].as_double() == doctest::Approx(german_share).epsilon(0.001));
  CHECK(found["shares"].size() == 2);
}

TEST_CASE("languages of paragraphs: short ones go with the next, the last one with the one before") {
  const auto found = paragraphs_of("Menu\n\nHome\n\n" + german + "\n\nEnd");
  REQUIRE(found["paragraphs"].size() == 1);
  CHECK(found["paragraphs"].items()[0].items()[0].as_string() == "de");
}

TEST_CASE("languages of paragraphs: signs alone are of no language") {
  const auto found = paragraphs_of(std::string(100, '.') + "\n\n" + english);
  REQUIRE(found["paragraphs"].size() == 2);
  CHECK(found["paragraphs"].items()[0].items()[0].is_null());
  CHECK(found["shares"]["und"].as_double() > 0.3);
}

}  // namespace gristmill::ops
