#!/usr/bin/env -S python3 -B
"""Asks a running Prometheus whatever rules and panels ask, and says what has no data.

    live_check.py http://127.0.0.1:9099

A recording rule has data when its series is there; a panel when its query answers; an alarm, which is silent when
all is well, when everything that it looks at is there. live-exceptions.txt excuses series, each with its reason.
"""

import json
import pathlib
import sys
import urllib.parse
import urllib.request

import promql_parser

import queries

HERE = pathlib.Path(__file__).parent
SERVICES = "gateway|identity|inventory|orders|payment|fleet|notification".split("|")


def exceptions():
    """Series, or the beginning of a selector, to the reason why it may be missing."""
    rows = (line.split("  ", 1) for line in (HERE / "live-exceptions.txt").read_text().splitlines() if line and line[0] != "#")
    return {what.strip(): why.strip() for what, why in rows}


def answers(prometheus, text):
    """Whether an expression has a value now; the server's complaint, where it has one."""
    query = urllib.parse.urlencode({"query": text})
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=30) as answer:
            return bool(json.load(answer)["data"]["result"]), None
    except urllib.error.HTTPError as error:
        return False, json.load(error).get("error", str(error))


def asked(query):
    """What must answer for a query to count as alive: all of these, each in one of its spellings."""
    if query.kind == "record":
        return [[query.where.split(": ", 1)[1]]]
    if query.kind == "panel":
        return [[queries.filled(query.text, service) for service in SERVICES] if "$service" in query.text else [queries.filled(query.text)]]
    return [[bare] for _, bare, _ in queries.selectors(promql_parser.parse(query.text))]


def excuse(excused, text):
    names = [(name, bare) for name, bare, _ in queries.selectors(promql_parser.parse(text))]
    for name, bare in names:
        for what, why in excused.items():
            if name == what or bare.replace(" ", "").startswith(what.replace(" ", "")):
                return what, why
    return None


def main(prometheus):
    excused, needed, silent = exceptions(), set(), []
    every = list(queries.queries())
    alive = 0
    for query in every:
        for spellings in asked(query):
            told = [answers(prometheus, text) for text in spellings]
            if any(there for there, _ in told):
                alive += 1
                continue
            complaint = next((error for _, error in told if error), None)
            reason = None if complaint else excuse(excused, spellings[0] if query.kind != "record" else query.text)
            if reason is None:
                silent.append(f"{query.where}: {complaint or 'no data'}: {' '.join(spellings[0].split())}")
            else:
                needed.add(reason[0])
                print(f"excused  {query.where}: {reason[0]}: {reason[1]}")
    for what in sorted(excused.keys() - needed):
        print(f"unneeded {what}: it had data this time, or nobody asked")
    for line in silent:
        print(f"SILENT   {line}")
    print(f"{len(every)} queries, {alive} parts with data, {len(silent)} silent without a reason")
    return 1 if silent or not alive else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1].rstrip("/")))
