// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/codec.h"
#include "gristmill/io/file.h"

namespace gristmill::io {

/// Bounds of one archive.
struct ArchiveLimits {
  ExpansionLimits expansion;
  std::size_t members_max = 1'000'000;
};

/// One regular file in an archive.
struct ArchiveMember {
  std::string path;          ///< As the archive has it, in UTF-8; "member-N" where it has none.
  bool is_encrypted = false;
};

/// Members of a .zip or .tar, one after the other, without unpacking to disk.
class Archive {
 public:
  virtual ~Archive() = default;
  /// Moves to the next regular file; nothing at the end. The source of the member before is dead then.
  virtual Result<std::optional<ArchiveMember>> next() = 0;
  /// Content of the current member. Errors as in `decompress`: damage, or a limit passed by the whole archive.
  virtual std::unique_ptr<ByteSource> content() = 0;
};

/// Opens a .zip or .tar file on disk. `where` names it in messages.
Result<std::unique_ptr<Archive>> open_archive_file(const std::string& path, const ArchiveLimits& limits,
                                                   std::string where);
/// Opens an archive that comes as a stream: a .tar or, inside another archive or compression, a .zip.
Result<std::unique_ptr<Archive>> open_archive_stream(std::unique_ptr<ByteSource> source, const ArchiveLimits& limits,
                                                     std::string where);
/// True when the bytes start a .zip, or a .tar (whose mark stands at byte 257).
bool is_archive(std::string_view head) noexcept;

}  // namespace gristmill::io
