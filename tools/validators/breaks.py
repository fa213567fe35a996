"""Breaks one file after the other on purpose, and sees that `cargo xtask verify` notices: `python3 -B breaks.py`.

Names of checks as arguments choose; without any, all that need no Terraform. Each file is put back as it was, and
one that has changes of yours is not touched. Breaks within a check of our own stand beside it: k8s/checks/breaks.py
(Kubernetes, 76), the tests of Terraform's modules, the stories of the alarms. Exits with 1 when one was not noticed,
and with 77 when a tool was missing.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The check, what is done, in which file, and how: what is replaced, once, by what.
BREAKS = [
    ("workflows", "a job waits for one that is not there", ".github/workflows/ci.yml", "needs: ", "needs: nobody # "),
    ("workflows", "an expression names what no event has", ".github/workflows/ci.yml", "${{ ", "${{ nothing. "),
    (
        "dockerfile",
        "a version is whichever is newest",
        "Dockerfile",
        "cargo-chef@0.1.78",
        "cargo-chef && apt-get install x",
    ),
    ("scripts", "file names are words", "k8s/images/build.sh", "\nset -", "\nfor each in $(ls); do :; done\nset -"),
    ("configuration", "a default that the code does not have", "docs/CONFIG.md", "| `plain` |", "| `tls` |"),
    ("documents", "an operation without a name", "docs/openapi/orders.json", '"operationId"', '"x-operationId"'),
    (
        "documents",
        "a parameter of the path that nobody declares",
        "docs/openapi/fleet.json",
        '"/v1/couriers/{',
        '"/v1/{x}/{',
    ),
    (
        "documents",
        "an act that AsyncAPI does not know",
        "docs/asyncapi/cloudeats.yaml",
        "action: send",
        "action: shout",
    ),
    (
        "observability",
        "a rule that cannot be read",
        "observability/prometheus/rules/slo.yaml",
        "vector(0.999)",
        "vector(0.999",
    ),
    (
        "observability",
        "an alarm that fires too late",
        "observability/prometheus/alerts/orders.yaml",
        "for: 2m",
        "for: 20m",
    ),
    (
        "observability",
        "an alarm on a metric that nothing exports",
        "observability/prometheus/alerts/orders.yaml",
        "cloudeats_saga_oldest_age_seconds",
        "cloudeats_saga_age_seconds",
    ),
    (
        "observability",
        "a runbook that nobody wrote",
        "observability/prometheus/alerts/orders.yaml",
        "saga-stalled.md",
        "saga-halted.md",
    ),
    (
        "observability",
        "a panel that was changed by hand",
        "observability/grafana/dashboards/service.json",
        '"expr"',
        '"expression"',
    ),
    (
        "observability",
        "a canary is judged by what succeeded",
        "k8s/components/rollouts/analysis/analysis.yaml",
        "or vector(0)",
        "",
    ),
    ("observability", "an event that no contract knows", "docs/asyncapi/cloudeats.yaml", ".v1", ".v9"),
    (
        "load-tests",
        "a scenario that cannot be read",
        "load-tests/scenarios/smoke.js",
        "export const options =",
        "export options =",
    ),
    (
        "load-tests",
        "a function called with the wrong kind",
        "load-tests/scenarios/smoke.js",
        "lasting(30)",
        'lasting("x", {})',
    ),
    ("kubernetes", "a field that no schema has", "k8s/base/orders/service.yaml", "ports:", "prots:"),
    (
        "kubernetes",
        "an overlay whose base is gone",
        "k8s/overlays/dev/orders/kustomization.yaml",
        "base/orders",
        "base/order",
    ),
    (
        "kubernetes",
        "a service that may be asked by anybody",
        "k8s/components/network-policies/payment.yaml",
        "{matchLabels: {app.kubernetes.io/name: gateway}}",
        "{}",
    ),
    (
        "terraform",
        "a variable of the wrong type",
        "terraform/modules/kafka/variables.tf",
        "default     = 200",
        'default     = "much"',
    ),
    (
        "terraform",
        "a topic that anybody may make",
        "terraform/modules/region/roles.tf",
        '"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"',
        '"kafka-cluster:CreateTopic", "kafka-cluster:ReadData"',
    ),
    ("terraform-scan", "a bucket that everybody reads", "terraform/modules/bucket/main.tf", "= true", "= false"),
]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def noticed(check, file, old, new):
    """Whether the check, which passes on what is committed, fails with the break."""
    path = ROOT / file
    text = path.read_text(encoding="utf-8")
    if run("git", "diff", "--quiet", "HEAD", "--", file).returncode:
        return "has changes of yours"
    if old not in text:
        return f"has no {old!r}"
    try:
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        done = run("cargo", "--quiet", "xtask", "verify", check)
    finally:
        path.write_text(text, encoding="utf-8")
    if "not available" in done.stdout:
        return "not available"
    return "noticed" if done.returncode else "MISSED"


def main():
    chosen = sys.argv[1:] or {check for check, *_ in BREAKS} - {"terraform", "terraform-scan"}
    seen = []
    for check, what, file, old, new in BREAKS:
        if check in chosen:
            seen.append(noticed(check, file, old, new))
            print(f"{seen[-1]:<14} {check:<15} {what} ({file})", flush=True)
    if absent := seen.count("not available"):
        print(f"{absent} could not be asked")
    return 77 if absent else int(any(each != "noticed" for each in seen))


if __name__ == "__main__":
    sys.exit(main())
