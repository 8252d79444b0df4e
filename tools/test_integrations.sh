#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_integrations.sh [PYTEST ARGUMENT...]: Ray, Spark, DuckDB, Polars and pandas against the built package, in an
# environment of their own (.venv-integrations). `--environment` only makes that.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv-integrations
digest=$(sha256sum tools/requirements-integrations.txt | cut -d' ' -f1)
if [ "$(cat $environment/.gristmill-requirements 2>/dev/null)" != "$digest" ]; then
  echo "integrations: installing Ray, Spark, DuckDB, Polars and pandas in $environment"
  python3 -m venv --clear $environment
  $environment/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements-integrations.txt
  echo '../../../../python' >"$(echo $environment/lib/python3.*/site-packages)/gristmill.pth"
  echo "$digest" >$environment/.gristmill-requirements
fi
[ "${1:-}" != --environment ] || exit 0
command -v java >/dev/null || echo "integrations: no java, so no Spark: apt-get install openjdk-17-jre-headless"
exec $environment/bin/python -m pytest tests/integrations "$@"
