// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_replay.h"

#include <fmt/format.h>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/platform/rest_tables.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {
namespace {

/// What was asked, and by whom: the key alone could be another client's.
std::string digest_of(const RestCall& call) {
  const auto& request = call.request;
  return sha256_hex(Json::array({request.caller, request.method, request.path, request.query, request.body}).dump());
}

Status store_answer(meta::Transaction& transaction, const RestCall& call, const Json& answer) {
  if (call.idempotency_key.empty()) return {};
  const auto now = now_ms();
  GRISTMILL_TRY([[maybe_unused]] const auto expired,
                transaction.execute("DELETE FROM catalog_answers WHERE answered_ms < ?", {now - replay_lifetime_ms}));
  GRISTMILL_TRY(
      const auto count,
      transaction.execute("INSERT INTO catalog_answers (idempotency_key, request_digest, answered_ms, answer) "
                          "VALUES (?, ?, ?, ?) ON CONFLICT (idempotency_key) DO NOTHING",
                          {call.idempotency_key, digest_of(call), now, answer.dump()}));
  if (count == 1) return {};
  return Error{ErrorCode::conflict, "the same request was answered in between"};
}

Result<RestResponse> answer_again(const RestContext& context, const RestCall& call, const Json& answer) {
  const auto& location = answer["metadata_location"].as_string();
  if (location.empty()) {
    RestResponse response{.status = static_cast<int>(answer["status"].as_int()), .headers = {}, .body = {}};
    response.body = answer["body"].as_string();
    if (!response.body.empty()) response.headers.emplace_back("Content-Type", "application/json");
    return response;
  }
  const store::TableName name{answer["namespace"].as_string(), answer["table"].as_string()};
  const store::Catalog catalog(context.workspace.database());
  auto table = store::Table::load_at(catalog, name, location);
  // Many commits later the file is gone; the table as it is now holds the change as well.
  if (!table) table = store::Table::load(catalog, name);
  if (!table) return std::move(table).error();
  return table_answer(context, call, table->metadata(), table->metadata_location());
}

}  // namespace

Result<std::optional<RestResponse>> replay(const RestContext& context, const RestCall& call) {
  if (call.idempotency_key.empty()) return std::optional<RestResponse>();
  std::vector<meta::Row> rows;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(rows, transaction.query("SELECT request_digest, answer FROM catalog_answers WHERE "
                                          "idempotency_key = ? AND answered_ms >= ?",
                                          {call.idempotency_key, now_ms() - replay_lifetime_ms}));
    return {};
  });
  if (!done) return done.error();
  if (rows.empty()) return std::optional<RestResponse>();
  if (meta::text(rows[0][0]) != digest_of(call))
    return std::optional(
        error_answer(422, "UnprocessableEntityException", "this Idempotency-Key was used for another request"));
  GRISTMILL_TRY(const auto answer, Json::parse(meta::text(rows[0][1])));
  GRISTMILL_TRY(auto response, answer_again(context, call, answer));
  return std::optional<RestResponse>(std::move(response));
}

Status remember(meta::Transaction& transaction, const RestCall& call, const RestResponse& response) {
  return store_answer(transaction, call, Json::object({{"status", response.status}, {"body", response.body}}));
}

Status remember_table(meta::Transaction& transaction, const RestCall& call, const store::TableName& name,
                      const std::string& metadata_location) {
  return store_answer(
      transaction, call,
      Json::object({{"namespace", name.name_space}, {"table", name.name}, {"metadata_location", metadata_location}}));
}

}  // namespace gristmill::platform
