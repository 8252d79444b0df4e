// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace gristmill::store {

/// Sizes of content-defined chunks. Where a chunk ends depends on the bytes around its end only, so that bytes put in
/// or taken out move no boundary beyond the next one. Measured on checkpoints and corpora: smaller chunks find hardly
/// more repeats once neighbours of a change are compared byte by byte (artifact_changes.h), and cost an index entry
/// each.
inline constexpr std::size_t chunk_bytes_min = std::size_t{128} << 10;
inline constexpr std::size_t chunk_bytes_mean = std::size_t{512} << 10;
inline constexpr std::size_t chunk_bytes_max = std::size_t{2} << 20;

/// Length of the first chunk of `bytes`. The caller hands over chunk_bytes_max bytes or all that are left. A gear hash
/// (Xia et al., FastCDC, 2016) with two masks: boundaries are rarer before the mean size and more frequent behind it.
std::size_t chunk_length(std::string_view bytes) noexcept;

}  // namespace gristmill::store
