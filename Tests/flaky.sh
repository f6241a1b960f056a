#!/bin/bash
# Repeats a test while half of the processors are kept busy, and says which runs failed and why.
#
#   Tests/flaky.sh REGEX [TIMES]    a test's id, such as RabbitMQExchangeTests.BrokerTests/LeaseTests/ ; 50 times
#   BUSY=2   processors to keep busy; half of them unless said
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -n "${1:-}" ] || { echo "Which test? make flaky TEST=RabbitMQExchangeTests.BrokerTests/LeaseTests/ TIMES=50" >&2; exit 2; }
filter=$1 times=${2:-50} swift=${SWIFT:-swift}
busy=${BUSY:-$((($(nproc) + 1) / 2))}

"$swift" build --build-tests --enable-all-traits
tests=("$(echo "$("$swift" build --show-bin-path)"/*.xctest)" --testing-library swift-testing)
listed=$("${tests[@]}" --list-tests | grep -E -e "$filter") || { echo "No test matches." >&2; exit 1; }
echo "$listed"
expression=$(sed 's/[][().*+?^$|{}\\]/\\&/g' <<< "$listed" | paste -sd '|' -)

work=$(mktemp -d)
loads=()
clean_up() { kill "${loads[@]}" 2>/dev/null || true; rm -rf "$work"; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
for _ in $(seq "$busy"); do
    # Ends with this script, also when that is killed.
    (while kill -0 $$ 2>/dev/null; do for _ in {1..100000}; do :; done; done) &
    loads+=($!)
done

export NO_COLOR=1
failed=0
for run in $(seq "$times"); do
    start=$SECONDS
    if timeout --kill-after=10 "${RUN_SECONDS:-600}" "${tests[@]}" --no-parallel --filter "^($expression)(/|\$)" \
        > "$work/log" 2>&1; then
        echo "run $run passed, $((SECONDS - start)) s"
    else
        failed=$((failed + 1))
        echo "run $run FAILED, $((SECONDS - start)) s"
        grep -A 12 -E "recorded an issue" "$work/log" | grep -vE "^(◇|✔|--)" | cut -c1-1000 ||
            tail -n 30 "$work/log" | cut -c1-1000
    fi
done
echo "$((times - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
