#!/bin/bash
# Makes the files of an image: programs in /usr/bin, the libraries that they load and the loader at their own paths, the
# certificates of authorities, a user without a name to log in as. No shell, no package, nothing that runs as another user.
#   collect.sh FOLDER PROGRAM...
set -euo pipefail

image=${1:?collect.sh FOLDER PROGRAM...}
shift
fail() { echo "image: $*" >&2; exit 1; }
[ $# -gt 0 ] || fail "name a program"
# /lib is a link on Debian, and is one in the image.
mkdir -p "$image"/{etc/ssl/certs,tmp,usr/bin,usr/lib,usr/lib64}
chmod 1777 "$image/tmp"
for folder in bin lib lib64; do ln -sfn "usr/$folder" "$image/$folder"; done

for program in "$@"; do
    install -m 755 "$program" "$image/usr/bin/$(basename "$program")"
    libraries=$(ldd "$program") || fail "$program can't be read"
    missing=$(grep 'not found' <<< "$libraries" || true)
    [ -z "$missing" ] || fail "$program needs $missing"
    # A library by its path, and the loader by the path in the program.
    grep -o '/[^ ]*' <<< "$libraries" | sort -u | while read -r library; do
        # Into the folder behind the link, under the name that programs have for it.
        place=$image/$(realpath -m --relative-to=/ "$(realpath "$(dirname "$library")")")
        mkdir -p "$place"
        install -m 755 "$library" "$place/$(basename "$library")"
    done
done

authorities=/etc/ssl/certs/ca-certificates.crt
[ -e "$authorities" ] || fail "there is no $authorities: apt-get install ca-certificates"
install -m 644 "$authorities" "$image$authorities"
echo 'warren:x:65532:65532::/tmp:/' > "$image/etc/passwd"
echo 'warren:x:65532:' > "$image/etc/group"
echo 'hosts: files dns' > "$image/etc/nsswitch.conf"
