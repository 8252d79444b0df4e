// SPDX-License-Identifier: Apache-2.0
// Signs the requests that are given one a line in JSON, for comparison with other implementations of the signature.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/io/s3_signature.h"

int main() {
  std::array<char, 65536> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), stdin) != nullptr) {
    std::string line(buffer.data());
    if (line.ends_with('\n')) line.pop_back();
    const auto json = gristmill::Json::parse(line);
    if (!json) return 1;
    gristmill::io::SignedParts parts{.method = (*json)["method"].as_string(),
                                     .path = (*json)["path"].as_string(),
                                     .query = {},
                                     .headers = {},
                                     .payload_hash = (*json)["payload_hash"].as_string()};
    for (const auto& pair : (*json)["query"].items())
      parts.query.emplace_back(pair.items()[0].as_string(), pair.items()[1].as_string());
    for (const auto& pair : (*json)["headers"].items())
      parts.headers[pair.items()[0].as_string()] = pair.items()[1].as_string();
    const gristmill::io::S3Credentials credentials{.access_key = (*json)["access_key"].as_string(),
                                                   .secret_key = (*json)["secret_key"].as_string(),
                                                   .session_token = {}};
    fmt::print("{}\n", gristmill::io::authorization(parts, credentials, (*json)["region"].as_string(),
                                                    (*json)["stamp"].as_string()));
  }
  return 0;
}
