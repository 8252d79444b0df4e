// SPDX-License-Identifier: Apache-2.0
#include "certificate_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

namespace gristmill::server {
namespace {

constexpr auto look_every = std::chrono::milliseconds(500);

/// What changes when a file is written or replaced; empty while there is none.
std::string state_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return fmt::format("{} {} {} {}.{}", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

}  // namespace

CertificateWatch::CertificateWatch(Listener& listener, const ListenerOptions& options,
                                   std::function<void(const std::string& line)> warn)
    : listener_(listener),
      certificate_file_(options.certificate_file),
      key_file_(options.key_file),
      warn_(std::move(warn)),
      loaded_(state()),
      seen_(loaded_),
      looked_at_(std::chrono::steady_clock::now()) {}

void CertificateWatch::look() {
  const auto now = std::chrono::steady_clock::now();
  if (certificate_file_.empty() || now < looked_at_ + look_every) return;
  looked_at_ = now;
  const bool is_at_rest = std::exchange(seen_, state()) == seen_;
  if (!is_at_rest || seen_ == loaded_) return;
  loaded_ = seen_;
  const auto renewed = listener_.renew_certificate();
  if (!renewed && warn_) warn_("the certificate before goes on: " + renewed.error().message);
}

std::string CertificateWatch::state() const {
  return certificate_file_.empty() ? std::string() : state_of(certificate_file_) + "\n" + state_of(key_file_);
}

}  // namespace gristmill::server
