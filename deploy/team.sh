#!/bin/bash
# Runs examples/autogen-team, which `make team` has built: a host for AutoGen's workers, a worker in Python, one in Swift, and a
# job for both, during which one of them is killed. The exit status is 0 only if the job ends right.
#   KILL=Python|Swift  FILE=path  WARREN_BROKER=amqp://…
#   PYTHON=…           a Python with autogen-core and autogen-ext[grpc] 0.7.5; unless said, they are installed from PyPI
#                      into examples/autogen-team/.python
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
example=$here/../examples/autogen-team
fail() { echo "team: $*" >&2; exit 1; }

if [ -z "${BROKER_IS_SET:-}" ]; then
    if [ -z "${PYTHON:-}" ]; then
        PYTHON=$example/.python/bin/python
        if [ ! -x "$example/.python/ready" ]; then
            command -v python3 > /dev/null || fail "there is no python3"
            echo "Installing AutoGen's packages from PyPI into examples/autogen-team/.python ..." >&2
            python3 -m venv "$example/.python" 2>/dev/null || fail "python3 has no module venv"
            "$PYTHON" -m pip --quiet --disable-pip-version-check --no-input install autogen-core==0.7.5 \
                'autogen-ext[grpc]==0.7.5' 2>/dev/null || fail "AutoGen's packages can't be had from PyPI"
            touch "$example/.python/ready" && chmod +x "$example/.python/ready"
        fi
    fi
    [ -x "$PYTHON" ] || fail "there is no $PYTHON"
    PYTHON=$PYTHON BROKER_IS_SET=1 exec "$here/with-broker.sh" "$0"
fi

products=$(cd "$here/.." && "${SWIFT:-swift}" build --show-bin-path)
export WARREN_NAMESPACE=team-$$
processes=()
trap '[ ${#processes[@]} -eq 0 ] || kill "${processes[@]}" 2>/dev/null; wait' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts a process that ends with this one, and waits until it has written a line with a text. Sets "line" and "process".
start() {
    local text=$1 lines
    shift
    exec {lines}< <(exec setpriv --pdeathsig KILL "$@")
    process=$!
    processes+=("$process")
    while IFS= read -r -t 60 line <&"$lines"; do
        case $line in *"$text"*) return ;; esac
    done
    fail "$(basename "$1") did not start"
}

start " listens on " "$products/warren-autogen-host" --listen 127.0.0.1:0 --share 'counter=8'
line=${line#* listens on }
start ready "$PYTHON" "$example/worker.py" "${line%% *}"
python=$process
start ready "$products/autogen-team" worker
swift=$process
echo "A host, a Python worker (process $python) and a Swift worker (process $swift) run." >&2
case ${KILL:-Python} in
    Python) victim=$python ;;
    Swift) victim=$swift ;;
    *) fail "KILL is Python or Swift, not $KILL" ;;
esac
"$products/autogen-team" job "${FILE:-$here/../docs/guarantees.md}" "${KILL:-Python}" "$victim"
