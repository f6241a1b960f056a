#!/bin/bash
# Builds the tests and runs them in several processes at the same time, balanced by the seconds that each test took before;
# then those that load the whole machine, in two processes; then, one by one, those that need it for themselves. Without a
# filter the exchanges of Tests/Outside, a package of its own, follow. The slowest tests, the failures with their reasons and
# the totals come last.
#
#   Tests/run.sh [--filter REGEX]... [--long] [--quarter N] [--skip-build] [--save]
#     --filter      only tests whose id matches, such as RabbitMQExchangeTests.BrokerTests/LeaseTests
#     --long        only tests that have a long form (Schedule/long), in that form
#     --quarter N   with --long: every fourth of them, beginning with number N modulo 4
#     --skip-build  runs the tests as they were built
#     --save        writes the seconds of this run to Schedule/seconds
#   LANES=6         processes at the same time; three for each processor unless said
#   LANE_SECONDS=1500  the deadline of a process; later it is killed, and its tests that did not end have failed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
schedule=Tests/Schedule
swift=${SWIFT:-swift}
lanes=${LANES:-$((3 * $(nproc)))}

filters=() long='' quarter='' skip_build='' save=''
while [ $# -gt 0 ]; do
    case $1 in
        --filter) filters+=("${2:?}"); shift 2 ;;
        --long) long=1; shift ;;
        --quarter) quarter=${2:?}; shift 2 ;;
        --skip-build) skip_build=1; shift ;;
        --save) save=1; shift ;;
        *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
    esac
done

[ -n "$skip_build" ] || "$swift" build --build-tests --enable-all-traits
bin=$("$swift" build --show-bin-path)
tests=("$(echo "$bin"/*.xctest)" --testing-library swift-testing)

