// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

using Ipv6Bytes = std::array<std::uint8_t, 16>;

/// True for addresses that can belong to a machine on the public internet: not private, loopback, link-local, shared,
/// documentation, multicast or reserved (IANA special-purpose registries, RFC 6890).
bool is_public_ipv4(std::uint32_t address) noexcept;
bool is_public_ipv6(const Ipv6Bytes& address) noexcept;

/// Parses all of `text` as four decimal numbers 0..255 without leading zeros.
bool parse_ipv4(std::string_view text, std::uint32_t& address) noexcept;
/// Parses all of `text` in any form of RFC 4291 section 2.2: full, with `::`, with a dotted IPv4 tail.
bool parse_ipv6(std::string_view text, Ipv6Bytes& address) noexcept;

/// The IPv4 address whose first digit is at `begin`; version numbers and section numbers are none.
Span find_ipv4(std::string_view text, std::size_t begin, bool is_public_only) noexcept;
/// The IPv6 address that has the ':' at `colon`. Looks at a bounded stretch around it.
Span find_ipv6(std::string_view text, std::size_t colon, bool is_public_only) noexcept;
/// The hardware address (IEEE 802) of six pairs whose first pair ends at `separator`, a ':' or '-'; neither all zeros
/// nor all ones.
Span find_mac_address(std::string_view text, std::size_t separator) noexcept;

}  // namespace gristmill::kernels::pii
