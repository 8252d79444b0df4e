#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh PRESET GROUP...: runs the groups `fast` and `full`, or the tests whose name fits an expression,
# one group after the other, and ends with the line 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
# What the full group needs beside the build is made while the groups before it run.
stores=
case " $* " in
  *" full "*)
    nice -n 19 tools/setup_object_stores.sh >"build/$preset/object_stores.log" 2>&1 &
    stores=$!
    ;;
esac
passed=0 failed=0 skipped=0
for group in "$@"; do
  case $group in
    fast | full) selection=(-L "^$group\$") ;;
    *) selection=(-R "$group") ;;
  esac
  if [ "$group" = full ] && ! wait "$stores"; then tail -n 3 "build/$preset/object_stores.log"; fi
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
