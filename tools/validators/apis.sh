#!/bin/sh
# The OpenAPI and AsyncAPI documents, as those see them who know only the standards.
set -eu
cd "$(dirname "$0")/../.."
node=$(sh tools/validators/node.sh) || { printf '%s\n' "$node"; exit 77; }
"$node/.bin/redocly" lint --config tools/validators/redocly.yaml docs/openapi/*.json
"$node/.bin/spectral" lint --ruleset tools/validators/spectral.yaml docs/asyncapi/cloudeats.yaml
