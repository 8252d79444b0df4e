// SPDX-License-Identifier: Apache-2.0
// Files for Arrow's readers. For .cc files of this layer only (it shows Arrow headers).
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>

#include <memory>
#include <string>

#include "gristmill/base/result.h"

namespace gristmill::formats {

/// Opens a local file or an object for random access. `not_found` when it is missing. Faults of the object store come
/// through Arrow as they are (see fault_in).
Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_arrow_input(const std::string& path, arrow::MemoryPool* pool);

}  // namespace gristmill::formats
