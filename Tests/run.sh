#!/bin/bash
# Runs all tests, the long ones in full, one after the other. When some fail, their names and reasons are said again at the
# end, where they are found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
said=$(mktemp)
trap 'rm -f "$said"' EXIT
# Most of what a run says is said line by line; without this it would come in blocks, and late.
WARREN_FULL=1 stdbuf -oL "${SWIFT:-swift}" test --no-parallel "$@" | tee "$said" && exit 0
echo
echo "What failed:"
grep -A 12 -E "recorded an issue" "$said" | grep -vE "^(◇|✔|--)" | cut -c1-1000 || true
grep -E "^✘" "$said" | grep -v "recorded an issue" || true
exit 1
