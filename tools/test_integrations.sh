#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_integrations.sh [PYTEST ARGUMENT...]: Ray, Spark, DuckDB, Polars and pandas against the built package, and DVC
# and MLflow with its artifacts, in environments of their own (.venv-integrations, .venv-artifact-tools).
# `--environment` only makes the first.
set -euo pipefail
cd "$(dirname "$0")/.."

# make_environment NAME WHAT: from tools/requirements-NAME.txt, anew when that has changed.
make_environment() {
  local environment=.venv-$1 requirements=tools/requirements-$1.txt digest
  digest=$(sha256sum "$requirements" | cut -d' ' -f1)
  [ "$(cat "$environment/.gristmill-requirements" 2>/dev/null)" != "$digest" ] || return 0
  echo "integrations: installing $2 in $environment"
  python3 -m venv --clear "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
  if [ "$1" = integrations ]; then
    echo '../../../../python' >"$(echo "$environment"/lib/python3.*/site-packages)/gristmill.pth"
  fi
  echo "$digest" >"$environment/.gristmill-requirements"
}

make_environment integrations 'Ray, Spark, DuckDB, Polars and pandas'
[ "${1:-}" != --environment ] || exit 0
make_environment artifact-tools 'DVC and MLflow'
command -v java >/dev/null || echo "integrations: no java, so no Spark: apt-get install openjdk-17-jre-headless"
exec .venv-integrations/bin/python -m pytest tests/integrations "$@"
