#!/usr/bin/env bash
# base.sh FOLDER: what a service's image stands on where none can be pulled, from the machine's Debian archive:
# the C library and what our binaries ask of it, roots of trust, time zones, one user. No shell, no package manager.
set -euo pipefail

folder=${1:?a folder}
packages=(libc6 libgcc-s1 zlib1g ca-certificates tzdata)
debs=$(mktemp -d)
trap 'rm -rf "$debs"' EXIT

rm -rf "$folder"; mkdir -p "$folder"
folder=$(realpath "$folder")
chmod 755 "$debs"
(cd "$debs" && apt-get download --quiet --quiet "${packages[@]}")

root=$folder/root
for deb in "$debs"/*.deb; do
  dpkg-deb --extract "$deb" "$root"
  # shellcheck disable=SC2016 # dpkg-deb fills these in
  dpkg-deb --show --showformat '${Package}\t${Version}\t${Architecture}\n' "$deb"
done >"$folder.packages.tsv"

# What the package's own script would make: one file of all roots of trust.
mkdir -p "$root/etc/ssl/certs"
find "$root/usr/share/ca-certificates" -name '*.crt' | sort | xargs cat >"$root/etc/ssl/certs/ca-certificates.crt"
(cd "$root" && rm -rf sbin usr/bin usr/sbin usr/share/ca-certificates usr/share/doc usr/share/lintian usr/share/man \
  usr/lib/*/gconv)
mkdir -p "$root/tmp" "$root/home/nonroot"
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"

mv "$root"/* "$folder"/ && rmdir "$root"
