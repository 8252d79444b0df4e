// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Bitcoin address whose first digit is at `digit`: base58 with its double SHA-256 check, or bech32 (BIP 173, BIP 350).
Span find_bitcoin(std::string_view text, std::size_t digit);
/// Ethereum address whose "0x" starts at `digit`; in mixed case its check of EIP-55 must hold.
Span find_ethereum(std::string_view text, std::size_t digit) noexcept;

}  // namespace gristmill::kernels::pii
