#!/usr/bin/env bash
# Builds the images of all services, with a bill of materials beside each: `make images`.
#   SERVICES="orders payment"   only these
#   TAG=local                   the tag; the name is $REGISTRY/<service>, localhost/cloudeats by default
#   FROM=source                 compile in the image, on distroless (needs a registry); else the host's binaries are taken
#   BIN_DIR=target/release      where those are
#   BASE_IMAGE=…                what to build on; without one, a base of Debian packages is assembled
#   IMAGE_LOAD="kind load image-archive"   run for each archive, with its path behind: brings it into the cluster
set -euo pipefail
cd "$(dirname "$0")/../.."

SERVICES=${SERVICES:-gateway identity inventory orders payment fleet notification}
TAG=${TAG:-local}
REGISTRY=${REGISTRY:-localhost/cloudeats}
FROM=${FROM:-host}
BIN_DIR=${BIN_DIR:-target/release}
OUT=${OUT:-target/images}
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)

say() { printf '%s\n' "images: $*" >&2; }

tool() {
  if command -v buildah >/dev/null; then echo buildah
  elif docker version >/dev/null 2>&1; then echo docker
  else say "neither buildah nor a running docker is here: apt-get install buildah"; exit 77; fi
}
TOOL=$(tool)

# build NAME TARGET ARGS…
build() {
  local name=$1 target=$2; shift 2
  case $TOOL in
    buildah) buildah bud --quiet --format docker --layers=false --target "$target" --tag "$name" "$@" . >/dev/null ;;
    docker) docker buildx build --quiet --load --target "$target" --tag "$name" "$@" . >/dev/null ;;
  esac
}

# save NAME FILE
save() {
  rm -f "$2"
  case $TOOL in
    buildah) buildah push --quiet "$1" "docker-archive:$2:$1" ;;
    docker) docker save --output "$2" "$1" ;;
  esac
}

mkdir -p "$OUT"
if [ "$FROM" = host ] && [ -z "${BASE_IMAGE:-}" ]; then
  BASE_IMAGE=$REGISTRY/base:bookworm
  say "base of Debian packages"
  k8s/images/base.sh "$OUT/base"
  build "$BASE_IMAGE" base --build-arg SERVICE=none --build-context "packages=$OUT/base"
fi

for service in $SERVICES; do
  name=$REGISTRY/$service:$TAG
  args=(--build-arg "SERVICE=$service" --build-arg "VERSION=$VERSION" --build-arg "REVISION=$REVISION")
  [ -z "${BASE_IMAGE:-}" ] || args+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
  if [ "$FROM" = host ]; then
    [ -x "$BIN_DIR/$service" ] || { say "no $BIN_DIR/$service: cargo build --release --workspace --bins"; exit 1; }
    rm -rf "$OUT/context"; mkdir -p "$OUT/context"
    # Without symbols: a fifth of the size, and the same code.
    strip --output-file "$OUT/context/$service" "$BIN_DIR/$service" 2>/dev/null || cp "$BIN_DIR/$service" "$OUT/context/$service"
    build "$name" host "${args[@]}" --build-context "binaries=$OUT/context"
  else
    build "$name" image "${args[@]}"
  fi
  save "$name" "$OUT/$service.tar"
  if command -v syft >/dev/null; then
    syft scan --quiet --output "cyclonedx-json=$OUT/$service.cdx.json" "docker-archive:$OUT/$service.tar"
  else
    python3 k8s/images/sbom.py "$service" "$OUT/base.packages.tsv" >"$OUT/$service.cdx.json"
  fi
  [ -z "${IMAGE_LOAD:-}" ] || $IMAGE_LOAD "$OUT/$service.tar"
  say "$name $(stat --format %s "$OUT/$service.tar" | numfmt --to iec), $(python3 -c 'import json,sys; print(len(json.load(open(sys.argv[1]))["components"]))' "$OUT/$service.cdx.json") components"
done
rm -rf "$OUT/context"
