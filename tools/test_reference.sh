#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_reference.sh [PYTEST ARGUMENT...]: Iceberg's own test server and ours get the same requests and must agree. Its
# jars come from Maven Central into build/reference, about 90 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in javac mvn; do
  command -v $program >/dev/null && continue
  echo "reference: no $program: apt-get install openjdk-17-jdk-headless maven"
  exit 0
done
jars=$PWD/build/reference
digest=$(sha256sum tests/reference/pom.xml | cut -d' ' -f1)
if [ "$(cat "$jars/.digest" 2>/dev/null)" != "$digest" ]; then
  echo "reference: fetching Iceberg's test server"
  rm -rf "$jars"
  mvn --quiet --batch-mode -f tests/reference/pom.xml dependency:copy-dependencies -DoutputDirectory="$jars"
  echo "$digest" >"$jars/.digest"
fi
GRISTMILL_REFERENCE_JARS=$jars exec .venv/bin/python -m pytest -p no:cacheprovider tests/reference "$@"
