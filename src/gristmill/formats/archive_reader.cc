// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "gristmill/formats/raw_formats.h"
#include "gristmill/io/archive.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

using Reader = std::unique_ptr<DocumentReader>;

/// What some systems add to archives by themselves.
bool is_system_file(std::string_view path) {
  const auto slash = path.rfind('/');
  const auto base = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  return path.starts_with("__MACOSX/") || base.starts_with("._") || base == ".DS_Store" || base == "Thumbs.db";
}

/// The members of an archive, one reader after the other.
class ArchiveReader final : public DocumentReader {
 public:
  ArchiveReader(std::unique_ptr<io::Archive> archive, StreamInput input, const RawInput& raw, std::string member,
                int depth)
      : archive_(std::move(archive)),
        origin_(std::move(input.origin)),
        raw_(raw),
        member_(std::move(member)),
        depth_(depth) {}

  Result<bool> read(data::Batch& batch) override {
    while (!is_done_ || current_ != nullptr) {
      if (current_ != nullptr) {
        GRISTMILL_TRY(const bool has_more, current_->read(batch));
        if (has_more) return true;
        leave_member();
        continue;
      }
      const auto casualties = batch.casualties.size();
      GRISTMILL_RETURN_IF_ERROR(open_next(batch));
      if (batch.casualties.size() > casualties) return true;
    }
    return false;
  }

  [[nodiscard]] std::map<std::string, std::int64_t> skipped() const override {
    auto sum = skipped_;
    if (current_ != nullptr) add(sum, current_->skipped());
    return sum;
  }

 private:
  static void add(std::map<std::string, std::int64_t>& sum, const std::map<std::string, std::int64_t>& more) {
    for (const auto& [reason, count] : more) sum[reason] += count;
  }

  void leave_member() {
    add(skipped_, current_->skipped());
    current_.reset();
  }

  void fault(data::Batch& batch, const Origin& origin, std::string_view reason, std::string message) {
    auto stamped = origin;
    stamped.enter(batch);
    stamped.quarantine(batch, 0, {reason, std::move(message), {}});
  }

  Status open_next(data::Batch& batch) {
    auto member = archive_->next();
    if (!member) {
      is_done_ = true;
      const auto& error = member.error();
      if (error.code != ErrorCode::corrupt_data && error.code != ErrorCode::limit_exceeded) return error;
      const bool is_limit = error.code == ErrorCode::limit_exceeded;
      fault(batch, origin_, is_limit ? "reader.archive.limit_exceeded" : "reader.archive.corrupt", error.message);
      return {};
    }
    if (!member->has_value()) {
      is_done_ = true;
      return {};
    }
    return open_member(batch, **member);
  }

  Status open_member(data::Batch& batch, const io::ArchiveMember& member) {
    const auto name = kernels::replace_invalid_utf8(member.path);
    if (is_system_file(name)) return skip("archive.system_file");
    const auto path = member_path(member_, name);
    Origin origin(raw_, path);
    if (member.is_encrypted) {
      fault(batch, origin, "reader.archive.encrypted", fmt::format("{}: the member is encrypted", origin.uri()));
      return {};
    }
    StreamInput input{.window = std::make_unique<io::ByteWindow>(archive_->content()),
                      .origin = std::move(origin),
                      .fields = raw_.fields,
                      .limits = raw_.limits,
                      .name = name,
                      .path = {}};
    auto opened = open_stream(std::move(input), raw_, path, depth_ + 1);
    if (!opened && opened.error().code == ErrorCode::invalid_argument) return skip("archive.unknown_format");
    if (!opened) return opened.error();
    current_ = *std::move(opened);
    return {};
  }

  Status skip(const std::string& reason) {
    ++skipped_[reason];
    return {};
  }

  std::unique_ptr<io::Archive> archive_;
  Origin origin_;
  RawInput raw_;
  std::string member_;
  int depth_;
  Reader current_;
  std::map<std::string, std::int64_t> skipped_;
  bool is_done_ = false;
};

}  // namespace

Result<Reader> make_archive_reader(StreamInput input, const RawInput& raw, std::string member, int depth) {
  if (depth >= raw.limits.archive_depth_max) {
    auto message = fmt::format("archive within more than {} archives", raw.limits.archive_depth_max);
    return make_fault_reader(std::move(input), "reader.archive.too_deep", std::move(message));
  }
  const io::ArchiveLimits limits{expansion_limits(raw.limits), raw.limits.archive_members_max};
  const auto uri = input.origin.uri();
  auto archive = input.path.empty() ? io::open_archive_stream(io::read_window(std::move(input.window)), limits, uri)
                                    : io::open_archive_file(input.path, limits, uri);
  if (!archive) {
    const auto& error = archive.error();
    if (error.code != ErrorCode::corrupt_data && error.code != ErrorCode::limit_exceeded) return error;
    // The stream was given away: an empty one carries the casualty.
    input.window = std::make_unique<io::ByteWindow>(io::empty_source());
    return make_fault_reader(std::move(input), "reader.archive.corrupt", error.message);
  }
  return Reader(std::make_unique<ArchiveReader>(*std::move(archive), std::move(input), raw, std::move(member), depth));
}

}  // namespace gristmill::formats
