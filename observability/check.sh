#!/bin/sh
# Everything about observability that can be checked without a running stack. PROMTOOL and PYTHON name the tools
# where they are not on the path; exit 77 says which one is missing.
set -eu
cd "$(dirname "$0")"
promtool=${PROMTOOL:-promtool}
python=${PYTHON:-python3}
command -v "$promtool" >/dev/null || { echo "promtool is missing: Debian's package prometheus has it; PROMTOOL names it"; exit 77; }
"$python" -c 'import promql_parser, yaml' 2>/dev/null ||
	{ echo "promql-parser 0.11 or PyYAML is missing: pip install promql-parser PyYAML; PYTHON names the interpreter"; exit 77; }

failed=0
part() {
	printf '%s\n' "== $1"
	shift
	"$@" || failed=1
}
part "rules are well-formed" "$promtool" check rules prometheus/rules/*.yaml prometheus/alerts/*.yaml
part "alarms fire when they should, and only then" "$promtool" test rules prometheus/tests/*.yaml
part "a version that only fails is taken back" env PROMTOOL="$promtool" "$python" -B canary.py
part "metrics.txt knows what the code exports" "$python" -B metrics.py --check
part "dashboards are what dashboards.py says" "$python" -B grafana/dashboards.py --check
part "queries, alarms, runbooks and pages fit together" "$python" -B check.py
part "the AsyncAPI document is what the contracts say" "$python" -B ../docs/asyncapi/asyncapi.py --check
exit $failed
