// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/attempt_files.h"

#include "gristmill/io/file.h"
#include "gristmill/store/location.h"

namespace gristmill::store {

AttemptFiles::~AttemptFiles() {
  // A file that stays is an orphan, which harms nobody.
  (void)io::remove_files(paths_);
}

Status AttemptFiles::write(const std::string& location, std::string_view bytes) {
  GRISTMILL_TRY(auto path, path_of(location));
  GRISTMILL_RETURN_IF_ERROR(io::check_commits(path.substr(0, path.rfind('/'))));
  paths_.push_back(path);
  // Names are unique: a file that is there already is another's, or the name was not as unique as it should be.
  return io::write_file(path, bytes, io::Existing::refused);
}

}  // namespace gristmill::store
