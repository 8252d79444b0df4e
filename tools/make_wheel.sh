#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make_wheel.sh FOLDER: builds the wheel of the Python package with the tools of .venv, so that nothing is downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."
# Warnings are errors as in `make dev`: with the same flags the compiler cache knows most files already.
.venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir "$1" \
  --config-settings cmake.define.GRISTMILL_WERROR=ON .
ls "$1"/gristmill-*.whl
