#!/usr/bin/env -S python3 -B
"""Every series that the services export: metrics.txt.

    metrics.py SCRAPE…    writes metrics.txt anew; a scrape is a file or the address of a running /metrics
    metrics.py --check    says where metrics.txt and the instruments of the code differ

What a short run never counts, such as refusals, is known from the code; then its labels are those that its
file ever attaches, and are marked with `~`.
"""

import pathlib
import re
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
LIST = HERE / "metrics.txt"
KINDS = {"counter": "counter", "histogram": "histogram", "gauge": "gauge", "up_down_counter": "gauge"}


def declared():
    """Series of the instruments in the code: name, type, labels that may be."""
    found = {}
    for file in sorted([*HERE.glob("../crates/*/src/**/*.rs"), *HERE.glob("../services/*/src/**/*.rs")]):
        text = file.read_text()
        if "opentelemetry" not in text:
            continue
        constants = dict(re.findall(r'const (\w+): &str = "([^"]+)"', text))
        labels = sorted({mangled(label) for label in re.findall(r'KeyValue::new\(\s*"([^"]+)"', text)})
        made = re.findall(r'[uif]64_(?:observable_)?(counter|histogram|gauge|up_down_counter)\((\w+|"[^"]+")\)\s*(?:\.with_unit\("([^"]+)"\))?', text)
        made += [("histogram", constant, "s") for constant in re.findall(r"\bseconds\(([A-Z_]+)\)", text)]
        for kind, name, unit in made:
            name = name.strip('"') if name.startswith('"') else constants.get(name)
            if name is not None:
                found[series(name, unit, kind)] = (KINDS[kind], labels)
    return found


def series(name, unit, kind):
    name = mangled(name)
    name += {"s": "_seconds", "By": "_bytes"}.get(unit, "")
    return name + ("_total" if kind == "counter" else "")


def mangled(name):
    return re.sub(r"\W", "_", name)


def scraped(place):
    """Series of a scrape: name, type, labels that were seen."""
    text = urllib.request.urlopen(place, timeout=5).read().decode() if "://" in place else pathlib.Path(place).read_text()
    found = {name: (kind, set()) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)}
    for name, labels in re.findall(r"^([a-z_:]+)(?:\{(.*)\})? \S+$", text, re.M):
        name = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
        found[name][1].update(set(re.findall(r'(\w+)="', labels)) - {"le"})
    return found


def known():
    """metrics.txt: name to type and labels."""
    rows = (line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#"))
    return {name: (kind, set(labels)) for name, kind, *labels in rows}


def main(places):
    code = declared()
    if places == ["--check"]:
        missing = sorted(code.keys() - known().keys())
        for name in missing:
            print(f"{name} is in the code and not in metrics.txt: run metrics.py on a running stack")
        stale = sorted(name for name in known() if name.startswith("cloudeats_") and name not in code)
        for name in stale:
            print(f"{name} is in metrics.txt and no longer in the code")
        return 1 if missing or stale else 0
    if not places:
        print(__doc__)
        return 2
    rows = {}
    for place in places:
        for name, (kind, labels) in scraped(place).items():
            rows.setdefault(name, (kind, set()))[1].update(labels)
    lines = [" ".join([name, kind, *sorted(labels)]) for name, (kind, labels) in rows.items()]
    lines += [" ".join([name, kind, *(f"~{label}" for label in labels)]) for name, (kind, labels) in code.items() if name not in rows]
    head = "# Every series that the services export: name, type, labels. Written by metrics.py; `~` is known from the code alone."
    LIST.write_text("\n".join([head, *sorted(lines)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
