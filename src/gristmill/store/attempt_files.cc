// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/attempt_files.h"

#include <unistd.h>

#include "gristmill/io/file.h"
#include "gristmill/store/location.h"

namespace gristmill::store {

AttemptFiles::~AttemptFiles() {
  // A file that stays is an orphan, which harms nobody.
  for (const auto& path : paths_) ::unlink(path.c_str());
}

Status AttemptFiles::write(const std::string& location, std::string_view bytes) {
  GRISTMILL_TRY(auto path, path_of(location));
  paths_.push_back(path);
  return io::write_file(path, bytes);
}

}  // namespace gristmill::store
