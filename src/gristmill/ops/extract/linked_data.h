// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gristmill::ops::extract {

/// What the JSON-LD of a page says of the page itself; empty where it says nothing.
struct LinkedData {
  std::string headline;
  std::string date_published;
  std::string date_modified;
  std::string language;
  std::string publisher;
  std::vector<std::string> authors;
  std::vector<std::string> licenses;
};

/// Reads one script of JSON-LD into `data` (what is there already stays). Looks at the top-level objects, those of
/// `@graph` and main entities, and at the objects that they name as author, publisher or licence; reviews, comments and
/// the like are passed over. One pass without a tree; malformed JSON gives what came before.
void read_linked_data(std::string_view json, LinkedData& data);

}  // namespace gristmill::ops::extract
