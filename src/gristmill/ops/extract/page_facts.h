// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// What a page says of itself outside its text.
enum class Fact : std::uint8_t {
  title,
  author,         ///< Several are joined by "; ".
  date,           ///< Of publication, ISO 8601.
  canonical_url,
  license_url,    ///< The first of `licenses`.
  date_modified,  ///< ISO 8601.
  page_language,  ///< As the page declares it.
  site_name,
  description,
  licenses,       ///< All licence addresses, a JSON list.
  meta_tags,      ///< Open Graph, Twitter, Dublin Core, citation and a few plain names: a JSON object.
  json_ld,        ///< All JSON-LD of the page, a JSON list.
};

constexpr std::size_t fact_count = static_cast<std::size_t>(Fact::json_ld) + 1;

/// Name of a fact, as its column has it.
std::string_view fact_name(Fact fact) noexcept;

/// Set of facts, as bits.
using FactSet = std::uint32_t;
constexpr FactSet fact_bit(Fact fact) noexcept { return FactSet{1} << static_cast<std::uint32_t>(fact); }

/// The facts of one page; empty where the page says nothing.
struct PageFacts {
  std::array<std::string, fact_count> values;
  std::string& operator[](Fact fact) { return values[static_cast<std::size_t>(fact)]; }
  const std::string& operator[](Fact fact) const { return values[static_cast<std::size_t>(fact)]; }
};

/// Reads title, meta, link and time elements, microdata, links to Creative Commons and JSON-LD, as far as the wanted
/// facts need them. Linear in the nodes of the page.
PageFacts read_page_facts(const kernels::HtmlTree& tree, FactSet wanted);

}  // namespace gristmill::ops::extract
