#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh PRESET GROUP...: runs the groups `fast` and `full`, or the tests whose name fits an expression,
# one group after the other, and ends with the line 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
passed=0 failed=0 skipped=0
for group in "$@"; do
  case $group in
    fast | full) selection=(-L "^$group\$") ;;
    *) selection=(-R "$group") ;;
  esac
  started=$(date +%s)
  results=$PWD/build/$preset/results.xml
  rm -f "$results"
  ctest --preset "$preset" "${selection[@]}" --output-junit "$results"
  echo "group $group took $(($(date +%s) - started)) s"
  if [ ! -f "$results" ]; then
    failed=$((failed + 1))
    continue
  fi
  read -r all bad off < <(sed -nE '/<testsuite/,/>/{s/.*(tests|failures|skipped|disabled)="([0-9]+)".*/\1 \2/p}' \
    "$results" | awk '{n[$1] += $2} END {print n["tests"] + 0, n["failures"] + 0, n["skipped"] + n["disabled"]}')
  passed=$((passed + all - bad - off)) failed=$((failed + bad)) skipped=$((skipped + off))
done
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
