"""What the rules and dashboards ask: read from their files, and taken apart."""

import json
import pathlib
import re
from dataclasses import dataclass, field

import promql_parser
import yaml

HERE = pathlib.Path(__file__).parent


@dataclass
class Query:
    """One PromQL expression."""

    where: str
    text: str
    kind: str
    selectors: list = field(default_factory=list)


def rules():
    """Every recording rule and alarm."""
    for file in sorted([*HERE.glob("prometheus/rules/*.yaml"), *HERE.glob("prometheus/alerts/*.yaml")]):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield file, rule


def dashboards():
    """Every dashboard, with the name of its file."""
    for file in sorted(HERE.glob("grafana/dashboards/*.json")):
        yield file, json.loads(file.read_text())


def queries():
    """Every expression of every rule and panel."""
    for file, rule in rules():
        kind = "record" if "record" in rule else "alert"
        yield Query(f"{file.name}: {rule[kind]}", rule["expr"], kind)
    for file, board in dashboards():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == "prometheus":
                    yield Query(f"{file.name}: {panel['title']}", target["expr"], "panel")


def filled(text, service=".+"):
    """The expression with a dashboard's variables chosen."""
    return text.replace('"$service"', f'"{service}"').replace("$region", ".+").replace("$service", service)


def selectors(node):
    """Every vector selector below a node: name, its matchers as text, its labels."""
    if isinstance(node, promql_parser.MatrixSelector):
        node = node.vector_selector
    if isinstance(node, promql_parser.VectorSelector):
        matchers = [(one.name, one) for one in node.matchers.matchers if one.name != "__name__"]
        bare = re.sub(r"\s+(offset|@)\s.*$", "", node.prettify().replace("\n", " "))
        yield node.name, bare, [name for name, _ in matchers]
        return
    for child in children(node):
        yield from selectors(child)


def children(node):
    """The expressions directly below."""
    for name in ("lhs", "rhs", "expr", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield child
    yield from getattr(node, "args", None) or []


def grouped(node):
    """Every `by (…)` below a node with the selectors that it groups."""
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql_parser.AggregateExpr) and modifier is not None and "By" in str(modifier.type):
        yield modifier.labels, list(selectors(node.expr))
    for child in children(node):
        yield from grouped(child)
