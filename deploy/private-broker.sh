#!/bin/bash
# A private RabbitMQ for a demo or a test: a plain process on free loopback ports, gone when its parent is gone.
#
#   private-broker.sh run [--directory DIR] [--keep] [--stay] [--plugins A,B] [--conf FILE]
#       Starts a broker and prints, one per line: directory=, node=, port=, management_port=, vm_pid=, epmd_pid=
#       and at last ready=amqp://guest:guest@127.0.0.1:PORT. Then waits for a command on its standard input:
#         stop     clean stop and exit; so do SIGTERM, SIGINT and SIGHUP
#         halt     clean stop, data and ports are kept for "start"
#         start    the same broker again; of another version, when root= in DIR/names was changed meanwhile
#       When standard input closes, the parent is gone: the broker is killed at once. When the broker dies by itself,
#       the script exits 3; with --stay it prints "died" and waits for "start".
#       In the end the directory is removed, unless --keep. A directory that was kept starts again with its data and on
#       the same ports, and with its plugins and settings unless others are given.
#       Plugins listen on loopback too: each port of one that is named is printed (mqtt_port=…). When anything of the
#       broker listens elsewhere, the broker is ended.
#   private-broker.sh cluster [--directory DIR] [--keep] N
#       Makes the place for N brokers that join each other: one cookie, one port mapper (epmd) on a port of its own.
#       Prints directory=, nodes=, epmd_pid= and at last ready=N. Waits until its standard input closes, or for "stop".
#       Each broker is then one "run --directory DIR/node-I --stay", with I from 1 to N, for which the above is true;
#       at the first start all of them are started at the same time, because each waits for the first.
#   private-broker.sh ctl DIR ARGUMENTS...    rabbitmqctl for the broker of DIR
#
#   --plugins  rabbitmq_management for a new directory; empty for none
#   --conf     lines appended to rabbitmq.conf (later lines win)
#   PRIVATE_BROKER_SETTINGS       the same as a text
#   PRIVATE_BROKER_START_SECONDS  deadline of a start (120)
#   PRIVATE_BROKER_STOP_SECONDS   deadline of a clean stop, then SIGKILL (20)
#   PRIVATE_BROKER                4 for the RabbitMQ 4 that rabbitmq-4.sh fetched; else the one that is installed.
#                                 A directory that was kept starts again with the one that made it.
#   PRIVATE_BROKER_ROOT           where rabbitmq-4.sh put it (.rabbitmq-4 of this project)
#   PRIVATE_BROKER_BIN            folder of rabbitmq-server (/usr/lib/rabbitmq/bin)
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Not /usr/sbin: the wrappers there insist on the user root or rabbitmq.
bin=${PRIVATE_BROKER_BIN:-/usr/lib/rabbitmq/bin}
start_seconds=${PRIVATE_BROKER_START_SECONDS:-120}
stop_seconds=${PRIVATE_BROKER_STOP_SECONDS:-20}
# The system whose /usr the broker sees; empty for this machine's own.
root=
[ "${PRIVATE_BROKER:-}" != 4 ] || root=${PRIVATE_BROKER_ROOT:-$(dirname "$here")/.rabbitmq-4}

directory= keep= conf=
unset plugins
# Plugins that listen on a port of their own, beside the management.
listening="mqtt stomp stream web_mqtt web_stomp prometheus"
plugin_ports=
vm= epmd= prober= watcher= signalled= event= kept= stay= node= port= management_port= distribution_port= epmd_port=
cluster= nodes=

fail() { echo "private-broker: $*" >&2; exit 1; }

