// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/phrases.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Drops documents that hold words of a list, or whose address is on a list of domains or beginnings of addresses.
class FilterBlocklist final : public Operator {
 public:
  /// What is let pass.
  struct Limits {
    std::int64_t hits = 0;  ///< -1: any number.
    double ratio = 1;
  };
  /// Entries, each kind sorted and in lower case.
  struct Lists {
    std::vector<std::string> words;
    std::vector<std::string> domains;
    std::vector<std::string> prefixes;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterBlocklist(const Limits& limits, Lists lists, kernels::PhraseMatcher matcher);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  [[nodiscard]] const std::string* listed_domain(std::string_view host) const;
  [[nodiscard]] const std::string* listed_prefix(std::string_view address) const;
  Verdict judge_url(std::string_view url, std::string& lowered, const std::string*& entry) const;
  Verdict judge_words(std::string_view text, std::string& lowered, std::int64_t& hits, const std::string*& entry) const;

  Limits limits_;
  Lists lists_;
  kernels::PhraseMatcher matcher_;
};

}  // namespace gristmill::ops
