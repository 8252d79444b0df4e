// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "gristmill/platform/access_tokens.h"
#include "http.h"

namespace gristmill::server {

/// Token buckets by name: each may spend `a_second` in the long run and `burst` at once. Thread-safe, bounded memory.
class RateLimit {
 public:
  RateLimit(double a_second, double burst) : a_second_(a_second), burst_(burst) {}
  /// Takes one; if there is none, the seconds until there will be.
  std::optional<double> take(const std::string& name);

 private:
  using Clock = std::chrono::steady_clock;
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;
  };
  void forget_full(Clock::time_point now);

  double a_second_;
  double burst_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

/// Who is calling: reads `Authorization`, asks platform, remembers the answer for a second (so a revoked token works at
/// most that long). While the database is away or hangs, tokens that it knew lately go on. Thread-safe.
class Authenticator {
 public:
  explicit Authenticator(const platform::Workspace& workspace);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  /// The principal; an empty one when there is no token at all; a refusal (401, 429, 503) when it is no good.
  struct Outcome {
    platform::Principal principal;
    std::optional<HttpResponse> refusal;
  };
  Outcome identify(const HttpRequest& request);
  /// The principal when it is remembered; waits for nobody.
  std::optional<platform::Principal> recall(const HttpRequest& request);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    platform::Principal principal;
    Clock::time_point confirmed;
    bool is_asked = false;                ///< The database is being asked anew,
    Clock::time_point asked = {};         ///< since then.
    Clock::time_point excused_until = {};  ///< It could not be asked.
  };
  struct Question {
    std::string digest;
    std::string token;
  };
  static bool holds(const Known& known, Clock::time_point now);
  /// Has a token looked up anew by the thread that does so. Holds the mutex.
  void ask(Known& known, const std::string& digest, std::string_view token);
  /// The principal when nobody need be asked.
  std::optional<platform::Principal> recall_digest(const std::string& digest);
  /// The principal of a token that was good lately, asked for anew; the answer is not waited for without end.
  std::optional<platform::Principal> renew(const std::string& digest, std::string_view token);
  /// Of the thread that asks for what is to be renewed.
  void answer_questions();
  void note_answer(const Question& question, const Result<platform::Principal>& checked, Clock::time_point began);
  void remember(const std::string& digest, const platform::Principal& principal);
  /// SHA-256 in hexadecimal; of a token that came lately it is not computed anew.
  std::string digest_of(std::string_view token);

  const platform::Workspace& workspace_;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
  std::deque<Question> questions_;
  std::condition_variable asked_, answered_;
  bool is_ending_ = false;
  struct Digested {
    std::string token;
    std::string digest;
  };
  const std::uint64_t seed_;  ///< Of the places in `digested_`: a secret of this process.
  std::array<Digested, 64> digested_;
  /// Wrong tokens by address: guessing is hopeless, but it must not keep the database busy either.
  RateLimit failures_{5, 20};
  std::thread asker_;
};

/// 401 with the challenge that RFC 6750 asks for.
HttpResponse unauthorized(std::string_view detail);
/// 429 with Retry-After.
HttpResponse too_many(double seconds, std::string_view detail);

}  // namespace gristmill::server
