#!/usr/bin/env bash
# Runs AutoGen's own tests of its distributed runtime, and programs of ours, with real AutoGen workers in Python against
# warren-autogen-host: in memory, and on a private broker where RabbitMQ is installed (or on that of WARREN_BROKER).
#
#   Tests/AutoGen/run.sh [--skip-build]
#   AUTOGEN=…   a clone of github.com/microsoft/autogen, for its tests; unless said, they are fetched from GitHub
#   HOST=…      the host to test; unless said, warren-autogen-host is built
#   PEER=…      the agent in Swift of the tests with protobuf; unless said, autogen-peer is built
#
# Python's packages come from PyPI, into Tests/AutoGen/.python. The tests of AutoGen and its test utilities are no packages:
# they are taken from the tag python-v0.7.5 of its repository, into Tests/AutoGen/.autogen. Nothing of both is committed. Where
# one can't be had, a line says so, and the tests that need it are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
tag=python-v0.7.5
python=.python/bin/python

skip() { echo "Tests/AutoGen: $*"; exit 0; }

if [ ! -x .python/ready ]; then
    command -v python3 > /dev/null || skip "skipped: no python3"
    python3 -m venv .python 2>/dev/null || skip "skipped: python3 has no module venv"
    $python -m pip --quiet --disable-pip-version-check install autogen-core==0.7.5 'autogen-ext[grpc]==0.7.5' \
        pytest==8.4.2 pytest-asyncio==1.2.0 || skip "skipped: the packages can't be had from PyPI"
    touch .python/ready && chmod +x .python/ready
fi

if [ -z "${HOST:-}" ]; then
    [ "${1:-}" = --skip-build ] || (cd "$root" && swift build --enable-all-traits --product warren-autogen-host)
    HOST=$(cd "$root" && swift build --show-bin-path)/warren-autogen-host
fi
if [ -z "${PEER:-}" ]; then
    [ "${1:-}" = --skip-build ] || (cd "$root" && swift build --enable-all-traits --product autogen-peer)
    PEER=$(cd "$root" && swift build --show-bin-path)/autogen-peer
fi
export HOST PEER

# Takes the files that AutoGen's tests need out of a repository.
take() {
    rm -rf .autogen && mkdir -p .autogen/tests
    git -C "$1" archive "$tag" python/packages/autogen-ext/tests/test_worker_runtime.py \
        python/packages/autogen-ext/tests/protos python/packages/autogen-test-utils/src | tar -x -C .autogen &&
        cp -r .autogen/python/packages/autogen-ext/tests/. .autogen/tests/ &&
        cp -r .autogen/python/packages/autogen-test-utils/src/. .autogen/ && touch .autogen/tests/__init__.py .autogen/ready
}

if [ ! -e .autogen/ready ]; then
    clone=${AUTOGEN:-}
    if [ -z "$clone" ]; then
        clone=.clone
        rm -rf "$clone"
        timeout 300 git clone --quiet --bare --depth 1 --branch "$tag" https://github.com/microsoft/autogen "$clone" \
            2>/dev/null || clone=
    fi
    [ -n "$clone" ] && take "$clone" || echo "Tests/AutoGen: AutoGen's own tests can't be had from GitHub; they are skipped"
    rm -rf .clone
fi

# All of them wait most of the time, so they run together. Their outputs come in the end, one after the other.
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
names=() pids=()
# Runs tests in the background: their title, the seconds that they may take, and the arguments of pytest.
tests() {
    local title=$1 limit=$2
    shift 2
    names+=("$title")
    timeout --kill-after=10 "$limit" "${around[@]}" "$python" -m pytest -q -p no:cacheprovider -W ignore -o asyncio_mode=auto "$@" \
        > "$said/${#names[@]}" 2>&1 &
    pids+=($!)
}
around=(env -u WARREN_BROKER PYTHONPATH=.)
tests "Programs of ours" 400 --rootdir . programs
# AutoGen's own tests, in the place where $around puts the host.
own() {
    [ -e .autogen/ready ] || return 0
    tests "$1" 600 -p warren_host --rootdir .autogen --import-mode=importlib -o markers='grpc: with a host' \
        .autogen/tests/test_worker_runtime.py
}
around=(env -u WARREN_BROKER PYTHONPATH=.autogen:.)
own "AutoGen's own tests, in memory"
if [ -n "${WARREN_BROKER:-}" ] || [ -x "${PRIVATE_BROKER_BIN:-/usr/lib/rabbitmq/bin}/rabbitmq-server" ]; then
    around=("$root/deploy/with-broker.sh" env PYTHONPATH=.)
    tests "Programs of ours, on a broker" 400 --rootdir . programs/test_programs.py
    around=("$root/deploy/with-broker.sh" env PYTHONPATH=.autogen:. PORT_OFFSET=1000)
    own "AutoGen's own tests, on a broker"
else
    echo "Tests/AutoGen: there is no RabbitMQ, so nothing runs on a broker"
fi
code=0
for index in "${!pids[@]}"; do
    wait "${pids[$index]}" || code=1
    echo "${names[$index]}:"
    cat "$said/$((index + 1))"
done
exit $code