# Everything that keeps a broker off the paths and ports that other brokers of this machine use.
broker_environment() {
    export HOME=${cluster:-$directory}/home
    export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1
    export RABBITMQ_CONF_ENV_FILE=/dev/null
    export RABBITMQ_NODENAME=$node
    export RABBITMQ_CONFIG_FILE=$directory/rabbitmq
    export RABBITMQ_ADVANCED_CONFIG_FILE=$directory/advanced
    export RABBITMQ_MNESIA_BASE=$directory/data
    export RABBITMQ_LOG_BASE=$directory/log
    export RABBITMQ_SCHEMA_DIR=$directory/schema
    export RABBITMQ_GENERATED_CONFIG_DIR=$directory/config
    export RABBITMQ_ENABLED_PLUGINS_FILE=$directory/enabled_plugins
    export RABBITMQ_PID_FILE=$directory/pid
    export RABBITMQ_DIST_PORT=$distribution_port
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    export RABBITMQ_CTL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    export RABBITMQ_CTL_DIST_PORT_MIN=20000 RABBITMQ_CTL_DIST_PORT_MAX=31999
    # A node or a tool that is killed leaves nothing behind, least of all where it was called.
    export ERL_CRASH_DUMP_SECONDS=0
    # The wrapper then becomes the Erlang VM instead of watching it: its process id is the one we know.
    export RUNNING_UNDER_SYSTEMD=1
    unset NOTIFY_SOCKET ERL_LIBS ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS
    # Erlang 27 complains about file names in any other encoding.
    [ -z "$root" ] || export LC_ALL=C.UTF-8
}

# Becomes a program of the broker's system. The /usr of another system is mounted over the machine's own for this process
# and its children alone, and is gone with them; everything else, temporary directories too, is where it was.
become() {
    local unshare=(unshare --mount)
    [ -n "$root" ] || exec "$@"
    [ "$(id -u)" -eq 0 ] || unshare+=(--map-root-user)
    # shellcheck disable=SC2016 # The inner shell expands it.
    exec "${unshare[@]}" /bin/bash -c 'mount --bind "$0/usr" /usr && exec "$@"' "$root" "$@"
}

# An AMQP greeting within two seconds that carries our node's name: another program's broker may have got our port. In
# a cluster it is the name of any of its nodes.
greets() {
    local code greeting=${node%@*}@
    [ -z "$cluster" ] || greeting=${node%-*}-
    { exec 9<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'AMQP\0\0\11\1' >&9
    timeout 2 dd bs=4096 count=1 <&9 2>/dev/null | tr -d '\0' | grep -qaF "$greeting"
    code=$?
    exec 9>&-
    return $code
}

in_use() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the ports that the kernel gives to outgoing connections, so that a broker finds its ports free after a restart.
free_port() {
    local candidate
    while :; do
        candidate=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        case " $port $management_port $distribution_port $epmd_port $plugin_ports " in *" $candidate "*) continue ;; esac
        in_use "$candidate" || { echo "$candidate"; return; }
    done
}

choose_plugin_ports() {
    local plugin
    plugin_ports=
    for plugin in $listening; do plugin_ports="$plugin_ports $(free_port)"; done
}

choose_names() {
    port= management_port= distribution_port=
    [ -n "$cluster" ] || epmd_port=
    port=$(free_port); management_port=$(free_port); distribution_port=$(free_port)
    choose_plugin_ports
    [ -n "$cluster" ] || { epmd_port=$(free_port); node=warren-$$-$RANDOM@localhost; }
    cat > "$directory/names" <<NAMES
node=$node
port=$port
management_port=$management_port
distribution_port=$distribution_port
epmd_port=$epmd_port
plugin_ports="$plugin_ports"
cluster=$cluster
root=$root
NAMES
}

# A directory that is one of a cluster's: its node has a name already, and others that it is to join.
find_cluster() {
    [ -f "$(dirname "$directory")/cluster" ] || return 0
    cluster=$(dirname "$directory")
    # shellcheck source=/dev/null
    . "$cluster/cluster"
    node=$name-${directory##*-}@localhost
}

# Plugins and settings are kept with the data, for the next start. Those that were given count, once: between two starts
# of this run they can be edited.
write_settings() {
    if [ -n "${plugins+given}" ] || [ ! -f "$directory/enabled_plugins" ]; then
        echo "[${plugins-rabbitmq_management}]." > "$directory/enabled_plugins"
    fi
    if [ -n "$conf${PRIVATE_BROKER_SETTINGS:-}" ] || [ ! -f "$directory/settings.conf" ]; then
        { cat "${conf:-/dev/null}" && echo "${PRIVATE_BROKER_SETTINGS:-}"; } > "$directory/settings.conf" \
            || fail "cannot read $conf"
    fi
    unset plugins
    conf= PRIVATE_BROKER_SETTINGS=
}

# Where each plugin listens, also those that others bring along; the broker ignores the lines of one that it does not run.
plugin_listeners() {
    local plugin
    # shellcheck disable=SC2086
    set -- $plugin_ports
    for plugin in $listening; do
        case $plugin in
            mqtt | stomp | stream) echo "$plugin.listeners.tcp.1 = 127.0.0.1:$1" ;;
            *)
                echo "$plugin.tcp.ip = 127.0.0.1"
                echo "$plugin.tcp.port = $1" ;;
        esac
        shift
    done
}

