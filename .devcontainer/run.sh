#!/usr/bin/env bash
# The whole city in one container. A stack listens on 127.0.0.1 alone, so what people open is led there from the container's own address.
set -euo pipefail
cd "$(dirname "$0")/.."

address=$(hostname -I | cut -d ' ' -f 1)
python3 tools/cluster-test/relay.py "$address:8080=127.0.0.1:8080" "$address:18126=127.0.0.1:18126" &
exec make run
