#!/bin/bash
# Fetches RabbitMQ 4 for private brokers (PRIVATE_BROKER=4); silent when it is there. Where it can't, it says why in one
# line and exits 1.
#
# It is a small Debian system in a folder, made by debootstrap from the mirror that the machine's own apt sources name:
# about a minute. It needs root, once; a broker from the folder then runs as any user. Nothing else on the machine is
# changed: the mounts of debootstrap go with its own mount namespace.
#
#   PRIVATE_BROKER_ROOT   the folder (.rabbitmq-4 of this project); several checkouts may share one
#   PRIVATE_BROKER_SUITE  the Debian suite that has RabbitMQ 4 (trixie: 4.0; sid: a later one, for the tests of upgrades)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${PRIVATE_BROKER_ROOT:-$(dirname "$here")/.rabbitmq-4}
suite=${PRIVATE_BROKER_SUITE:-trixie}
server=usr/lib/rabbitmq/bin/rabbitmq-server

fail() { echo "rabbitmq-4: $*" >&2; exit 1; }

[ ! -x "$root/$server" ] || exit 0
# One at a time: apt is another's while it installs, and the folder may be there afterwards.
mkdir -p "$(dirname "$root")"
exec 9< "$(dirname "$root")"
flock -w 900 9 || fail "another one has not ended in 15 minutes"
[ ! -x "$root/$server" ] || exit 0
[ ! -e "$root" ] || fail "$root is there, and has no /$server: remove it"
[ "$(id -u)" -eq 0 ] || fail "fetching RabbitMQ 4 needs root: sudo ${BASH_SOURCE[0]}"
command -v apt-get >/dev/null || fail "fetching RabbitMQ 4 needs debootstrap and apt-get, which this machine has not"
if ! command -v debootstrap >/dev/null; then
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap; } \
        < /dev/null > /dev/null 2>&1 || fail "apt-get can't install debootstrap"
fi
# shellcheck disable=SC2016 # The words in $() are apt's.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sed -n 1p || true)

new=$(mktemp -d "$root.XXXXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
echo "Fetching RabbitMQ 4 into $root (about a minute) ..." >&2
said=$(mktemp "$new/said.XXXXXXXX")
unshare --mount debootstrap --variant=minbase --include=rabbitmq-server "$suite" "$new/system" \
    "${mirror:-https://deb.debian.org/debian}" > "$said" 2>&1 < /dev/null || fail "debootstrap: $(tail -n 1 "$said")"
[ -x "$new/system/$server" ] || fail "$suite has a RabbitMQ without /$server"
# Archives that were unpacked are of no use any more.
rm -rf "$new/system/var/cache/apt/archives" "$new/system/var/lib/apt/lists"
chmod 755 "$new/system"
mv -T "$new/system" "$root" 2>/dev/null || [ -x "$root/$server" ] || fail "can't make $root"