# The addresses that the broker listens on, as the kernel writes them.
addresses() {
    # shellcheck disable=SC2012,SC2046
    ls -l "/proc/$vm/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p' \
        | awk 'FILENAME == "-" { own[$1]; next } $4 == "0A" && ($10 in own) { print $2 }' \
            - "/proc/$vm/net/tcp" $([ ! -r "/proc/$vm/net/tcp6" ] || echo "/proc/$vm/net/tcp6")
}

# Those that are not of this machine alone.
open_addresses() {
    [ -r "/proc/$vm/net/tcp" ] || return 0
    addresses | grep -vE '^(......7F:|0000000000000000FFFF0000......7F|00000000000000000000000001000000:)'
}

# Whether each plugin that was named listens: the broker answers AMQP before, and ends when one of their ports is taken.
plugins_listen() {
    local plugin taken
    taken=$([ -r "/proc/$vm/net/tcp" ] && addresses)
    # shellcheck disable=SC2086
    set -- $plugin_ports
    for plugin in $listening management; do
        if grep -qw "rabbitmq_$plugin" "$directory/enabled_plugins"; then
            if [ -n "$taken" ]; then
                grep -q ":$(printf %04X "${1:-$management_port}")\$" <<< "$taken" || return 1
            else
                in_use "${1:-$management_port}" || return 1
            fi
        fi
        [ $# -eq 0 ] || shift
    done
}

write_cookie() {
    mkdir -p "$1/home"
    [ -f "$1/home/.erlang.cookie" ] && return
    (umask 077; head -c 24 /dev/urandom | base64 | tr -dc A-Za-z0-9 > "$1/home/.erlang.cookie")
    chmod 400 "$1/home/.erlang.cookie"
}

write_files() {
    mkdir -p "$directory"/{data,log,schema,config}
    [ -n "$cluster" ] || write_cookie "$directory"
    write_settings
    {
        cat "$here/rabbitmq.conf"
        echo "listeners.tcp.1 = 127.0.0.1:$port"
        echo "management.tcp.ip = 127.0.0.1"
        echo "management.tcp.port = $management_port"
        plugin_listeners
        echo "log.console = false"
        echo "disk_free_limit.absolute = 100MB"
        if [ -n "$cluster" ]; then
            echo "cluster_formation.peer_discovery_backend = classic_config"
            for peer in $(seq "$nodes"); do
                echo "cluster_formation.classic_config.nodes.$peer = $name-$peer@localhost"
            done
        fi
        cat "$directory/settings.conf"
    } > "$directory/rabbitmq.conf"
}

# Every process started here ends with this script, even when that is killed: the kernel sends it SIGKILL.
with_parent=()
command -v setpriv >/dev/null && with_parent=(setpriv --pdeathsig KILL)

start_mapper() {
    (
        broker_environment
        cd "$directory" && become setsid "${with_parent[@]}" epmd -port "$epmd_port" -address 127.0.0.1 \
            > "$directory/epmd.out" 2>&1 < /dev/null
    ) &
    epmd=$!
}

# A broker that finds no port mapper starts one of its own, which would outlive it.
mapper_listens() {
    local deadline=$((SECONDS + 10))
    until in_use "$epmd_port"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.02
    done
}

start_processes() {
    [ -n "$cluster" ] || start_mapper
    (
        broker_environment
        mapper_listens || exit 1
        cd "$directory" && become setsid "${with_parent[@]}" "$bin/rabbitmq-server" \
            > "$directory/out" 2>&1 < /dev/null
    ) &
    vm=$!
}

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

until_ready() {
    local deadline=$((SECONDS + start_seconds))
    while [ $SECONDS -lt $deadline ]; do
        greets "$port" && plugins_listen && exit 0
        sleep 0.05
    done
    exit 1
}

end_processes() {
    local pid
    for pid in "$vm" "$epmd" "$prober"; do alive "$pid" && kill -KILL "$pid" 2>/dev/null; done
    for pid in "$vm" "$epmd" "$prober"; do [ -n "$pid" ] && wait "$pid" 2>/dev/null; done
    vm= epmd= prober=
}

stop_cleanly() {
    local deadline=$((SECONDS + stop_seconds))
    kill -CONT "$vm" 2>/dev/null
    kill -TERM "$vm" 2>/dev/null
    while [ $SECONDS -lt $deadline ] && alive "$vm"; do sleep 0.05; done
}

clean_up() {
    trap - EXIT
    trap '' TERM INT HUP
    end_processes
    alive "$watcher" && kill -KILL "$watcher" && wait "$watcher" 2>/dev/null
    [ -n "$keep" ] || rm -rf "$directory"
    # The last node of a cluster to end.
    [ -z "$cluster" ] || rmdir "$cluster" 2>/dev/null
}

# A process that reads the next command from our standard input and tells it by its exit code.
watch_input() {
    (
        while IFS= read -r line <&3; do
            case $line in stop) exit 10 ;; halt) exit 11 ;; start) exit 12 ;; esac
        done
        exit 13
    ) >/dev/null &
    watcher=$!
}

