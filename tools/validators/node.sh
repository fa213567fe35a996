#!/bin/sh
# Fetches the validators of npm once, aside, and prints the folder of their packages. Exit 77: they cannot be had.
set -eu
cd "$(dirname "$0")"
home=$(cd ../.. && pwd)/.local/validators/node
if ! cmp -s package-lock.json "$home/fetched.json"; then
	command -v npm >/dev/null || { echo "npm is missing (Node.js 20 or later)"; exit 77; }
	mkdir -p "$home"
	cp package.json package-lock.json "$home/"
	npm ci --silent --no-audit --no-fund --prefix "$home" >&2 || { echo "npm cannot fetch the validators"; exit 77; }
	cp package-lock.json "$home/fetched.json"
fi
printf '%s\n' "$home/node_modules"
