#!/bin/bash
# Installs a Debian package of the tool in a clean system with nothing but it and its dependencies, runs it there, and removes it. The
# system is made by debootstrap for the time of the check, which needs root and a mirror of Debian; where it can't, it says so
# in one line and exits 1.
#   check.sh PACKAGE
#   WARREN_BROKER=amqp://…   the tool also runs a part of the conformance suite there
set -euo pipefail

package=$(realpath "${1:?check.sh PACKAGE}")
fail() { echo "deb: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "a clean system needs root: sudo ${BASH_SOURCE[0]} $package"
command -v debootstrap > /dev/null || fail "a clean system needs debootstrap"
# shellcheck disable=SC1091
. /etc/os-release
suite=${VERSION_CODENAME:?this system names no release of Debian}
# shellcheck disable=SC2016 # The words in $() are apt's.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sed -n 1p || true)
mirror=${mirror:-https://deb.debian.org/debian}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
system=$work/system
echo "Making a clean $suite (about half a minute) ..." >&2
unshare --mount debootstrap --variant=minbase "$suite" "$system" "$mirror" > "$work/said" 2>&1 < /dev/null \
    || fail "debootstrap: $(tail -n 1 "$work/said")"
echo "deb $mirror $suite main" > "$system/etc/apt/sources.list"
# The way to the mirror is this machine's: its proxies, and the certificates that it trusts.
apt-config dump | grep -i '^Acquire::.*proxy' > "$system/etc/apt/apt.conf.d/99way" || true
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    install -D -m 644 {,"$system"}/etc/ssl/certs/ca-certificates.crt
fi
cp "$package" "$system/warren.deb"
# Programs in it see the processes and devices of this machine: Swift reads its arguments in /proc.
inside() {
    unshare --mount bash -c 'for folder in proc dev; do mount --bind "/$folder" "$0/$folder" || exit; done; exec chroot "$0" "$@"' \
        "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}
if ! { inside apt-get update && inside apt-get install -y --no-install-recommends /warren.deb; } > "$work/said" 2>&1; then
    cat "$work/said" >&2
    fail "it can't be installed"
fi
inside warren --version
inside warren-autogen-host --help > /dev/null
# Nothing listens there: one line, and the status for a broker that can't be reached.
code=0
said=$(inside warren doctor --probe --broker amqp://guest:guest@127.0.0.1:1 2>&1) || code=$?
[ $code -eq 3 ] || fail "doctor ended with $code: $said"
# It ends on SIGTERM with the status 0; `timeout` would say 124.
inside timeout --preserve-status 3 warren-autogen-host --exchange local --listen 127.0.0.1:0 > "$work/said" 2>&1 \
    || { cat "$work/said" >&2; fail "the host does not run"; }
grep -q " listens on " "$work/said" || fail "the host says: $(cat "$work/said")"
if [ -n "${WARREN_BROKER:-}" ]; then
    inside WARREN_BROKER="$WARREN_BROKER" warren conformance --quick --subject transport > "$work/said" 2>&1 \
        || { cat "$work/said" >&2; fail "conformance failed"; }
fi
for unit in "$(dirname "${BASH_SOURCE[0]}")"/../systemd/*.service; do
    [ -e "$system/usr/lib/systemd/system/$(basename "$unit")" ] || fail "it lacks $(basename "$unit")"
done
inside bash -n /usr/share/bash-completion/completions/warren
inside dpkg --verify warren
inside apt-get purge -y warren > "$work/said" 2>&1 || { cat "$work/said" >&2; fail "it can't be removed"; }
left=$(cd "$system" && find etc usr -path '*warren*')
[ -z "$left" ] || fail "it left $left"
echo "The package is installed, runs, and is removed in a clean $suite."
