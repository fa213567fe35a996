#!/bin/sh
# Applies live/emulator to a local emulator of AWS (moto), and asks for a second plan, which must want nothing.
#
# What the emulator is known not to keep stands in live/emulator/not_kept.json; any other change is a failure.
#
# Nothing is asked of AWS. TF_PLUGIN_DIR names a folder of providers where no registry can be reached; PORT the port of
# the emulator, else a free one. Ends with 0 if all is well, with 1 if not, and with 77 where Terraform, Python, the
# provider or the emulator cannot be had.
set -eu
cd "$(dirname "$0")"

missing=77
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE="${TF_CLI_CONFIG_FILE:-/dev/null}"
[ -r "$TF_CLI_CONFIG_FILE" ] || TF_CLI_CONFIG_FILE=/dev/null
# Whatever the caller is known as at AWS must not be used here.
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL

work=$(mktemp -d)
emulator=
finish() {
  [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

not_available() {
  echo "not available: $1" >&2
  exit "$missing"
}

command -v terraform >/dev/null || not_available "terraform is missing"
command -v python3 >/dev/null || not_available "python3 is missing"

tools=${EMULATOR_TOOLS:-../.local/tools/moto}
if [ ! -x "$tools/bin/moto_server" ]; then
  python3 -m venv "$tools" && "$tools/bin/pip" install --quiet -r requirements-emulator.txt ||
    not_available "moto cannot be installed"
fi

port=${PORT:-$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}
# Policies of AWS' own are attached to roles.
MOTO_IAM_LOAD_MANAGED_POLICIES=true "$tools/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
emulator=$!

answers() {
  python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1).close()" 2>/dev/null
}
tries=0
until answers; do
  kill -0 "$emulator" 2>/dev/null || { cat "$work/moto.log" >&2; not_available "moto does not start"; }
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || not_available "moto does not answer"
  sleep 1
done

cp -R live/emulator "$work/root"
rm -rf "$work/root/.terraform"
# Modules are named by ../../modules: the copy stands where that leads back here.
mkdir -p "$work/live" && mv "$work/root" "$work/live/emulator"
ln -s "$PWD/modules" "$work/modules"
ln -s "$PWD/cost" "$work/cost"
cd "$work/live/emulator"

if [ -n "${TF_PLUGIN_DIR:-}" ]; then
  terraform init -input=false -no-color -lockfile=readonly -plugin-dir="$TF_PLUGIN_DIR" >"$work/init.log" 2>&1
else
  terraform init -input=false -no-color >"$work/init.log" 2>&1
fi || {
  cat "$work/init.log" >&2
  grep -q -e "Failed to query available provider packages" -e "Failed to install provider" "$work/init.log" || exit 1
  not_available "the provider; TF_PLUGIN_DIR names a folder of providers where no registry can be reached"
}

export TF_VAR_endpoint="http://127.0.0.1:$port"
terraform apply -auto-approve -input=false -no-color -parallelism=20 >"$work/apply.log" 2>&1 || {
  grep -A 12 "^Error" "$work/apply.log"
  echo "emulator: the apply failed"
  exit 1
}
grep "^Apply complete" "$work/apply.log"

terraform plan -input=false -no-color -out=plan.bin >"$work/plan.log" 2>&1 || {
  cat "$work/plan.log"
  echo "emulator: the second plan failed"
  exit 1
}
grep "^No changes" "$work/plan.log" || terraform show -json plan.bin | python3 second_plan.py not_kept.json || {
  cp "$work/plan.log" "${PLAN_LOG:-/dev/null}"
  echo "emulator: a second plan wants changes"
  exit 1
}
