"""What a new version is judged by (k8s/components/rollouts), asked of made-up series by promtool.

A story says what the new version answered in each 15 s, beside an old one that never fails. Exits with 1 when a
share is not the one that the story has, so that a version which only fails is never taken for one that nobody asked.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).resolve().parents[1] / "k8s/components/rollouts/analysis/analysis.yaml"
COUNTER = 'http_server_request_duration_seconds_count{{app="gateway",revision="{}",http_response_status_code="{}"}}'
# Answers of the new version by status, and the share of success; None where there is nothing to judge.
STORIES = {
    "it only fails": ({"503": 30}, 0),
    "a tenth fails": ({"200": 27, "500": 3}, 0.9),
    "nothing fails": ({"200": 30}, 1),
    "it refuses bad requests": ({"200": 15, "404": 15}, 1),
    "nobody has asked it": ({}, None),
}


def query():
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    metric = next(m for m in template["spec"]["metrics"] if m["name"] == "success-share")
    text = metric["provider"]["prometheus"]["query"]
    return text.replace("{{args.service}}", "gateway").replace("{{args.revision}}", "new")


def story(name, answers, share):
    rates = {("new", status): rate for status, rate in answers.items()} | {("old", "200"): 100}
    expected = [] if share is None else [{"labels": "{}", "value": share}]
    return {
        "name": name,
        "interval": "15s",
        "input_series": [{"series": COUNTER.format(*key), "values": f"0+{n}x20"} for key, n in rates.items()],
        "promql_expr_test": [{"expr": query(), "eval_time": "5m", "exp_samples": expected}],
    }


def main():
    tests = {"evaluation_interval": "15s", "tests": [story(name, *told) for name, told in STORIES.items()]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "canary.yaml"
        # JSON is YAML too.
        file.write_text(json.dumps(tests), encoding="utf-8")
        return subprocess.run([os.environ.get("PROMTOOL", "promtool"), "test", "rules", file], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
