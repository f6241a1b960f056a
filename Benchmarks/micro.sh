#!/bin/bash
# Counts the allocations of each step without a broker, and compares them with Thresholds. A tenth more
# fails. `make micro` calls it.
#   SAVE=1 saves the new numbers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
swift=${SWIFT:-swift}
now=.build/allocations
[ -z "${SAVE:-}" ] || now=Thresholds
rm -rf "$now"
mkdir -p "$now"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$swift" package --allow-writing-to-package-directory benchmark thresholds update --target micro --path "$now" \
    > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
value() { sed -n 's/.*"Allocations" : \([0-9]*\).*/\1/p' "$1"; }
failed=0
printf '%-40s %12s %12s\n' 'allocations in 1,000' now 'written down'
for file in "$now"/*.json; do
    name=$(basename "$file")
    new=$(value "$file")
    old=$([ -e "Thresholds/$name" ] && value "Thresholds/$name" || echo 0)
    title=${name#micro.}
    printf '%-40s %12s %12s\n' "$(tr _ ' ' <<< "${title%.p90.json}")" "$new" "$old"
    [ "$((new * 10))" -le "$((old * 11))" ] || failed=1
done
[ "$(ls "$now" | wc -l)" -eq "$(ls Thresholds | wc -l)" ] || failed=1
[ "$failed" -eq 0 ] || { echo "More than is written down. If that is meant: SAVE=1 make micro" >&2; exit 1; }
