// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gristmill/formats/http_message.h"
#include "gristmill/formats/json_scanner.h"
#include "gristmill/formats/page.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/warc_framer.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

/// Media type that documents get for a payload type; empty for payloads that are no text.
std::string_view text_type(std::string_view type) {
  if (type == "text/html" || type == "application/xhtml+xml" || type == "application/vnd.wap.xhtml+xml")
    return "text/html";
  if (type == "text/plain") return "text/plain";
  if (type == "text/markdown" || type == "text/x-markdown") return "text/markdown";
  return {};
}

/// For payloads that nobody gave a type.
std::string_view sniffed_type(std::string_view body) {
  switch (sniff_format(body.substr(0, 1024))) {
    case RawFormat::html: return "text/html";
    case RawFormat::text: return "text/plain";
    default: return {};
  }
}

/// Collects the members of a metadata object.
class MetadataObject {
 public:
  void clear() { json_.clear(); }
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    open(name);
    if (kernels::is_valid_utf8(value)) {
      append_json_string(json_, value);
    } else {
      append_json_string(json_, kernels::replace_invalid_utf8(value));
    }
  }
  void add_plain(std::string_view name, std::string_view json) {
    open(name);
    json_ += json;
  }
  std::string_view finish() {
    if (!json_.empty()) json_ += '}';
    return json_;
  }

 private:
  void open(std::string_view name) {
    json_ += json_.empty() ? "{\"" : ",\"";
    json_ += name;
    json_ += "\":";
  }
  std::string json_;
};

/// Records of WARC, WET and ARC files; pages and texts become documents, everything else is counted as skipped.
class WarcReader final : public StreamReader {
 public:
  explicit WarcReader(StreamInput input)
      : StreamReader(std::move(input)), framer_(window(), input_.limits.document_bytes_max) {}

 protected:
  bool next(data::Batch& batch) override {
    // The frame is found before it is known where it starts; what starts behind this piece belongs to the next one.
    if (!framer_.next(frame_) || frame_.stream_offset >= input_.end) return false;
    if (frame_.fault != WarcFrame::Fault::none) {
      report(batch);
    } else if (frame_.is_arc) {
      read_arc(batch);
    } else {
      read_warc(batch);
    }
    return true;
  }

  bool recover() override { return window().resume_at_member("WARC/"); }

 private:
  void fault(data::Batch& batch, std::string_view reason, std::string message, std::string_view bytes) {
    quarantine(batch, frame_.offset,
               {reason, fmt::format("record at byte {}: {}", frame_.offset, message), bytes, frame_.offset_in_member});
  }

  void report(data::Batch& batch) {
    switch (frame_.fault) {
      case WarcFrame::Fault::no_record:
        return fault(batch, "reader.warc.no_record", "no record starts here", frame_.damaged);
      case WarcFrame::Fault::bad_header:
        return fault(batch, "reader.warc.bad_header", "its header has no usable Content-Length", frame_.damaged);
      case WarcFrame::Fault::bad_length:
        return fault(batch, "reader.warc.bad_length",
                     fmt::format("Content-Length {} is wrong: no record follows there", frame_.length), frame_.damaged);
      case WarcFrame::Fault::truncated:
        return fault(batch, "reader.warc.truncated", "the file ends inside this record", frame_.damaged);
      case WarcFrame::Fault::none: return;
    }
  }

  void read_arc(data::Batch& batch) {
    ArcHeader header;
    parse_arc_header(frame_.head.substr(0, frame_.head.size() - 1), header);
    if (header.url.starts_with("filedesc://")) return skip("arc.filedesc");
    metadata_.clear();
    metadata_.add("arc_date", header.date);
    metadata_.add("ip_address", header.ip);
    url_ = header.url;
    identified_ = {};
    read_response(batch, header.content_type);
  }

  void read_warc(data::Batch& batch) {
    fields_.parse(frame_.head);
    const auto type = fields_.find("WARC-Type");
    const bool is_http = frame_.block.size() >= 5 && equals_ignoring_case(frame_.block.substr(0, 5), "HTTP/");
    const bool is_response = equals_ignoring_case(type, "response") || (type.empty() && (is_http || frame_.is_large));
    const bool is_conversion = equals_ignoring_case(type, "conversion");
    const bool is_resource = equals_ignoring_case(type, "resource");
    if (!is_response && !is_conversion && !is_resource) return skip_type(type);
    fill_metadata(type);
    const auto content_type = fields_.find("Content-Type");
    if (is_response) return read_response(batch, is_http ? std::string_view() : content_type);
    if (frame_.is_large) return too_large(batch);
    HttpResponse response;
    response.body = frame_.block;
    add_page(batch, response, content_type);
  }

