#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/gristmill/kernels/html_entity_table.inc from the entity list that Python carries (HTML standard, 13.5).

Usage: tools/make_html_entities.py > src/gristmill/kernels/html_entity_table.inc
"""

from html.entities import html5


def main() -> None:
    named = {name[:-1]: text for name, text in html5.items() if name.endswith(";")}
    legacy = {name for name in html5 if not name.endswith(";")}
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Made by tools/make_html_entities.py: {name, UTF-8 text, may stand without a semicolon}, sorted by name.")
    print("// clang-format off")
    line = ""
    for name in sorted(named):
        escaped = "".join(f"\\x{byte:02X}" for byte in named[name].encode())
        entry = f'{{"{name}", "{escaped}", {int(name in legacy)}}},'
        if len(line) + len(entry) > 119:
            print(line)
            line = ""
        line += entry if not line else " " + entry
    print(line)
    print("// clang-format on")


if __name__ == "__main__":
    main()
