// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_xml.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <pugixml.hpp>

#include "gristmill/base/clock.h"
#include "gristmill/io/object_path.h"

namespace gristmill::io {
namespace {

/// Parses a document whose root must have one of the names that servers give it.
Status load(pugi::xml_document& document, std::string_view xml, std::string_view root) {
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return corrupt_data(
        fmt::format("the server's answer is not well-formed XML: {} at byte {}", parsed.description(), parsed.offset));
  if (root == document.document_element().name()) return {};
  return corrupt_data(fmt::format("the server answered with <{}> where <{}> belongs",
                                  std::string_view(document.document_element().name()).substr(0, 80), root));
}

std::string text_of(const pugi::xml_node& node, const char* name) { return node.child(name).child_value(); }

Result<std::uint64_t> number_of(const pugi::xml_node& node, const char* name) {
  const std::string_view text = node.child(name).child_value();
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || text.empty())
    return corrupt_data(fmt::format("the server's listing says <{}>{}</{}>", name, text.substr(0, 80), name));
  return value;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    switch (byte) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '\r': result += "&#13;"; break;
      case '\n': result += "&#10;"; break;
      case '\t': result += "&#9;"; break;
      default: result += byte;
    }
  }
  return result;
}

S3Fault fault_of(const pugi::xml_node& node) {
  return {text_of(node, "Code").substr(0, 100), text_of(node, "Message").substr(0, 500),
          text_of(node, "Region").substr(0, 100)};
}

}  // namespace

Result<ListPage> parse_list_page(std::string_view xml) {
  pugi::xml_document document;
  GRISTMILL_RETURN_IF_ERROR(load(document, xml, "ListBucketResult"));
  const auto root = document.document_element();
  const bool is_escaped = text_of(root, "EncodingType") == "url";
  ListPage page;
  for (const auto& node : root.children("Contents")) {
    auto key = text_of(node, "Key");
    if (key.empty()) return corrupt_data("the server's listing holds an object without a key");
    GRISTMILL_TRY(const auto bytes, number_of(node, "Size"));
    // What has no age that can be told counts as new: nothing is swept for an age that it may not have.
    const auto modified = parse_iso8601(text_of(node, "LastModified"));
    page.objects.push_back({is_escaped ? percent_decode(key) : std::move(key), bytes,
                            modified.value_or(std::numeric_limits<std::int64_t>::max()), text_of(node, "ETag")});
  }
  if (text_of(root, "IsTruncated") == "true") {
    page.next_token = text_of(root, "NextContinuationToken");
    if (page.next_token.empty())
      return corrupt_data("the server's listing is cut short and does not say where it goes on");
  }
  return page;
}

S3Fault parse_fault(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml, "Error")) return {};
  return fault_of(document.document_element());
}

Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  GRISTMILL_RETURN_IF_ERROR(load(document, xml, "InitiateMultipartUploadResult"));
  auto id = text_of(document.document_element(), "UploadId");
  if (id.empty()) return corrupt_data("the server began a multipart upload without an id");
  return id;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_uploads(std::string_view xml) {
  pugi::xml_document document;
  GRISTMILL_RETURN_IF_ERROR(load(document, xml, "ListMultipartUploadsResult"));
  const auto root = document.document_element();
  const bool is_escaped = text_of(root, "EncodingType") == "url";
  std::vector<std::pair<std::string, std::string>> uploads;
  for (const auto& node : root.children("Upload")) {
    const auto key = text_of(node, "Key");
    uploads.emplace_back(is_escaped ? percent_decode(key) : key, text_of(node, "UploadId"));
  }
  return uploads;
}

Result<std::vector<std::string>> parse_deletion(std::string_view xml) {
  pugi::xml_document document;
  const auto flags = pugi::parse_default | pugi::parse_doctype | pugi::parse_pi;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), flags, pugi::encoding_utf8);
  const auto root = document.document_element();
  // Readers differ in what they make of anything but this, and what is signed must mean one thing to all.
  const bool is_plain = parsed && std::string_view(root.name()) == "Delete" && document.first_child() == root &&
                        document.last_child() == root;
  if (!is_plain) return invalid_argument("the body is not a plain <Delete>");
  std::vector<std::string> keys;
  for (const auto& node : root.children()) {
    const std::string_view name = node.name();
    if (name == "Quiet") continue;
    const auto key = node.first_child();
    const auto text = key.first_child();
    if (name != "Object" || std::string_view(key.name()) != "Key" || key.next_sibling() || !text ||
        text.next_sibling() || text.type() != pugi::node_pcdata)
      return invalid_argument("the body holds something beside the keys of objects");
    keys.emplace_back(text.value());
  }
  if (keys.empty()) return invalid_argument("the body names no object");
  return keys;
}

Result<std::vector<std::pair<std::string, S3Fault>>> parse_delete_result(std::string_view xml) {
  pugi::xml_document document;
  GRISTMILL_RETURN_IF_ERROR(load(document, xml, "DeleteResult"));
  std::vector<std::pair<std::string, S3Fault>> faults;
  for (const auto& node : document.document_element().children("Error")) {
    auto fault = fault_of(node);
    if (fault.code != "NoSuchKey") faults.emplace_back(text_of(node, "Key"), std::move(fault));
  }
  return faults;
}

std::string complete_upload_xml(const std::vector<UploadedPart>& parts) {
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    xml += fmt::format("<Part><ChecksumCRC32>{}</ChecksumCRC32><ETag>{}</ETag><PartNumber>{}</PartNumber></Part>",
                       parts[i].crc32, escaped(parts[i].etag), i + 1);
  }
  return xml + "</CompleteMultipartUpload>";
}

std::string delete_xml(const std::vector<std::string>& keys) {
  std::string xml = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const auto& key : keys) xml += fmt::format("<Object><Key>{}</Key></Object>", escaped(key));
  return xml + "</Delete>";
}

}  // namespace gristmill::io