# Sleeps until one of the processes ends or a signal comes; says which in `event`.
next_event() {
    local ended= code
    wait -n -p ended "$watcher" ${vm:+"$vm"} ${prober:+"$prober"} 2>/dev/null
    code=$?
    if [ -n "$signalled" ]; then event=stop; return; fi
    case $ended in
        "$watcher")
            case $code in 10) event=stop ;; 11) event=halt ;; 12) event=start ;; *) event=gone ;; esac
            watch_input ;;
        "$vm") event=died ;;
        "$prober") prober=; event=late; [ $code -ne 0 ] || event=ready ;;
        *) event=gone ;;
    esac
}

announce() {
    local plugin
    echo "directory=$directory"
    echo "node=$node"
    echo "port=$port"
    echo "management_port=$management_port"
    # shellcheck disable=SC2086
    set -- $plugin_ports
    for plugin in $listening; do
        grep -qw "rabbitmq_$plugin" "$directory/enabled_plugins" && echo "${plugin}_port=$1"
        shift
    done
    echo "vm_pid=$vm"
    echo "epmd_pid=$epmd"
    echo "ready=amqp://guest:guest@127.0.0.1:$port"
}

# Leaves the outcome in `event`: ready, or stop, halt and gone, which the caller heeds.
start_broker() {
    local attempt open
    for attempt in 1 2 3 4 5; do
        [ -n "$kept" ] || choose_names
        write_files
        start_processes
        until_ready &
        prober=$!
        next_event
        case $event in
            ready)
                open=$(open_addresses)
                # shellcheck disable=SC2086
                [ -z "$open" ] || fail "not only loopback is listened on (hexadecimal address:port):" $open
                kept=1
                return ;;
            died | late) ;;
            *) return ;;
        esac
        # A broker that dies before it is ready lost a port between our look and its bind: others are tried, or
        # the same ones again when its directory was kept.
        end_processes
        [ "$event" = died ] || break
        [ -n "$kept" ] || rm -rf "$directory/data"
    done
    tail -n 30 "$directory/out" "$directory/epmd.out" 2>/dev/null >&2
    fail "the broker did not start"
}

prepare() {
    case ${PRIVATE_BROKER:-} in '' | 3 | 4) ;; *) fail "PRIVATE_BROKER is 4, or not set" ;; esac
    if [ -n "$root" ]; then
        [ -x "$root$bin/rabbitmq-server" ] || fail "no RabbitMQ 4 in $root: sudo deploy/rabbitmq-4.sh"
    else
        [ -x "$bin/rabbitmq-server" ] || fail "no $bin/rabbitmq-server: sudo apt-get install rabbitmq-server"
        command -v epmd >/dev/null || fail "no epmd: sudo apt-get install erlang-base"
    fi
    if [ -z "$directory" ]; then
        directory=$(mktemp -d "${TMPDIR:-/tmp}/warren-broker.XXXXXXXX") || fail "no temporary directory"
    else
        { mkdir -p "$directory" && directory=$(cd "$directory" && pwd); } || fail "cannot use $directory"
    fi
    trap clean_up EXIT
    trap 'signalled=1' TERM INT HUP
}

