#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh PRESET JOBS [TARGET...]: configures and builds one preset; says how long it took and which files were
# slowest.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 jobs=$2
shift 2
directory=build/$preset
started=$(date +%s)
if [ ! -f "$directory/build.ninja" ]; then
  messages=$(cmake --preset "$preset" 2>&1) || { printf '%s\n' "$messages"; exit 1; }
fi
targets=()
for target in "$@"; do
  # A layer without unit tests has no such target: what is asked for is what there is.
  if ninja -C "$directory" -t query "$target" >/dev/null 2>&1; then targets+=(--target "$target"); fi
done
before=$(stat -c %s "$directory/.ninja_log" 2>/dev/null || echo 0)
cmake --build "$directory" --parallel "$jobs" "${targets[@]}"
seconds=$(($(date +%s) - started))
echo "built $preset in $((seconds / 60)) min $((seconds % 60)) s"

# Only the steps of this build: what was appended to Ninja's log (it may also have been rewritten shorter).
after=$(stat -c %s "$directory/.ninja_log")
if [ "$after" -le "$before" ]; then before=$after; fi
# sed and not head: every reader here reads to the end, so that no writer is killed by a closed pipe.
tail -c "+$((before + 1))" "$directory/.ninja_log" |
  awk -F '\t' '$4 ~ /\.o$/ {sub(/^.*\.dir\//, "", $4); printf "  %6.1f s  %s\n", ($2 - $1) / 1000, $4}' |
  sort -rn | sed -n -e '1i slowest files:' -e '1,10p'
