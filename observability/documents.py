"""Holds the pages of docs/ against the code: events, data, drawings, links. Each check says what does not fit."""

import pathlib
import re

import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent


def check_events():
    """Every event type and topic of the contracts is in the catalogue and in the AsyncAPI document."""
    types = set()
    for file in sorted(ROOT.glob("crates/*-contract/src/events.rs")):
        code = file.read_text().partition("#[cfg(test)]")[0]
        types |= set(re.findall(r'"(com\.cloudeats\.\w+\.\w+\.v\d+)"', code))
    kinds = set(re.findall(r"`(tel|evt|sta|ack)`:", (ROOT / "crates/fleet-contract/src/mqtt.rs").read_text()))
    catalogue = ROOT / "docs/events.md"
    asyncapi = ROOT / "docs/asyncapi/cloudeats.yaml"
    for document in (catalogue, asyncapi):
        text = document.read_text() if document.is_file() else ""
        for kind in sorted(types):
            service, event = kind.split(".")[2:4]
            there = kind in text or (document == catalogue and re.search(rf"`{event}`", text) and f"cloudeats.{service}" in text)
            if not there:
                yield f"{document.name}: does not know {kind}"
        for topic in sorted({f"cloudeats.{kind.split('.')[2]}" for kind in types} | {f"v1/fleet/{{vehicle}}/{kind}" for kind in kinds}):
            if not re.search(rf"{re.escape(topic)}\b(?!/)", text):
                yield f"{document.name}: does not know the topic {topic}"
    table = (ROOT / "crates/cloudeats/src/check/subscriptions.rs").read_text()
    heard = dict(re.findall(r'\(\s*"(\w+)",\s*&\[(.*?)\]', table, re.S))
    for event, row in re.findall(r"^\| `(\w+)` (.*) \|$", catalogue.read_text() if catalogue.is_file() else "", re.M):
        kind = next((kind for kind in types if kind.split(".")[3] == event), None)
        if kind is None:
            yield f"{catalogue.name}: lists {event}, which no contract promises"
            continue
        consumers = {consumer for consumer, handled in heard.items() if f'"{kind}"' in handled}
        said = {word for word in row.split("|")[-1].replace(",", " ").split()}
        if consumers != said:
            yield f"{catalogue.name}: {event} is heard by {sorted(consumers)}, not by {sorted(said)}"


def check_slos():
    """Rules, page and load tests promise the same."""
    rules = yaml.safe_load((HERE / "prometheus/rules/slo.yaml").read_text())["groups"]
    promised = {
        rule["labels"]["slo"]: float(rule["expr"].removeprefix("vector(").removesuffix(")"))
        for group in rules
        for rule in group["rules"]
        if rule["record"] == "slo:objective:ratio"
    }
    table = re.findall(r"^\| `([\w-]+)` \|.*\| ([\d.]+) % \|", (ROOT / "docs/slo.md").read_text(), re.M)
    said = {slo: round(float(share) / 100, 6) for slo, share in table}
    if promised != said:
        yield f"slo.md: promises {said}, and slo.yaml {promised}"
    kept = (ROOT / "load-tests/lib/slo.js").read_text().partition("BEYOND")[0]
    budget = {slo: f"rate<{round(1 - share, 6)}" for slo, share in promised.items()}
    thresholds = [
        ("http_req_failed{scope:shop}", budget["edge-available"]),
        ("orders_broken", budget["orders-taken"]),
        ("http_req_duration{scope:shop}", f"p({round(100 * promised['edge-fast'], 4):g})<1000"),
    ]
    for metric, threshold in thresholds:
        if not re.search(rf'^  "?{re.escape(metric)}"?: \[{{ threshold: "{re.escape(threshold)}"', kept, re.M):
            yield f"slo.js: does not hold {metric} to {threshold}"


def check_data():
    """Every table and collection is in the catalogue of data, under its service."""
    catalogue = (ROOT / "docs/data-catalogue.md").read_text()
    parts = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", catalogue, re.M | re.S))
    shared = parts.get("Of every service with a database", "")
    for folder in sorted(ROOT.glob("services/*/migrations")):
        service = folder.parent.name
        code = "\n".join(file.read_text() for file in folder.glob("*.sql"))
        for table in sorted(set(re.findall(r"^create table (?:if not exists )?(\w+)", code, re.M | re.I))):
            if f"`{table}`" not in parts.get(service, "") + shared:
                yield f"data-catalogue.md: does not know {service}'s table {table}"
    for name in re.findall(r'TableDef = TableDef \{\s*name: "(\w+)"', (ROOT / "crates/dynamo-kit/src/tables.rs").read_text()):
        if f"`{name}`" not in catalogue:
            yield f"data-catalogue.md: does not know the collection {name}"


def check_drawing():
    """Every table that is drawn is there, and has the columns that are drawn."""
    code = "\n".join(file.read_text() for file in sorted(ROOT.glob("services/*/migrations/*.sql")))
    tables = dict(re.findall(r"^create table (?:if not exists )?(\w+) \((.*?)^\)", code, re.M | re.S | re.I))
    page = (ROOT / "docs/diagrams/data.md").read_text()
    lines = re.findall(r"^  (\w+) [|}]\S+ (\w+) :", page, re.M)
    for table in sorted({table for line in lines for table in line}):
        if table not in tables:
            yield f"diagrams/data.md: draws {table}, which nobody has"
    for table, body in re.findall(r"^  (\w+) \{\n(.*?)^  \}", page, re.M | re.S):
        later = " ".join(re.findall(rf"^alter table {table}\b.*?;", code, re.M | re.S | re.I))
        for column in re.findall(r"^    \w+ (\w+)", body, re.M):
            if not re.search(rf"\b{column}\b", tables.get(table, "") + later):
                yield f"diagrams/data.md: draws {table}.{column}, which is not there"


def check_links():
    """Every link from a page of ours to a file of ours leads somewhere."""
    pages = [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/runbooks/*.md"), *ROOT.glob("docs/diagrams/*.md"), *HERE.glob("*.md")]
    for page in sorted(pages):
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
            if not (page.parent / link).exists():
                yield f"{page.relative_to(ROOT)}: leads to {link}, which is not there"


CHECKS = (check_events, check_slos, check_data, check_drawing, check_links)
