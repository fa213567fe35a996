#!/bin/sh
# Checks all of terraform/: conventions, costs, READMEs, formatting, then validate and test of every module and root.
#
#   terraform/check.sh                everything
#   terraform/check.sh modules/eks    only these folders
#   terraform/check.sh --scan         checkov over everything, and nothing else
#
# TF_PLUGIN_DIR names a folder of providers where no registry can be reached. Ends with 0 if all is well, with 1 if
# something is wrong, and with 77 where Terraform or the provider (or the scanner) cannot be had: that is no success.
set -eu
cd "$(dirname "$0")"

missing=77
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE="${TF_CLI_CONFIG_FILE:-/dev/null}"
[ -r "$TF_CLI_CONFIG_FILE" ] || TF_CLI_CONFIG_FILE=/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

failed=0

# What failed before stays a failure.
not_available() {
  echo "not available: $1" >&2
  [ "$failed" -eq 0 ] || exit 1
  exit "$missing"
}

# Google has no provider here, and the emulator's root is for emulator.sh.
folders() {
  for folder in modules/* live/*; do
    case $folder in
      live/gcp) ;;
      *) echo "$folder" ;;
    esac
  done
}

scan() {
  tools=${SCAN_TOOLS:-../.local/tools/checkov}
  if [ ! -x "$tools/bin/checkov" ]; then
    python3 -m venv "$tools" && "$tools/bin/pip" install --quiet -r requirements-scan.txt ||
      not_available "checkov cannot be installed"
  fi
  "$tools/bin/checkov" --config-file checkov.yaml
}

# Modules have no lock file: roots decide. That of a root is not to be changed here.
init() {
  lock=
  [ ! -f .terraform.lock.hcl ] || lock=-lockfile=readonly
  terraform init -backend=false -input=false -no-color $lock ${TF_PLUGIN_DIR:+"-plugin-dir=$TF_PLUGIN_DIR"}
}

# One folder, with its data elsewhere, so that nothing is left behind. A test validates what it tests; only a root
# without tests has to be asked for it.
check() {
  fresh=
  [ -f "$1/.terraform.lock.hcl" ] || fresh=yes
  (
    cd "$1"
    if ! init >"$work/init.log" 2>&1; then
      cat "$work/init.log"
      ! grep -q -e "Failed to query available provider packages" -e "Failed to install provider" "$work/init.log" ||
        exit "$missing"
      exit 1
    fi
    if ls tests/*.tftest.hcl >/dev/null 2>&1; then
      terraform test -no-color
    else
      terraform validate -no-color
    fi
  ) >"$2" 2>&1 && code=0 || code=$?
  [ -z "$fresh" ] || rm -f "$1/.terraform.lock.hcl"
  return "$code"
}

case ${1:-} in
  --scan)
    scan
    exit
    ;;
esac

command -v python3 >/dev/null || not_available "python3 is missing"
for script in checks/*.py; do
  python3 "$script" || failed=1
done

command -v terraform >/dev/null || not_available "terraform is missing; what does not need it was checked above"

terraform fmt -check -diff -recursive . || failed=1

passed=0
# shellcheck disable=SC2046 # No folder has a blank in its name.
[ $# -gt 0 ] || set -- $(folders)
for folder in "$@"; do
  folder=${folder%/}
  out="$work/$(echo "$folder" | tr / -)"
  export TF_DATA_DIR="$out.data"
  began=$(date +%s)
  check "$folder" "$out" && code=0 || code=$?
  rm -rf "$TF_DATA_DIR"
  seconds=$(($(date +%s) - began))
  case $code in
    0)
      runs=$(sed -n 's/^Success! \([0-9]*\) passed.*/\1/p' "$out")
      passed=$((passed + ${runs:-0}))
      echo "$folder: ${runs:+$runs runs }passed, ${seconds} s"
      ;;
    "$missing")
      not_available "the provider; TF_PLUGIN_DIR names a folder of providers where no registry can be reached"
      ;;
    *)
      failed=1
      echo "$folder: failed, ${seconds} s"
      cat "$out"
      ;;
  esac
done

[ "$failed" -eq 0 ] || { echo "terraform: failed"; exit 1; }
echo "terraform: $passed runs passed"
