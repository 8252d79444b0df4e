#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run_tidy.sh [all]: clang-tidy on the .cc files that differ from main, or on all. Installs its pinned wheel on first
# use, since it is large and nobody else needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
version=23.1.4
if [[ "$(.venv/bin/clang-tidy --version 2>/dev/null)" != *"$version"* ]]; then
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "clang-tidy==$version"
fi
if [ -n "${1:-}" ]; then
  files=$(git ls-files 'src/*.cc' 'apps/*.cc')
else
  base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  files=$(git diff --name-only --diff-filter=d "$base" -- 'src/*.cc' 'apps/*.cc'
    git ls-files --others --exclude-standard -- 'src/*.cc' 'apps/*.cc')
fi
[ -n "$files" ] || { echo "tidy: no file changed"; exit 0; }
# shellcheck disable=SC2086
.venv/bin/clang-tidy -p build/dev --quiet --warnings-as-errors='*' $files
