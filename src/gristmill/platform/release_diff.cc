// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/release_diff.h"

#include <fmt/format.h>

#include <map>

#include "gristmill/platform/release.h"
#include "gristmill/platform/version_diff.h"

namespace gristmill::platform {
namespace {

const Json* find_member(const Json& release, const std::string& dataset) {
  for (const auto& member : release["datasets"].items()) {
    if (member["dataset"].as_string() == dataset) return &member;
  }
  return nullptr;
}

std::int64_t tokens_of(const Json& member) {
  std::int64_t tokens = 0;
  for (const auto& set : member["token_sets"].items()) tokens += set["tokens"].as_int();
  return tokens;
}

std::int64_t documents_in(const Json& release) {
  std::int64_t documents = 0;
  for (const auto& member : release["datasets"].items()) documents += member["documents"].as_int();
  return documents;
}

std::int64_t tokens_in(const Json& release) {
  std::int64_t tokens = 0;
  for (const auto& member : release["datasets"].items()) tokens += tokens_of(member);
  return tokens;
}

/// The files that operators computed with, where they differ: the nth of an operator's option with the nth.
Json diff_models(const Json& before, const Json& after) {
  const auto key_of = [](const Json& model) {
    return std::pair(model["operator"].as_string(), model["option"].as_string());
  };
  std::multimap<std::pair<std::string, std::string>, std::string> rest;
  for (const auto& model : before.items()) rest.emplace(key_of(model), model["sha256"].as_string());
  auto changes = Json::array();
  const auto note = [&](const auto& key, const Json& old_digest, const Json& new_digest) {
    if (old_digest == new_digest) return;
    changes.push(
        Json::object({{"operator", key.first}, {"option", key.second}, {"before", old_digest}, {"after", new_digest}}));
  };
  for (const auto& model : after.items()) {
    const auto found = rest.find(key_of(model));
    note(key_of(model), found == rest.end() ? Json() : Json(found->second), model["sha256"]);
    if (found != rest.end()) rest.erase(found);
  }
  for (const auto& [key, digest] : rest) note(key, digest, nullptr);
  return changes;
}

/// One dataset of two releases; null where a release does not hold it.
Result<Json> diff_member(const Workspace& workspace, const Json* before, const Json* after) {
  const auto& present = before != nullptr ? *before : *after;
  auto json = Json::object({{"dataset", present["dataset"]}, {"change", nullptr}});
  json.set("shard_tokens", Json::object({{"before", before == nullptr ? 0 : tokens_of(*before)},
                                         {"after", after == nullptr ? 0 : tokens_of(*after)}}));
  if (before == nullptr || after == nullptr)
    return json.set("change", before == nullptr ? "added" : "removed").set("all_documents", present["documents"]);
  const auto selector = [&](const Json& member) {
    return fmt::format("{}@{}", member["dataset"].as_string(), member["version"].as_int());
  };
  GRISTMILL_TRY(const auto diff, diff_versions(workspace, selector(*before), selector(*after)));
  json.set("change", (*before)["version"] == (*after)["version"] ? "same" : "changed");
  for (const auto* key : {"documents", "tokens", "removed", "added", "steps"}) json.set(key, diff[key]);
  for (const auto* key : {"fingerprint", "code_version"})
    json.set(key, Json::object({{"before", (*before)[key]}, {"after", (*after)[key]}}));
  return json.set("models", diff_models((*before)["models"], (*after)["models"]));
}

}  // namespace

Result<Json> diff_releases(const Workspace& workspace, const std::string& before, const std::string& after) {
  GRISTMILL_TRY(const auto older, show_release(workspace, before));
  GRISTMILL_TRY(const auto newer, show_release(workspace, after));
  auto datasets = Json::array();
  for (const auto& member : older["datasets"].items()) {
    GRISTMILL_TRY(auto diff, diff_member(workspace, &member, find_member(newer, member["dataset"].as_string())));
    datasets.push(std::move(diff));
  }
  for (const auto& member : newer["datasets"].items()) {
    if (find_member(older, member["dataset"].as_string()) != nullptr) continue;
    GRISTMILL_TRY(auto diff, diff_member(workspace, nullptr, &member));
    datasets.push(std::move(diff));
  }
  const auto brief = [](const Json& release) {
    return Json::object(
        {{"name", release["name"]}, {"digest", release["digest"]}, {"created_at", release["created_at"]}});
  };
  return Json::object({{"before", brief(older)},
                       {"after", brief(newer)},
                       {"documents", Json::object({{"before", documents_in(older)}, {"after", documents_in(newer)}})},
                       {"tokens", Json::object({{"before", tokens_in(older)}, {"after", tokens_in(newer)}})},
                       {"datasets", std::move(datasets)}});
}

}  // namespace gristmill::platform
