#!/bin/sh
# Prints where promtool is: on the path, or out of Debian's package, unpacked aside. Exit 77: it cannot be had.
set -eu
cd "$(dirname "$0")/../.."
command -v promtool && exit 0
home=$PWD/.local/validators/prometheus
if [ ! -x "$home/usr/bin/promtool" ]; then
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "promtool is missing (it comes with Prometheus)"; exit 77; }
	mkdir -p "$home"
	(cd "$home" && apt-get download -qq prometheus >&2 && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
		{ echo "promtool is missing, and Debian's package prometheus cannot be fetched"; exit 77; }
fi
printf '%s\n' "$home/usr/bin/promtool"
