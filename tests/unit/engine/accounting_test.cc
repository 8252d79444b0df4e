// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/accounting.h"

#include <doctest/doctest.h>

#include <random>

namespace gristmill::engine {
namespace {

Account balanced() {
  Account account{.documents_in = 10, .documents_out = 6};
  OperatorAccount reader{.name = "reader", .in = 10, .out = 9};
  reader.quarantined["reader.jsonl.bad_json"] = 1;
  OperatorAccount filter{.name = "filter.x", .version = 2, .in = 9, .out = 6, .cpu_seconds = 0.5};
  filter.dropped["x.short"] = 2;
  filter.dropped["x.long"] = 1;
  filter.tally["email"]["placeholder"] = 3;
  account.operators = {reader, filter};
  return account;
}

}  // namespace

TEST_CASE("sums that close pass, and each kind of gap is found") {
  CHECK(balanced().check_conservation().ok());
  auto lost_in_operator = balanced();
  lost_in_operator.operators[1].dropped["x.short"] = 1;
  CHECK(!lost_in_operator.check_conservation().ok());
  auto lost_between = balanced();
  lost_between.operators[1].in = 8;
  lost_between.operators[1].out = 5;
  lost_between.documents_out = 5;
  CHECK(!lost_between.check_conservation().ok());
  auto lost_at_writer = balanced();
  lost_at_writer.documents_out = 5;
  CHECK(!lost_at_writer.check_conservation().ok());
  auto split = balanced();
  split.operators[1].created = 3;
  CHECK(!split.check_conservation().ok());
  split.operators[1].out = 9;
  split.documents_out = 9;
  CHECK(split.check_conservation().ok());
}

TEST_CASE("an account survives its JSON form, and sums of accounts are sums") {
  const auto account = balanced();
  CHECK(Account::from_json(account.to_json()).to_json() == account.to_json());
  Account total;
  total.add(account);
  total.add(account);
  CHECK(total.documents_in == 20);
  CHECK(total.operators[1].dropped.at("x.short") == 4);
  CHECK(total.operators[1].tally.at("email").at("placeholder") == 6);
  CHECK(total.operators[1].cpu_seconds == doctest::Approx(1.0));
  CHECK(total.check_conservation().ok());
}

TEST_CASE("the sequence digest depends on order and content but not on how the sequence was cut") {
  std::mt19937_64 random(3);
  std::vector<std::pair<Hash128, Hash128>> documents(200);
  for (auto& [id, content] : documents) {
    id = {random(), random()};
    content = {random(), random()};
  }
  const auto digest_of = [&](std::size_t begin, std::size_t end) {
    SequenceDigest digest;
    for (auto i = begin; i < end; ++i) digest.add(documents[i].first, documents[i].second);
    return digest;
  };
  const auto whole = digest_of(0, documents.size());
  for (int round = 0; round < 50; ++round) {
    SequenceDigest joined;
    for (std::size_t at = 0; at < documents.size();) {
      const auto next = std::min(documents.size(), at + random() % 30);
      joined.append(SequenceDigest::parse(digest_of(at, next).serialize()));
      at = next;
    }
    CHECK(joined.hex() == whole.hex());
    CHECK(joined.count() == documents.size());
  }
  std::swap(documents[10], documents[11]);
  CHECK(digest_of(0, documents.size()).hex() != whole.hex());
}

}  // namespace gristmill::engine
