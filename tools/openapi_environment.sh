#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the server's API is fuzzed with in an environment of its own (.venv-openapi): schemathesis and the
# parser of Prometheus. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv-openapi
digest=$(sha256sum tools/requirements-openapi.txt | cut -d' ' -f1)
[ "$(cat $environment/.gristmill-requirements 2>/dev/null)" != "$digest" ] || exit 0
python3 -m venv --clear $environment
$environment/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements-openapi.txt
echo "$digest" >"$environment/.gristmill-requirements"
