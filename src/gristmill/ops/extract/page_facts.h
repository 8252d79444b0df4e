// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// What a page says of itself outside its text; empty when it says nothing.
struct PageFacts {
  std::string title;
  std::string author;
  std::string date;           ///< As written, usually ISO 8601.
  std::string canonical_url;
  std::string license_url;    ///< First rel=license link.
};

/// Reads title, meta and link elements.
PageFacts read_page_facts(const kernels::HtmlTree& tree);

}  // namespace gristmill::ops::extract
