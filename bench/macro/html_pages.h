// SPDX-License-Identifier: Apache-2.0
// What the programs that measure extract.html share.
#pragma once

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gristmill/kernels/utf8.h"

/// CPU time of this thread.
inline double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// A page, and what the operator made of it.
struct Page {
  std::string html;
  std::string text;
  std::string verdict;
};

/// The pages that a file lists, a path a line (UTF-8, uncompressed).
inline std::vector<Page> read_pages(const char* list_path) {
  std::vector<Page> pages;
  std::ifstream list(list_path);
  std::string path;
  while (std::getline(list, path)) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    pages.push_back({gristmill::kernels::replace_invalid_utf8(bytes.str()), {}, {}});
  }
  return pages;
}