work=$(mktemp -d)
pids=()
# A test process that ends takes its brokers and children with it.
clean_up() { kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
export NO_COLOR=1
unset WARREN_FULL
[ -z "$long" ] || export WARREN_FULL=1

# Lines of a file without its comments.
entries() { sed -E '/^(#|$)/d' "$1"; }

select_tests() {
    "${tests[@]}" --list-tests > "$work/listed"
    # A test that was renamed would silently lose its place.
    cat <(entries $schedule/heavy) <(entries $schedule/alone) <(entries $schedule/long) | grep -vFxf "$work/listed" |
        sed 's|^|No such test, see Tests/Schedule: |' >&2 || true
    if [ ${#filters[@]} -gt 0 ]; then
        grep -E "${filters[@]/#/-e}" "$work/listed" > "$work/filtered" || { echo "No test matches." >&2; exit 1; }
        mv "$work/filtered" "$work/listed"
    fi
    [ -n "$long" ] || return 0
    entries $schedule/long | grep -Fxf "$work/listed" > "$work/long" || { echo "No such test has a long form." >&2; exit 1; }
    if [ -n "$quarter" ]; then
        echo "The long forms of quarter $((quarter % 4)) (SEED=$quarter):"
        awk -v rest=$((quarter % 4)) 'NR % 4 == rest' "$work/long" > "$work/listed"
        cat "$work/listed"
    else
        mv "$work/long" "$work/listed"
    fi
}

# Writes $work/LANE.ids: the longest test first, each to the lane that has least to do. The heavy ones have two lanes of their
# own, and `alone` is one too.
divide() {
    entries $schedule/alone > "$work/alone.all"
    entries $schedule/heavy > "$work/heavy.all"
    grep -Fxf "$work/alone.all" "$work/listed" > "$work/alone.ids" || true
    { grep -vFxf <(cat "$work/alone.all" "$work/heavy.all") "$work/listed" || true; } | balance "$lanes" ''
    { grep -Fxf "$work/heavy.all" "$work/listed" || true; } | balance 2 heavy-
}

# Divides tests among so many lanes, whose names begin with a word. Tests of a suite stay together: they use the same
# brokers, and a broker that starts costs more than most tests. The heavy ones are long, and are divided one by one.
balance() {
    awk -v file=$schedule/seconds -v name="$2" '
            BEGIN { while ((getline < file) > 0) if ($1 != "#") seconds[$2] = $1 }
            {
                suite = $0
                if (name == "") sub(/\/[^\/]*$/, "", suite)
                sum[suite] += $0 in seconds ? seconds[$0] : 0.1
                tests[suite] = tests[suite] " " $0
            }
            END { for (suite in sum) print sum[suite], suite tests[suite] }' |
        sort -k1,1nr -k2 |
        awk -v lanes="$1" -v name="$2" -v work="$work" '{
            best = 1
            for (lane = 2; lane <= lanes; lane++) if (load[lane] + 0 < load[best] + 0) best = lane
            load[best] += $1
            for (test = 3; test <= NF; test++) print $test > (work "/" name best ".ids")
        }'
}

# Starts the tests of a lane as one process, in which they run one after the other.
start_lane() {
    local lane=$1 expression
    expression=$(sed 's/[][().*+?^$|{}\\]/\\&/g' "$work/$lane.ids" | paste -sd '|' -)
    timeout --kill-after=10 "${LANE_SECONDS:-1500}" stdbuf -oL "${tests[@]}" --no-parallel \
        --filter "^($expression)(/|\$)" --event-stream-output-path "$work/$lane.events" > "$work/$lane.log" 2>&1 &
    pids+=($!)
    # Shows each test as it ends.
    tail --pid=$! -s 0.2 -n +1 -f "$work/$lane.log" 2>/dev/null |
        sed -unE '/^(✔|✘|➜) Test (run|case) /d; /^(✔|✘|➜) Test /p' &
}

# Waits for a lane, and writes down how its process ended.
end_lane() {
    local code=0
    wait "$2" || code=$?
    echo "$1 $code" >> "$work/codes"
}

run_lanes() {
    local lane
    pids=()
    for lane in "$@"; do start_lane "$lane"; done
    for lane in "$@"; do end_lane "$lane" "${pids[0]}"; pids=("${pids[@]:1}"); done
    # The last lines are shown.
    wait
}

# Exchanges as others write them, against the public API.
run_outside() {
    local code=0
    echo
    # Else a build of before does not see new files of the library.
    touch Tests/Outside/Package.swift
    "$swift" build --package-path Tests/Outside --product outside > "$work/outside.log" 2>&1 || code=$?
    tail -n "$([ $code -eq 0 ] && echo 1 || echo 30)" "$work/outside.log"
    [ $code -ne 0 ] ||
        timeout --kill-after=10 600 "$("$swift" build --package-path Tests/Outside --show-bin-path)/outside" || code=$?
    [ $code -eq 0 ] || echo outside $code >> "$work/codes"
}

# One line for each test that ended: how (pass, fail), seconds, id.
read_events() {
    touch "$work/alone.events"
    cat "$work"/*.events |
        sed -nE 's/.*"kind":"testEnded","messages":\[\{"symbol":"([A-Za-z]*)","text":"Test .* after ([0-9.]+) seconds.*"testID":"([^"]*)".*/\1 \2 \3/p' |
        sed -E 's|\\/|/|g; s|/[^/]*\.swift:[0-9]+:[0-9]+$||' > "$work/ended"
    cat "$work"/*.events |
        sed -nE 's/.*"kind":"testSkipped".*"testID":"([^"]*)".*/\1/p' |
        sed -E 's|\\/|/|g; s|/[^/]*\.swift:[0-9]+:[0-9]+$||' | grep -Fxf "$work/listed" > "$work/skipped" || true
    grep -vFx -f <(cut -d ' ' -f 3 "$work/ended") -f "$work/skipped" "$work/listed" > "$work/unended" || true
}

say_failures() {
    echo
    echo "Failures:"
    grep -hA 12 -E "recorded an issue" "$work"/*.log | grep -vE "^(◇|✔|--)" | cut -c1-1000 || true
    grep -hE "^✘ Test " "$work"/*.log | grep -vE "recorded an issue|^✘ Test (run|case) " || true
    while read -r lane code; do
        # 1 says that a test failed.
        [ "$lane" != outside ] || { echo "Tests/Outside failed, see above."; continue; }
        [ "$code" -gt 1 ] || grep -qFxf "$work/$lane.ids" "$work/unended" || continue
        echo "The process of lane $lane ended with $code. Its last lines:"
        tail -n 30 "$work/$lane.log" | cut -c1-1000
    done < "$work/codes"
    sed 's/^/Did not end: /' "$work/unended"
}

say_slowest() {
    echo
    echo "The slowest (seconds):"
    sort -k2,2nr "$work/ended" | awk 'NR <= 20 { printf "%8.1f  %s\n", $2, $3 }'
}

save_seconds() {
    local kept
    kept=$(entries $schedule/seconds | grep -vFf <(cut -d ' ' -f 3 "$work/ended" | sed 's/^/ /') || true)
    {
        grep '^#' $schedule/seconds
        { [ -z "$kept" ] || echo "$kept"; awk '$2 >= 0.3 { printf "%.1f %s\n", $2, $3 }' "$work/ended"; } | sort -k2
    } > "$work/seconds"
    cp "$work/seconds" $schedule/seconds
}

select_tests
divide
start=$SECONDS
run_stage() {
    local lane with_tests=()
    for lane in "$@"; do [ ! -s "$work/$lane.ids" ] || with_tests+=("$lane"); done
    [ ${#with_tests[@]} -eq 0 ] || run_lanes "${with_tests[@]}"
}
# shellcheck disable=SC2046 # Each is a word.
run_stage $(seq "$lanes")
run_stage heavy-1 heavy-2
run_stage alone
[ -n "$long" ] || [ ${#filters[@]} -gt 0 ] || run_outside
read_events
[ -z "$save" ] || [ -n "$long" ] || save_seconds

# The reason that a test needed something which can't be had here.
grep -hE '^No .+ was tried: ' "$work"/*.log | sort -u || true
passed=$(grep -vc '^fail ' "$work/ended" || true)
failed=$(($(grep -c '^fail ' "$work/ended" || true) + $(grep -c . "$work/unended" || true)))
# A process may fail outside of its tests.
if [ "$failed" -eq 0 ]; then failed=$(grep -vc ' 0$' "$work/codes" || true); fi
say_slowest
[ "$failed" -eq 0 ] || say_failures
echo
echo "$(($(grep -c . "$work/skipped" || true))) skipped, in $((SECONDS - start)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
