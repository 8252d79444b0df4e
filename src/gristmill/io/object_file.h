// SPDX-License-Identifier: Apache-2.0
// What file.h promises, for `s3://` paths.
#pragma once

#include "gristmill/io/file.h"

namespace gristmill::io {

Result<std::unique_ptr<ByteSource>> open_object(const std::string& path, std::uint64_t offset);
Result<std::string> read_object(const std::string& path, std::uint64_t bytes_max);
Result<std::string> read_object_range(const std::string& path, std::uint64_t offset, std::size_t size);
/// Size and etag of an object.
Result<FileEntry> find_object(const std::string& path);
Result<std::unique_ptr<FileSink>> create_object(const std::string& path, Existing existing);
Status list_objects(const std::string& folder, const std::set<std::string>& except, std::vector<FileEntry>& entries);
Status remove_objects(const std::vector<std::string>& paths);
Status abort_uploads(const std::string& folder);
Status check_object_commits(const std::string& folder);

}  // namespace gristmill::io
