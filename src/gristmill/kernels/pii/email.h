// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// The e-mail address around the '@' at `at`: a dot-atom or quoted local part of at most 64 bytes (RFC 5321, 5322),
/// then a domain of two or more labels whose last has letters, or an address literal in brackets. ASCII only. Looks at
/// a bounded stretch before `at`.
///
/// Stricter than the grammar where text would suffer: assignments (`mail='x@y.org'`), paths and queries lose what is
/// not of the address; image names (`logo@2x.png`), package versions and Git remotes are no addresses.
Span find_email(std::string_view text, std::size_t at) noexcept;

}  // namespace gristmill::kernels::pii
