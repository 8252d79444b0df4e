// SPDX-License-Identifier: Apache-2.0
// Any bytes are scanned as a segment of the feedback log: frames and gaps lie within the bytes, in order, and no byte
// between the first frame and the end is passed over in silence. Checksums are put right in a second pass.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "gristmill/base/hash.h"
#include "gristmill/feedback/segment.h"

namespace {

using namespace gristmill;

void exercise(const std::string& bytes) {
  const auto scan = feedback::scan_segment(bytes);
  std::uint64_t covered = scan.has_head ? feedback::segment_head_bytes : 0;
  std::uint64_t sequence = 0;
  if (scan.offsets.size() != scan.frames.size()) std::abort();
  for (std::size_t i = 0; i < scan.frames.size(); ++i) {
    const auto& frame = scan.frames[i];
    if (frame.sequence <= sequence || frame.payload.empty()) std::abort();
    if (scan.offsets[i] + feedback::frame_head_bytes + frame.payload.size() > bytes.size()) std::abort();
    sequence = frame.sequence;
    covered += feedback::frame_head_bytes + frame.payload.size();
  }
  for (const auto& gap : scan.gaps) {
    if (gap.bytes == 0 || gap.offset + gap.bytes > bytes.size()) std::abort();
    covered += gap.bytes;
  }
  if (covered > bytes.size()) std::abort();
}

/// Makes every mark of a frame the head of one.
void repair(std::string& bytes) {
  for (auto at = bytes.find("GMFR"); at != std::string::npos; at = bytes.find("GMFR", at + 1)) {
    if (at + feedback::frame_head_bytes > bytes.size()) return;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at + 4, sizeof size);
    const auto payload = std::string_view(bytes).substr(at + feedback::frame_head_bytes, size);
    const auto payload_checksum = xxh3_64(payload);
    std::memcpy(bytes.data() + at + 56, &payload_checksum, sizeof payload_checksum);
    const auto checksum = xxh3_64(std::string_view(bytes).substr(at, 64));
    std::memcpy(bytes.data() + at + 64, &checksum, sizeof checksum);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  exercise(bytes);
  repair(bytes);
  exercise(bytes);
  return 0;
}
