// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gristmill/base/clock.h"
#include "gristmill/engine/flight.h"
#include "gristmill/ops/shared_words.h"

namespace gristmill::engine {
namespace {

std::uint16_t slot_of(const std::vector<data::Column>& columns, std::string_view name) {
  const auto found = std::ranges::find(columns, name, &data::Column::name);
  GRISTMILL_CHECK(found != columns.end(), std::string(name));
  return static_cast<std::uint16_t>(found - columns.begin());
}

Status add_column(std::vector<data::Column>& columns, std::string_view name, data::ColumnType type,
                  std::string_view step) {
  const auto found = std::ranges::find(columns, name, &data::Column::name);
  if (found == columns.end()) {
    columns.push_back({std::string(name), type});
  } else if (found->type != type) {
    return invalid_argument(
        fmt::format("{} writes the column '{}' with another type than the one it has already", step, name));
  }
  return {};
}

constexpr std::string_view crash_reason = "engine.crashed";

}  // namespace

std::string annotation_column(std::string_view operator_name) {
  std::string name(operator_name);
  std::ranges::replace(name, '.', '_');
  return name + "_reason";
}

Result<std::vector<data::Column>> pipeline_columns(const std::vector<Step>& steps,
                                                   std::vector<data::Column> input_columns, std::size_t& failed) {
  auto columns = std::move(input_columns);
  for (failed = 0; failed < steps.size(); ++failed) {
    const auto& step = steps[failed];
    const auto& spec = step.op->spec();
    GRISTMILL_RETURN_IF_ERROR(step.op->bind(columns));
    for (const auto& needed : spec.columns_in) {
      if (std::ranges::find(columns, needed.name, &data::Column::name) == columns.end()) {
        return invalid_argument(fmt::format("{} needs the column '{}' ({}): put the operator that writes it before",
                                            spec.name, needed.name, needed.help));
      }
    }
    for (const auto& made : spec.columns_out) {
      GRISTMILL_RETURN_IF_ERROR(add_column(columns, made.name, made.type, spec.name));
    }
    if (step.annotates) {
      for (const auto& measured : spec.annotation_columns) {
        GRISTMILL_RETURN_IF_ERROR(add_column(columns, measured.name, measured.type, spec.name));
      }
      GRISTMILL_RETURN_IF_ERROR(add_column(columns, annotation_column(spec.name), data::ColumnType::string, spec.name));
    }
  }
  return columns;
}

std::map<std::string, std::string> column_meanings(const std::vector<Step>& steps) {
  std::map<std::string, std::string> meanings;
  for (const auto& step : steps) {
    const auto& spec = step.op->spec();
    for (const auto& made : spec.columns_out) meanings[std::string(made.name)] = made.help;
    if (!step.annotates) continue;
    for (const auto& measured : spec.annotation_columns) meanings[std::string(measured.name)] = measured.help;
    meanings[annotation_column(spec.name)] = fmt::format("Why {} would drop the document; null: it would not",
                                                         spec.name);
  }
  return meanings;
}

Chain::Chain(const std::vector<Step>& steps, std::size_t begin, std::size_t end,
             const std::vector<data::Column>& columns)
    : shared_words_(std::make_unique<ops::SharedWords>()) {
  for (std::size_t position = begin; position < end; ++position) {
    const auto& step = steps[position];
    const auto& spec = step.op->spec();
    Bound bound{&step, position, step.op->make_scratch()};
    for (const auto& column : spec.columns_in) bound.scratch->columns_in.push_back(slot_of(columns, column.name));
    for (const auto& column : spec.columns_out) bound.scratch->columns_out.push_back(slot_of(columns, column.name));
    bound.scratch->keeps_dropped = step.annotates;
    if (step.annotates) {
      bound.annotation_slot = slot_of(columns, annotation_column(spec.name));
      for (const auto& column : spec.annotation_columns)
        bound.scratch->annotation_columns.push_back(slot_of(columns, column.name));
    }
    bound.scratch->shared_words = shared_words_.get();
    bound_.push_back(std::move(bound));
    accounts_.push_back({.name = std::string(spec.name), .version = spec.version});
  }
}

Chain::~Chain() = default;
Chain::Chain(Chain&&) noexcept = default;

Status Chain::run(data::Batch& batch, std::int64_t ordinal,
                  const std::set<std::pair<std::int64_t, std::int64_t>>& poison, const Departure& depart) {
  // The batch before may have used the same memory for other texts.
  shared_words_->clear();
  ordinals_.resize(batch.documents.size());
  for (auto& number : ordinals_) number = ordinal++;
  for (std::size_t i = 0; i < bound_.size(); ++i) GRISTMILL_RETURN_IF_ERROR(run_step(i, batch, poison, depart));
  return {};
}

Status Chain::judge_together(const Bound& bound, data::Batch& batch,
                             const std::set<std::pair<std::int64_t, std::int64_t>>& poison) {
  std::vector<data::Document*> documents;
  std::vector<std::size_t> rows;
  verdicts_.assign(batch.documents.size(), ops::Verdict());
  for (std::size_t i = 0; i < batch.documents.size(); ++i) {
    if (poison.contains({ordinals_[i], static_cast<std::int64_t>(bound.position)})) continue;
    documents.push_back(&batch.documents[i]);
    rows.push_back(i);
  }
  std::vector<ops::Verdict> verdicts(documents.size());
  // No single document is to blame should this process crash now.
  FlightRecorder::at(-1, -1);
  GRISTMILL_RETURN_IF_ERROR(bound.step->op->apply_batch(documents, *bound.scratch, verdicts));
  for (std::size_t i = 0; i < rows.size(); ++i) verdicts_[rows[i]] = std::move(verdicts[i]);
  return {};
}

Status Chain::run_step(std::size_t index, data::Batch& batch,
                       const std::set<std::pair<std::int64_t, std::int64_t>>& poison, const Departure& depart) {
  auto& [step, position, scratch, annotation_slot] = bound_[index];
  auto& account = accounts_[index];
  scratch->arena = &batch.arena;
  const double started = thread_cpu_seconds();
  account.in += static_cast<std::int64_t>(batch.documents.size());
  for (const auto& document : batch.documents) account.bytes_in += static_cast<std::int64_t>(document.text.size());
  const bool is_together = step->op->is_batched();
  if (is_together) GRISTMILL_RETURN_IF_ERROR(judge_together(bound_[index], batch, poison));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < batch.documents.size(); ++i) {
    auto& document = batch.documents[i];
    FlightRecorder::at(ordinals_[i], static_cast<std::int64_t>(position));
    auto verdict = !poison.empty() && poison.contains({ordinals_[i], static_cast<std::int64_t>(position)})
                       ? ops::Verdict::quarantined(crash_reason, "the operator crashed the process on this document")
                   : is_together ? std::move(verdicts_[i])
                                 : step->op->apply(document, *scratch);
    if (verdict.outcome == ops::Outcome::dropped && step->annotates) {
      document.columns[annotation_slot] = verdict.reason;
      verdict = ops::Verdict::kept();
    }
    if (verdict.outcome == ops::Outcome::kept) {
      ++account.out;
      account.bytes_out += static_cast<std::int64_t>(document.text.size());
      ordinals_[kept] = ordinals_[i];
      if (kept != i) batch.documents[kept] = document;
      ++kept;
      continue;
    }
    auto& counts = verdict.outcome == ops::Outcome::dropped ? account.dropped : account.quarantined;
    ++counts[std::string(verdict.reason)];
    account.note_example(verdict.reason, document);
    depart(document, account.name, verdict);
  }
  batch.documents.resize(kept);
  ordinals_.resize(kept);
  scratch->add_to(account.tally);
  account.cpu_seconds += thread_cpu_seconds() - started + std::exchange(scratch->cpu_seconds_elsewhere, 0);
  return {};
}

}  // namespace gristmill::engine
