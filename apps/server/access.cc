// SPDX-License-Identifier: Apache-2.0
#include "access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "gristmill/base/hash.h"

namespace gristmill::server {
namespace {

constexpr std::size_t buckets_max = 16 * 1024;
constexpr std::size_t known_max = 4 * 1024;
constexpr auto remembered_for = std::chrono::seconds(1);
// While the database is away. What is durable without it, feedback above all, goes on.
constexpr auto remembered_in_need_for = std::chrono::minutes(15);
constexpr auto patience = std::chrono::milliseconds(300);
// Before it is forgotten, so that those who come all the time never wait.
constexpr auto renewed_after = std::chrono::milliseconds(500);

/// What follows `Bearer`; nothing when it is another scheme.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  const auto blank = authorization.find(' ');
  if (blank == std::string_view::npos || !equal_names(authorization.substr(0, blank), "Bearer")) return std::nullopt;
  return authorization.substr(std::min(authorization.find_first_not_of(' ', blank), authorization.size()));
}

/// In a time that does not tell where they differ.
bool equal_secrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

std::optional<double> RateLimit::take(const std::string& name) {
  const auto now = Clock::now();
  const std::scoped_lock lock(mutex_);
  if (buckets_.size() >= buckets_max) forget_full(now);
  auto [place, is_new] = buckets_.try_emplace(name, Bucket{burst_, now});
  auto& bucket = place->second;
  const auto passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + passed * a_second_);
  bucket.at = now;
  if (bucket.tokens < 1) return (1 - bucket.tokens) / a_second_;
  bucket.tokens -= 1;
  return std::nullopt;
}

void RateLimit::forget_full(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& item) {
    const auto passed = std::chrono::duration<double>(now - item.second.at).count();
    return item.second.tokens + passed * a_second_ >= burst_;
  });
  // All of them are in use: names are being made up. Forgetting them costs less than growing without end.
  if (buckets_.size() >= buckets_max) buckets_.clear();
}

bool Authenticator::holds(const Known& known, Clock::time_point now) {
  if (now <= known.confirmed + remembered_for) return true;
  if (now > known.confirmed + remembered_in_need_for) return false;
  return now <= known.excused_until || (known.is_asked && now >= known.asked + patience);
}

std::optional<platform::Principal> Authenticator::recall_digest(const std::string& digest) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(digest);
  if (found == known_.end() || !holds(found->second, Clock::now())) return std::nullopt;
  return found->second.principal;
}

void Authenticator::ask(Known& known, const std::string& digest, std::string_view token) {
  if (std::exchange(known.is_asked, true)) return;
  known.asked = Clock::now();
  questions_.push_back({digest, std::string(token)});
  asked_.notify_one();
}

std::optional<platform::Principal> Authenticator::renew(const std::string& digest, std::string_view token) {
  std::unique_lock lock(mutex_);
  auto found = known_.find(digest);
  if (found == known_.end() || found->second.confirmed + remembered_in_need_for < Clock::now()) return std::nullopt;
  ask(found->second, digest, token);
  answered_.wait_until(lock, found->second.asked + patience, [&] {
    found = known_.find(digest);
    return found == known_.end() || !found->second.is_asked;
  });
  if (found == known_.end() || !holds(found->second, Clock::now())) return std::nullopt;
  return found->second.principal;
}

void Authenticator::answer_questions() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [&] { return is_ending_ || !questions_.empty(); });
    if (is_ending_) return;
    const auto question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    const auto began = Clock::now();
    const auto checked = platform::check_token(workspace_, question.token);
    lock.lock();
    note_answer(question, checked, began);
    answered_.notify_all();
  }
}

/// Holds the mutex.
void Authenticator::note_answer(const Question& question, const Result<platform::Principal>& checked,
                                Clock::time_point began) {
  const auto found = known_.find(question.digest);
  if (found == known_.end()) return;
  if (!checked && checked.error().code == ErrorCode::denied) {
    known_.erase(found);
    return;
  }
  auto& known = found->second;
  known.is_asked = false;
  if (checked) {
    known.principal = *checked;
    known.confirmed = began;
  } else if (checked.error().code == ErrorCode::unavailable) {
    known.excused_until = Clock::now() + remembered_for;
  }
}

void Authenticator::remember(const std::string& digest, const platform::Principal& principal) {
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= known_max) known_.clear();
  known_[digest] = {.principal = principal, .confirmed = Clock::now()};
}

Authenticator::Authenticator(const platform::Workspace& workspace)
    : workspace_(workspace), seed_(random_seed()), asker_([this] { answer_questions(); }) {}

Authenticator::~Authenticator() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  asked_.notify_one();
  asker_.join();
}

std::string Authenticator::digest_of(std::string_view token) {
  auto& place = digested_[xxh3_64(token, seed_) % digested_.size()];
  {
    const std::scoped_lock lock(mutex_);
    if (equal_secrets(place.token, token)) return place.digest;
  }
  auto digest = sha256_hex(token);
  constexpr std::size_t kept_bytes_max = 512;
  if (token.size() <= kept_bytes_max) {
    const std::scoped_lock lock(mutex_);
    place = {std::string(token), digest};
  }
  return digest;
}

std::optional<platform::Principal> Authenticator::recall(const HttpRequest& request) {
  const auto token = bearer_token(request.header("Authorization"));
  if (!token) return std::nullopt;
  const auto digest = digest_of(*token);
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(digest);
  const auto now = Clock::now();
  if (found == known_.end() || !holds(found->second, now)) return std::nullopt;
  auto& known = found->second;
  if (now >= std::max(known.confirmed, known.asked) + renewed_after) ask(known, digest, *token);
  return known.principal;
}

Authenticator::Outcome Authenticator::identify(const HttpRequest& request) {
  const auto value = request.header("Authorization");
  // PyIceberg without a token sends this literal.
  if (value.empty() || value == "Bearer None") return {};
  const auto token = bearer_token(value);
  if (!token) return {{}, unauthorized("send the token as `Authorization: Bearer TOKEN`")};
  // The digest is the key, so that looking it up tells nothing about the token by its time.
  const auto digest = digest_of(*token);
  if (auto principal = recall_digest(digest)) return {*std::move(principal), {}};
  if (auto principal = renew(digest, *token)) return {*std::move(principal), {}};
  const auto checked = platform::check_token(workspace_, *token);
  if (checked) {
    remember(digest, *checked);
    return {*checked, {}};
  }
  if (checked.error().code != ErrorCode::denied) return {{}, problem_of(checked.error())};
  if (const auto seconds = failures_.take(request.remote))
    return {{}, too_many(*seconds, "too many wrong tokens from this address")};
  return {{}, unauthorized("the token is unknown, expired or revoked; `gristmill token create` makes one")};
}

HttpResponse unauthorized(std::string_view detail) {
  auto response = problem(401, detail);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"gristmill\"");
  return response;
}

HttpResponse too_many(double seconds, std::string_view detail) {
  auto response = problem(429, detail);
  response.headers.emplace_back("Retry-After", fmt::format("{}", std::max(1, static_cast<int>(std::ceil(seconds)))));
  return response;
}

}  // namespace gristmill::server
