// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// What a page says of its own kind outside its text: Open Graph, JSON-LD and the shape of its canonical address.
struct PageHints {
  std::int16_t shared_as_article = 0;  ///< 1 when og:type says so; at most one of the three is 1.
  std::int16_t shared_as_website = 0;
  std::int16_t shared_as_product = 0;
  std::int16_t is_dated = 0;           ///< 1 when a meta element names a date of publication.
  // Counts of the types that JSON-LD names, at most 8 each.
  std::int16_t linked_articles = 0;
  std::int16_t linked_products = 0;
  std::int16_t linked_lists = 0;
  std::int16_t linked_discussions = 0;
  std::int16_t linked_businesses = 0;
  std::int16_t linked_trails = 0;      ///< Bread crumbs.
  std::int16_t linked_pages = 0;
  std::int16_t address_parts = -1;     ///< Parts of the canonical address' path, at most 16; -1 without an address.
  std::int16_t address_hyphens = 0;    ///< Hyphens and underscores of the last part, at most 32.
  std::int16_t address_digits = 0;     ///< The longest run of digits in the path, at most 16.
};

/// Reads meta and canonical link elements and the types in JSON-LD. Linear in the nodes and the JSON-LD of the page, of
/// which the first megabyte is read.
PageHints read_page_hints(const kernels::HtmlTree& tree);

}  // namespace gristmill::ops::extract
