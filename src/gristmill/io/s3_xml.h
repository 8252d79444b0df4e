// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::io {

/// An object as a listing names it.
struct ListedObject {
  std::string key;
  std::uint64_t bytes = 0;
  std::int64_t modified_ms = 0;
  std::string etag;
};

/// One page of ListObjectsV2.
struct ListPage {
  std::vector<ListedObject> objects;
  std::string next_token;  ///< Empty on the last page.
};

/// Why a server refused; all empty when the document is no S3 error.
struct S3Fault {
  std::string code;
  std::string message;
  std::string region;  ///< Where the bucket is, when that was wrong.
};

/// A part of a multipart upload as the server took it.
struct UploadedPart {
  std::string etag;
  std::string crc32;  ///< Base64, as it was sent.
};

Result<ListPage> parse_list_page(std::string_view xml);
/// Never fails: what is no error document gives an empty fault.
S3Fault parse_fault(std::string_view xml);
/// The upload id of the answer to CreateMultipartUpload.
Result<std::string> parse_upload_id(std::string_view xml);
/// Key and upload id of uploads that were begun and neither completed nor aborted.
Result<std::vector<std::pair<std::string, std::string>>> parse_uploads(std::string_view xml);
/// Key and fault of what a batch could not delete; objects that were gone already are none of it.
Result<std::vector<std::pair<std::string, S3Fault>>> parse_delete_result(std::string_view xml);

/// The keys in a request to delete many objects; versions of objects, and anything else, are refused.
Result<std::vector<std::string>> parse_deletion(std::string_view xml);
std::string complete_upload_xml(const std::vector<UploadedPart>& parts);
std::string delete_xml(const std::vector<std::string>& keys);

}  // namespace gristmill::io
