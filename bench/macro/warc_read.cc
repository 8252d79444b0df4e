// SPDX-License-Identifier: Apache-2.0
// Reads raw files and prints what was found and what it cost, as one JSON line: warc_read FILE...
// With --frames only cuts the records of .warc.gz files, as a record iterator does.
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <string_view>

#include "gristmill/formats/reader.h"
#include "gristmill/formats/warc_framer.h"
#include "gristmill/io/byte_window.h"

using namespace gristmill;

namespace {

struct Sums {
  std::int64_t records = 0, documents = 0, casualties = 0, text_bytes = 0, content_bytes = 0;
};

Status read_documents(const std::string& path, Sums& sums) {
  formats::RawInput input;
  input.path = input.origin_uri = input.name = path;
  GRISTMILL_TRY(auto reader, formats::open_raw(input));
  data::Batch batch;
  while (true) {
    batch.clear();
    GRISTMILL_TRY(const bool has_more, reader->read(batch));
    sums.documents += static_cast<std::int64_t>(batch.documents.size());
    sums.casualties += static_cast<std::int64_t>(batch.casualties.size());
    sums.records += static_cast<std::int64_t>(batch.documents.size() + batch.casualties.size());
    sums.text_bytes += static_cast<std::int64_t>(batch.text_bytes);
    if (!has_more) break;
  }
  for (const auto& [reason, count] : reader->skipped()) sums.records += count;
  return {};
}

Status read_frames(const std::string& path, Sums& sums) {
  GRISTMILL_TRY(auto source, io::open_file(path));
  auto window = path.ends_with(".gz") ? io::ByteWindow(io::open_gzip_members(std::move(source), {}, path))
                                      : io::ByteWindow(std::move(source));
  formats::WarcFramer framer(window, formats::Limits().document_bytes_max);
  formats::WarcFrame frame;
  while (framer.next(frame)) {
    ++sums.records;
    sums.content_bytes += static_cast<std::int64_t>(frame.length);
    if (frame.fault != formats::WarcFrame::Fault::none) ++sums.casualties;
  }
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  Sums sums;
  bool only_frames = false;
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]) == "--frames") {
      only_frames = true;
      continue;
    }
    const auto status = only_frames ? read_frames(arguments[i], sums) : read_documents(arguments[i], sums);
    if (!status) {
      fmt::print(stderr, "{}\n", status.error().message);
      return 1;
    }
  }
  const double seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  fmt::print(
      R"({{"records":{},"documents":{},"casualties":{},"text_bytes":{},"content_bytes":{},"cpu_seconds":{:.4f}}})"
      "\n",
      sums.records, sums.documents, sums.casualties, sums.text_bytes, sums.content_bytes, seconds);
  return 0;
}
