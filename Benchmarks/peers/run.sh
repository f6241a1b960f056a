#!/bin/bash
# The same job on Warren and on other agent frameworks, in one run: a no-op action with 100 bytes, caller and agent in
# two processes. Installs the peers into a folder of its own (.peers, about 300 MB; with Ray 600), and removes nothing else.
#   run.sh           everything that has a broker or a server
#   run.sh direct    messages between two processes: sockets in C, SwiftNIO, Warren's direct ways, Academy hybrid, Ray
#   SECONDS_EACH=5   how long each measurement takes
#   SAVE=1           writes results/peers.json, or results/direct.json
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
benchmarks=$(dirname "$here")
folder=$benchmarks/.peers
seconds=${SECONDS_EACH:-5}
jobs=${1:-peers}
[[ $jobs == peers || $jobs == direct ]] || { echo "usage: $0 [direct]" >&2; exit 2; }
swift=${SWIFT:-swift}

install() {
    if [ ! -x "$folder/venv/bin/python" ]; then
        mkdir -p "$folder"
        python3 -m venv "$folder/venv" || { echo "Install python3-venv first." >&2; exit 1; }
    fi
    "$folder/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    if [ "$jobs" = direct ]; then
        "$folder/venv/bin/pip" install --quiet --requirement "$here/requirements-ray.txt" ||
            echo "Ray can't be installed here: it has no row." >&2
    fi
    # A Redis of the system, or Debian's packages unpacked here: no service is started, nothing is installed.
    if command -v redis-server >/dev/null; then
        redis=$(command -v redis-server)
        return
    fi
    redis=$folder/redis/usr/bin/redis-server
    if [ ! -e "$redis" ]; then
        mkdir -p "$folder/packages" "$folder/redis"
        (cd "$folder/packages" && apt-get download -q redis-server redis-tools libjemalloc2 liblzf1 >/dev/null)
        for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/redis"; done
    fi
    libraries=$(dirname "$(find "$folder/redis" -name 'liblzf.so.1' | head -1)")
    export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# Unpacks packages of Debian into a folder under .peers, once. Nothing is installed.
unpack() {
    local place=$folder/$1
    [ ! -e "$place/complete" ] || return 0
    mkdir -p "$place/packages"
    (cd "$place/packages" && apt-get download -q "${@:2}" >/dev/null 2>&1) || return 1
    for package in "$place"/packages/*.deb; do dpkg -x "$package" "$place"; done
    rm -r "$place/packages"
    touch "$place/complete"
}

# Go with its package manager switched off: the client is Debian's.
install_go() {
    local version root
    version=$(apt-cache depends golang-go 2>/dev/null | sed -n 's/.*Depends: golang-\([0-9.]*\)-go$/\1/p')
    if [ -z "$version" ] ||
        ! unpack go "golang-$version-go" "golang-$version-src" golang-github-rabbitmq-amqp091-go-dev; then
        echo "Debian's Go can't be had here: amqp091-go has no row." >&2
        return
    fi
    root=$(echo "$folder"/go/usr/lib/go-*)
    GOROOT=$root GOPATH=$folder/go/usr/share/gocode GO111MODULE=off GOCACHE=$folder/go/cache \
        "$root/bin/go" build -o "$folder/amqp091_job" "$here/amqp091_job.go"
    go_client=("$folder/amqp091_job")
}

install_java() {
    if ! command -v javac >/dev/null || ! unpack java librabbitmq-client-java libslf4j-java; then
        echo "A JDK or Debian's Java client can't be had here: it has no row." >&2
        return
    fi
    local jars=$folder/java/usr/share/java
    javac -cp "$jars/amqp-client.jar" -d "$folder/java/classes" "$here/JavaClientJob.java"
    java_client=(java -cp "$jars/amqp-client.jar:$jars/slf4j-api.jar:$folder/java/classes" JavaClientJob)
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

install
go_client=() java_client=()
if [ "$jobs" = peers ]; then
    install_go
    install_java
fi
cd "$benchmarks"
"$swift" build -c release --product load
binaries=$("$swift" build -c release --show-bin-path)
load=$binaries/load
if [ "$jobs" = direct ]; then
    "$swift" build -c release --product nio-echo
    make --quiet -C raw echo
fi
python=$folder/venv/bin/python

redis_port=$(free_port)
"$redis" --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no >/dev/null &
redis_process=$!
trap 'kill "$redis_process" 2>/dev/null || true' EXIT

source ./start-broker.sh
start_broker
url=amqp://guest:guest@127.0.0.1:$port

measure() {
    echo "$* ..." >&2
    "$python" "$here/$1.py" --seconds "$seconds" "${@:2}" || echo "$1 failed" >&2
}

# An echo in two processes, which prints figures.
echo_job() {
    echo "$* ..." >&2
    local place serving hold port=''
    place=$(mktemp -d)
    # It serves until its input ends.
    mkfifo "$place/input"
    : >"$place/port"
    exec {hold}<>"$place/input"
    "$@" serve <"$place/input" >"$place/port" &
    serving=$!
    for _ in {1..100}; do
        read -r port <"$place/port" && break
        sleep 0.1
    done
    if [ "$1" = ./raw/echo ]; then set -- "$@" ask "$port" "$seconds"; else set -- "$@" ask --port "$port" --seconds "$seconds"; fi
    "$@" || echo "$1 failed" >&2
    kill "$serving"
    wait "$serving" 2>/dev/null || true
    exec {hold}>&-
    rm -r "$place"
}

measure_peers() {
    measure warren_job --url "$url" --load "$load" --kind replicated
    measure warren_job --url "$url" --load "$load" --kind single
    measure aio_pika_job --url "$url" --kind quorum
    measure aio_pika_job --url "$url" --kind classic
    for kind in quorum classic; do
        [ -z "${go_client[*]}" ] || measure program_job --url "$url" --kind "$kind" --program "${go_client[@]}"
        [ -z "${java_client[*]}" ] || measure program_job --url "$url" --kind "$kind" --program "${java_client[@]}"
    done
    measure academy_job redis --port "$redis_port"
    measure academy_job hybrid --port "$redis_port"
    measure academy_job http --port "$(free_port)"
    measure academy_job local
    measure autogen_job --port "$(free_port)"
}

measure_direct() {
    local way
    for way in tcp unix encrypted broker none; do measure warren_job --url "$url" --load "$load" --direct "$way"; done
    echo_job "$binaries/nio-echo"
    echo_job ./raw/echo
    measure academy_job hybrid --port "$redis_port"
    if "$python" -c 'import ray' 2>/dev/null; then measure ray_job; fi
}

json=()
if [ -n "${SAVE:-}" ]; then mkdir -p results; json=("$benchmarks/results/$jobs.json"); fi
"measure_$jobs" | "$python" "$here/table.py" "${json[@]}"
