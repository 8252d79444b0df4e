// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// How work on artifacts is done.
struct ArtifactWork {
  int threads = 1;
  const std::atomic<bool>* stop = nullptr;
  bool follows_links = false;
};

/// Does numbered pieces of work on some threads; the first error, or the wish to stop, ends all.
Status for_each_piece(std::size_t count, const ArtifactWork& work,
                      const std::function<Status(std::size_t index, int thread)>& one);

/// An open file that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace gristmill::store