run() {
    prepare
    exec 3<&0
    watch_input
    find_cluster
    # shellcheck source=/dev/null
    [ -f "$directory/names" ] && . "$directory/names" && kept=1
    [ -n "$plugin_ports" ] || choose_plugin_ports
    start_broker
    while :; do
        case $event in
            ready) announce ;;
            died)
                end_processes
                [ -n "$stay" ] || exit 3
                echo "died" ;;
            # shellcheck source=/dev/null
            start) [ -n "$vm" ] || { [ -z "$kept" ] || . "$directory/names"; start_broker; continue; } ;;
            halt)
                stop_cleanly
                end_processes
                echo "halted" ;;
            stop)
                stop_cleanly
                exit 0 ;;
            gone) exit 0 ;;
        esac
        next_event
    done
}

make_cluster() {
    prepare
    epmd_port=$(free_port)
    write_cookie "$directory"
    cat > "$directory/cluster" <<CLUSTER
name=warren-$$-$RANDOM
nodes=$nodes
epmd_port=$epmd_port
CLUSTER
    start_mapper
    exec 3<&0
    watch_input
    echo "directory=$directory"
    echo "nodes=$nodes"
    echo "epmd_pid=$epmd"
    echo "ready=$nodes"
    next_event
}

# Asks the broker itself instead of starting an Erlang VM, which takes a second of a processor: 30 ms instead of 500. Only the
# commands that tests use most, as they write them; fails where it can't. Of a cluster, where a node may be down, only the
# node itself is asked.
quick_ctl() {
    local what=$1 expression items output
    local encode="rabbit_json:encode(Found)" user='rabbit_auth_backend_internal'
    command -v erl_call >/dev/null || return 1
    [ -z "$cluster" ] || [ "$what" = eval ] || return 1
    case $what in
        eval)
            [ $# -eq 2 ] || return 1
            encode='io_lib:format("~p~n", [Found])'
            expression="Found = begin $(sed -E '$s/\.[[:space:]]*$//' <<< "$2") end," ;;
        list_queues | list_exchanges | list_bindings | list_consumers | list_connections)
            [ "${2:-} ${3:-}" = "--formatter json" ] || return 1
            shift 3
            local host=/
            [ "${1:-}" != --vhost ] || { host=$2; shift 2; }
            items=$(IFS=,; echo "$*")
            case $what in
                list_queues) expression="rabbit_amqqueue:info_all(Host, [$items])" ;;
                list_exchanges) expression="rabbit_exchange:info_all(Host, [$items])" ;;
                list_bindings) expression="rabbit_binding:info_all(Host, [$items])" ;;
                list_consumers) expression="rabbit_amqqueue:consumers_all(Host)" ;;
                list_connections) expression="rabbit_networking:connection_info_all([$items])" ;;
            esac
            expression="Host = <<\"$host\">>, Items = [$items],
                Value = fun Value({resource, _, _, Name}) -> Name;
                    Value({Type, Item}) when is_atom(Type) -> Value(Item);
                    Value([{_, _, _} | _] = Table) -> maps:from_list([{Key, Value(Item)} || {Key, _, Item} <- Table]);
                    Value(List) when is_list(List) -> [Value(Item) || Item <- List];
                    Value(Truth) when is_boolean(Truth) -> Truth;
                    Value(Atom) when is_atom(Atom) -> atom_to_binary(Atom, utf8);
                    Value(Pid) when is_pid(Pid) -> list_to_binary(rabbit_misc:pid_to_string(Pid));
                    Value(Other) -> Other end,
                Rows = fun Rows([{_, _} | _] = Row) -> [Row]; Rows(List) -> lists:flatmap(Rows, List) end,
                Found = [maps:from_list([{Key, Value(Item)} || {Key, Item} <- Row, lists:member(Key, Items)])
                    || Row <- Rows($expression)]," ;;
        add_user)
            [ $# -eq 3 ] || return 1
            expression="Found = $user:add_user(<<\"$2\">>, <<\"$3\">>, <<\"test\">>)," ;;
        set_permissions)
            local host=/
            [ "${2:-}" != -p ] || { host=$3; shift 2; }
            [ $# -eq 5 ] || return 1
            expression="Found = $user:set_permissions(<<\"$2\">>, <<\"$host\">>, <<\"${3//\\/\\\\}\">>,
                <<\"${4//\\/\\\\}\">>, <<\"${5//\\/\\\\}\">>, <<\"test\">>)," ;;
        set_topic_permissions)
            [ $# -eq 5 ] || return 1
            expression="Found = $user:set_topic_permissions(<<\"$2\">>, <<\"/\">>, <<\"$3\">>,
                <<\"${4//\\/\\\\}\">>, <<\"${5//\\/\\\\}\">>, <<\"test\">>)," ;;
        delete_user)
            [ $# -eq 2 ] || return 1
            expression="Found = $user:delete_user(<<\"$2\">>, <<\"test\">>)," ;;
        change_password)
            [ $# -eq 3 ] || return 1
            expression="Found = $user:change_password(<<\"$2\">>, <<\"$3\">>, <<\"test\">>)," ;;
        close_connection)
            [ $# -eq 3 ] || return 1
            expression="Found = rabbit_networking:close_connection(rabbit_misc:string_to_pid(\"$2\"), \"$3\")," ;;
        close_all_connections)
            [ $# -eq 2 ] || return 1
            expression="Found = lists:foreach(fun(Pid) -> rabbit_networking:close_connection(Pid, \"$2\") end,
                rabbit_networking:connections())," ;;
        set_vm_memory_high_watermark)
            if [[ $# -eq 2 && $2 =~ ^0\.[0-9]+$ ]]; then
                expression="Found = vm_memory_monitor:set_vm_memory_high_watermark($2),"
            elif [[ $# -eq 3 && $2 = absolute && $3 =~ ^[0-9]+$ ]]; then
                expression="Found = vm_memory_monitor:set_vm_memory_high_watermark({absolute, $3}),"
            else
                return 1
            fi ;;
        set_disk_free_limit)
            [[ $# -eq 2 && $2 =~ ^[0-9]+[A-Z]+$ ]] || return 1
            expression="Found = rabbit_disk_monitor:set_disk_free_limit(\"$2\")," ;;
        *) return 1 ;;
    esac
    # A list fails when one of its objects ends meanwhile; rabbitmqctl would write the identifiers in another way.
    for _ in 1 2 3 4 5; do
        output=$(timeout 60 erl_call -r -address "127.0.0.1:$distribution_port" -timeout 60 -fetch_stdout -no_result_term \
            -e <<< "$expression io:put_chars(base64:encode(iolist_to_binary($encode)))." 2>/dev/null |
            base64 -d 2>/dev/null) || return 1
        case $what in
            list_*) [ -z "$output" ] || { echo "$output"; return; } ;;
            eval) [ -n "$output" ] && echo "$output"; return ;;
            *) [ "$output" = '"ok"' ]; return ;;
        esac
    done
    return 1
}

ctl() {
    directory=$1
    shift
    # shellcheck source=/dev/null
    . "$directory/names" || fail "no broker in $directory"
    broker_environment
    quick_ctl "$@" || become "$bin/rabbitmqctl" --quiet "$@"
}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    run)
        while [ $# -gt 0 ]; do
            case $1 in
                --directory) directory=${2:?}; shift 2 ;;
                --keep) keep=1; shift ;;
                --stay) stay=1; shift ;;
                --plugins) plugins=${2?}; shift 2 ;;
                --conf) conf=${2:?}; shift 2 ;;
                *) usage >&2; exit 2 ;;
            esac
        done
        run ;;
    cluster)
        while [ $# -gt 0 ]; do
            case $1 in
                --directory) directory=${2:?}; shift 2 ;;
                --keep) keep=1; shift ;;
                [1-9]) nodes=$1; shift ;;
                *) usage >&2; exit 2 ;;
            esac
        done
        [ -n "$nodes" ] || { usage >&2; exit 2; }
        make_cluster ;;
    ctl)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        ctl "$@" ;;
    -h | --help | help) usage ;;
    *) usage >&2; exit 2 ;;
esac
