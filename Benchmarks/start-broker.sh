# Sourced by the scripts of this folder, from within it: `start_broker` starts a private broker and sets `port` and `directory`.
start_broker() {
    echo "Starting a private broker on loopback (about 6 s) ..." >&2
    # Our end of its standard input closes however this script ends; then the broker is killed.
    coproc BROKER { trap '' INT; exec ../deploy/private-broker.sh run --plugins ''; }
    port= directory=
    local line
    while IFS= read -r line <&"${BROKER[0]}"; do
        case $line in
            directory=*) directory=${line#*=} ;;
            port=*) port=${line#*=} ;;
            ready=*) break ;;
        esac
    done
    [ -n "$port" ] || { echo "No broker: see above." >&2; exit 1; }
}
