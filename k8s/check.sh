#!/bin/sh
# Renders every overlay, holds it beside the schemas of Kubernetes and beside our own invariants, and shows that those notice a break.
# With KUBECONFIG naming a cluster that has the definitions, the API server judges as well. Exit 77: a tool is missing, nothing was judged.
set -eu
cd "$(dirname "$0")/.."

VERSION=${KUBERNETES_VERSION:-1.32}
OUT=${OUT:-target/k8s}
# The validators of `make verify`, else those of its folder.
TOOLS=$(dirname "$(command -v kubernetes-validate || echo .local/validators/bin/kubernetes-validate)")

missing() { echo "k8s: not available: $*" >&2; exit 77; }

command -v kubectl >/dev/null || missing "kubectl (https://kubernetes.io/docs/tasks/tools/)"
[ -x "$TOOLS/kubernetes-validate" ] || missing "kubernetes-validate (make verify fetches it, tools/validators/requirements.txt)"

mkdir -p "$OUT"
set --
for overlay in dev staging staging-us-west-2 prod-us-east-1 prod-us-west-2 local-east local-west; do
  kubectl kustomize "k8s/overlays/$overlay" >"$OUT/$overlay.yaml"
  set -- "$@" "$OUT/$overlay.yaml"
  echo "ok      $overlay: $(grep -c '^kind: ' "$OUT/$overlay.yaml") objects"
done

# It knows no custom resources, and says so for each of them.
"$TOOLS/kubernetes-validate" --strict --kubernetes-version "$VERSION" "$@" >"$OUT/validate.log" 2>&1 || {
  grep '^ERROR' "$OUT/validate.log" >&2 || cat "$OUT/validate.log" >&2
  exit 1
}
echo "ok      strict schemas of Kubernetes $VERSION"

"$TOOLS/python3" -B k8s/checks/invariants.py "$@"
"$TOOLS/python3" -B k8s/checks/invariants.py --prove "$@"

if [ -n "${KUBECONFIG:-}" ] && kubectl get --raw /readyz >/dev/null 2>&1; then
  "$TOOLS/python3" -B k8s/checks/server.py "$@"
else
  echo "k8s: not asked: an API server (KUBECONFIG names none)"
fi
