// SPDX-License-Identifier: Apache-2.0
// A bare Arrow loop that reads Parquet files and writes them again, with the codec, level and row groups of our dataset
// files: arrow_rewrite OUT_FOLDER FILE... Prints one JSON line.
#include <arrow/array/array_binary.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace {

constexpr std::int64_t row_group_bytes = std::int64_t{16} << 20;
constexpr int zstd_level = 3;

struct Sums {
  std::int64_t rows = 0;
  std::int64_t text_bytes = 0;
};

std::int64_t text_bytes_of(const arrow::RecordBatch& batch) {
  const auto column = batch.GetColumnByName("text");
  if (!column || column->type_id() != arrow::Type::STRING) return 0;
  return static_cast<const arrow::StringArray&>(*column).total_values_length();
}

std::shared_ptr<parquet::WriterProperties> properties() {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(zstd_level);
  builder.disable_dictionary()->max_row_group_length(INT64_MAX);
  for (const auto* name : {"ingestion_id", "origin_uri", "media_type"}) builder.enable_dictionary(name);
  for (const auto* name : {"text", "conversation", "metadata"}) builder.disable_statistics(name);
  return builder.build();
}

arrow::Status rewrite(const std::string& from, const std::string& to, Sums& sums) {
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::io::ReadableFile::Open(from));
  ARROW_ASSIGN_OR_RAISE(auto reader, parquet::arrow::OpenFile(input, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(const auto batches, reader->GetRecordBatchReader());
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::FileOutputStream::Open(to));
  ARROW_ASSIGN_OR_RAISE(const auto writer, parquet::arrow::FileWriter::Open(
                                               *batches->schema(), arrow::default_memory_pool(), output, properties()));
  std::int64_t group_bytes = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, batches->Next());
    if (!batch) break;
    if (group_bytes >= row_group_bytes) {
      ARROW_RETURN_NOT_OK(writer->NewBufferedRowGroup());
      group_bytes = 0;
    }
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
    const auto bytes = text_bytes_of(*batch);
    group_bytes += bytes;
    sums.text_bytes += bytes;
    sums.rows += batch->num_rows();
  }
  ARROW_RETURN_NOT_OK(writer->Close());
  return output->Close();
}

}  // namespace

int main(int count, char** values) {
  Sums sums;
  for (int i = 2; i < count; ++i) {
    const auto status = rewrite(values[i], fmt::format("{}/{:05}.parquet", values[1], i - 2), sums);
    if (!status.ok()) {
      fmt::print(stderr, "{}: {}\n", values[i], status.ToString());
      return 1;
    }
  }
  const double seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  fmt::print(R"({{"rows":{},"text_bytes":{},"cpu_seconds":{:.4f}}})"
             "\n",
             sums.rows, sums.text_bytes, seconds);
  return 0;
}
