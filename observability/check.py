"""Holds rules, dashboards, runbooks, promises and documents together. Called by check.sh; prints what does not fit."""

import pathlib
import re
import sys

import promql_parser
import yaml

import documents
import metrics
import queries

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
# What Prometheus itself attaches, and what its scrape configuration does.
OF_TARGETS = {"job", "instance", "service", "region", "namespace", "pod", "le"}
SEVERITIES = {"page", "ticket", "none"}
def base(name):
    return re.sub(r"_(bucket|sum|count)$", "", name)


def outside():
    lines = (HERE / "metrics-outside.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def check_queries():
    ours, others = metrics.known(), outside()
    recorded = {rule["record"] for _, rule in queries.rules() if "record" in rule}
    used = set()
    for query in queries.queries():
        try:
            tree = promql_parser.parse(queries.filled(query.text))
        except ValueError as error:
            yield f"{query.where}: cannot be parsed: {error}"
            continue
        for name, _, labels in queries.selectors(tree):
            used |= {name, base(name)}
            if name in recorded or name in others or name == "ALERTS":
                continue
            if name not in ours and not (base(name) in ours and ours[base(name)][0] == "histogram"):
                yield f"{query.where}: nobody exports {name}"
                continue
            yield from check_labels(query.where, name, labels, ours)
        for labels, below in queries.grouped(tree):
            raw = [name for name, _, _ in below]
            if all(base(name) in ours or name in ours for name in raw) and raw:
                for name in raw:
                    yield from check_labels(query.where, name, labels, ours)
    for name in sorted(recorded - used):
        yield f"rules: {name} is recorded and never asked for"
    for name in sorted(others - used):
        yield f"metrics-outside.txt: {name} is never asked for"


def check_labels(where, name, labels, ours):
    has = {label.lstrip("~") for label in ours.get(name, ours.get(base(name)))[1]} | OF_TARGETS
    for label in labels:
        if label not in has:
            yield f"{where}: {name} has no label {label}"


def check_alerts():
    stories = alarms_in_tests()
    runbooks = set()
    for file, rule in queries.rules():
        if "alert" not in rule:
            continue
        name, notes = rule["alert"], rule.get("annotations", {})
        where = f"{file.name}: {name}"
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"{where}: severity is none of {sorted(SEVERITIES)}"
        for wanted in ("summary", "description", "runbook_url"):
            if not notes.get(wanted):
                yield f"{where}: has no {wanted}"
        page = notes.get("runbook_url", "").partition("/docs/runbooks/")[2]
        runbooks.add(page)
        if not page or not (ROOT / "docs/runbooks" / page).is_file():
            yield f"{where}: there is no docs/runbooks/{page}"
        elif not (ROOT / "docs/runbooks" / page).read_text().startswith(f"# {name}\n"):
            yield f"{where}: docs/runbooks/{page} is about something else"
        fires, quiet = stories.get(name, ([], 0))
        if not fires:
            yield f"{where}: no test has it fire"
        if not quiet and name != "Watchdog":
            yield f"{where}: no test has it stay quiet"
        for label in re.findall(r"\$labels\.(\w+)", " ".join(notes.values())):
            if any(f'{label}="' not in sample for sample in fires):
                yield f"{where}: says {label}, which the alarm of its test does not carry"
    for page in sorted(file.name for file in (ROOT / "docs/runbooks").glob("*.md") if file.name != "README.md"):
        if page not in runbooks:
            yield f"docs/runbooks: {page} belongs to no alarm"


def alarms_in_tests():
    """Name of an alarm to the samples that tests expect of it, and how often they expect none."""
    stories = {}
    for file in sorted(HERE.glob("prometheus/tests/*.yaml")):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("promql_expr_test", []):
                alarm = re.search(r'alertname="(\w+)"', case["expr"])
                if alarm is None:
                    continue
                fires, quiet = stories.get(alarm[1], ([], 0))
                samples = [sample["labels"] for sample in case["exp_samples"]]
                stories[alarm[1]] = (fires + samples, quiet + (not samples))
    return stories


def check_dashboards():
    uids = {}
    for file, board in queries.dashboards():
        where = file.name
        if board.get("id", 0) is not None:
            yield f"{where}: id is not null"
        if board["uid"] != f"ce-{file.stem}":
            yield f"{where}: uid is not ce-{file.stem}"
        if board["uid"] in uids:
            yield f"{where}: has the uid of {uids[board['uid']]}"
        uids[board["uid"]] = where
        for uid in sources(board):
            if not uid.startswith("${"):
                yield f"{where}: names {uid}, a data source of one installation"


def sources(part):
    """Every data source that a part of a dashboard names."""
    if isinstance(part, list):
        for one in part:
            yield from sources(one)
    if isinstance(part, dict):
        if isinstance(part.get("datasource"), dict):
            yield part["datasource"]["uid"]
        yield from sources(list(part.values()))


def check_files():
    for file in sorted([*HERE.rglob("*.yaml")]):
        try:
            list(yaml.safe_load_all(file.read_text()))
        except yaml.YAMLError as error:
            yield f"{file.name}: is no YAML: {error}"


def main():
    ours = (check_files, check_queries, check_alerts, check_dashboards)
    found = [line for check in (*ours, *documents.CHECKS) for line in check()]
    for line in found:
        print(line)
    asked = list(queries.queries())
    alarms = sum(query.kind == "alert" for query in asked)
    panels = sum(query.kind == "panel" for query in asked)
    print(f"{len(asked)} queries, {alarms} of alarms, {panels} of panels: {len(found)} things wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
