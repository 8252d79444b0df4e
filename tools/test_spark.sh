#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_spark.sh [PYTEST ARGUMENT...]: Spark with Iceberg's runtime, and PyIceberg with its SQL catalog and remote
# signing, against the catalog. The Python packages lie in .venv-spark, the jars (133 MB, of Maven Central, checked by
# their SHA-256) in the user's cache. `--environment` only makes both.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv-spark
jars=${GRISTMILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gristmill}/jars
digest=$(sha256sum tools/requirements-spark.txt | cut -d' ' -f1)
if [ "$(cat $environment/.gristmill-requirements 2>/dev/null)" != "$digest" ]; then
  echo "spark: installing pyspark and PyIceberg in $environment"
  python3 -m venv --clear $environment
  $environment/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements-spark.txt
  echo "$digest" >$environment/.gristmill-requirements
fi

# A jar comes from wherever Maven is configured to look; what it holds is pinned here.
fetch() {
  local name=${1#*:} folder
  name=${name/:/-}.jar
  if [ -f "$jars/$name" ] && echo "$2  $jars/$name" | sha256sum --quiet --check 2>/dev/null; then return 0; fi
  echo "spark: fetching $1"
  folder=$(mktemp -d)
  if mvn --quiet --batch-mode dependency:copy -Dartifact="$1" -DoutputDirectory="$folder" &&
    echo "$2  $folder/$name" | sha256sum --quiet --check; then
    mkdir -p "$jars" && mv "$folder/$name" "$jars/$name"
  else
    echo "spark: $1 cannot be had, or is not the file it should be; what needs it is skipped"
  fi
  rm -rf "$folder"
}
if command -v java >/dev/null && command -v mvn >/dev/null; then
  while read -r artifact sum; do
    fetch "$artifact" "$sum"
  done < <(grep -v '^#' tools/spark_jars.txt)
else
  echo "spark: no java or mvn, so no Spark: apt-get install openjdk-17-jre-headless maven"
fi
[ "${1:-}" != --environment ] || exit 0
exec $environment/bin/python -m pytest -p no:cacheprovider tests/spark "$@"
