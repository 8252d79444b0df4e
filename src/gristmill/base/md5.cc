// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/md5.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace gristmill {

struct Md5::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context, EVP_md5(), nullptr); }
Md5::~Md5() = default;

void Md5::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Md5::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest, &size);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace gristmill