  void skip_type(std::string_view type) {
    constexpr std::array<std::string_view, 5> known{"warcinfo", "request", "metadata", "revisit", "continuation"};
    for (const auto name : known) {
      if (equals_ignoring_case(type, name)) return skip("warc." + std::string(name));
    }
    skip(type.empty() ? "warc.no_type" : "warc.unknown_type");
  }

  void fill_metadata(std::string_view type) {
    url_ = fields_.find("WARC-Target-URI");
    // Some writers put the address in angle brackets, as the grammar of the standard once had it.
    if (url_.starts_with('<') && url_.ends_with('>')) url_ = url_.substr(1, url_.size() - 2);
    identified_ = fields_.find("WARC-Identified-Payload-Type");
    metadata_.clear();
    metadata_.add("warc_type", type);
    metadata_.add("warc_record_id", fields_.find("WARC-Record-ID"));
    metadata_.add("warc_date", fields_.find("WARC-Date"));
    metadata_.add("warc_ip_address", fields_.find("WARC-IP-Address"));
    metadata_.add("warc_truncated", fields_.find("WARC-Truncated"));
    metadata_.add("warc_refers_to", fields_.find("WARC-Refers-To"));
    metadata_.add("warc_identified_payload_type", identified_);
    metadata_.add("warc_identified_content_language", fields_.find("WARC-Identified-Content-Language"));
  }

  void too_large(data::Batch& batch) {
    fault(batch, "reader.warc.too_large",
          fmt::format("{} bytes of content, more than [limits] document = {}", frame_.length,
                      input_.limits.document_bytes_max),
          frame_.is_large ? std::string_view(frame_.damaged) : frame_.block.substr(0, kept_bytes_max));
  }

  void read_response(data::Batch& batch, std::string_view record_type) {
    if (frame_.is_large) return too_large(batch);
    HttpResponse& response = response_;
    if (!parse_http_response(frame_.block, response)) {
      // A payload without its HTTP header: the record's own type says what it is.
      response = {};
      response.body = frame_.block;
      return add_page(batch, response, record_type);
    }
    decoder_.decode(response, input_.limits.document_bytes_max);
    if (decoder_.content == Decoding::unsupported) return skip("warc.content_encoding_unsupported");
    if (response.status != 0) metadata_.add_plain("http_status", fmt::format("{}", response.status));
    if (decoder_.transfer == Decoding::damaged) metadata_.add_plain("http_chunks_damaged", "true");
    if (decoder_.content == Decoding::damaged) metadata_.add_plain("http_content_damaged", "true");
    add_page(batch, response, response.fields.find("Content-Type"));
  }

  void add_page(data::Batch& batch, const HttpResponse& response, std::string_view declared) {
    if (response.body.empty()) return skip("warc.empty_payload");
    const auto content_type = parse_content_type(declared);
    const auto known = identified_.empty() ? content_type.type : parse_content_type(identified_).type;
    const bool has_type = known.find('/') != std::string::npos && known != "unknown/unknown" &&
                          known != "application/http";
    const auto media_type = has_type ? text_type(known) : sniffed_type(response.body);
    if (media_type.empty()) return skip("warc.payload_not_text");
    auto document = input_.origin.document(frame_.offset, frame_.offset_in_member);
    const auto page = store_page(batch, response.body, content_type.charset, media_type == "text/html");
    if (!page) return fault(batch, "reader.warc.charset", page.error().message, frame_.block);
    document.text = page->text;
    document.media_type = media_type;
    document.url = store_text(batch, url_);
    metadata_.add("content_type", declared);
    if (page->charset != "utf-8") metadata_.add("charset", page->charset);
    if (page->is_lossy) metadata_.add_plain("charset_lossy", "true");
    document.metadata = batch.arena.copy(metadata_.finish());
    Origin::append(batch, document);
  }

  static std::string_view store_text(data::Batch& batch, std::string_view bytes) {
    if (kernels::is_valid_utf8(bytes)) return batch.arena.copy(bytes);
    return batch.arena.copy(kernels::replace_invalid_utf8(bytes));
  }

  WarcFramer framer_;
  WarcFrame frame_;
  HeaderFields fields_;
  HttpResponse response_;
  BodyDecoder decoder_;
  MetadataObject metadata_;
  std::string_view url_;
  std::string_view identified_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_warc_reader(StreamInput input) {
  return std::make_unique<WarcReader>(std::move(input));
}

}  // namespace gristmill::formats
