// SPDX-License-Identifier: Apache-2.0
// The head of an answer: what HTTP wants, and what keeps browsers from misusing it.
#pragma once

#include <string>
#include <string_view>

#include "http.h"

namespace gristmill::server {

/// What the head tells beside what the response says itself.
struct AnswerFrame {
  std::string_view request_id;  ///< May be empty.
  bool has_length = false;      ///< The body's; else it has none, or comes in chunks or up to the connection's end.
  bool is_chunked = false;
  bool is_kept = false;         ///< The connection stays open.
  bool is_encrypted = false;
};

/// Appends the head, the empty line behind it included. Of the network's thread.
void append_answer_head(const HttpResponse& response, const AnswerFrame& frame, std::string& out);

}  // namespace gristmill::server
