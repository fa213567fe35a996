#!/usr/bin/env python3
"""The cost model adds up, and docs/cost.md shows it.

`cost.py` checks; `cost.py --write` writes the tables of terraform/cost/*.csv between the marks of docs/cost.md.
"""

import csv
import re
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parent.parent
TABLES = TERRAFORM / "cost"
PAGE = TERRAFORM.parent / "docs/cost.md"
COLUMNS = ["item", "quantity", "unit", "unit_usd", "monthly_usd"]
CENT = Decimal("0.01")
# The origins' own sums (FEATURES OPS-11).
TOLD = {"shop": Decimal(174), "cafe": Decimal(450)}
# A month of AWS' own calculator.
HOURS = 730


def read(path):
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise SystemExit(f"{path.name}: the columns are {reader.fieldnames}")
        return list(reader)


def total(rows):
    return sum(Decimal(row["monthly_usd"]) for row in rows)


def findings_of(name, rows):
    for row in rows:
        exact = Decimal(row["quantity"]) * Decimal(row["unit_usd"])
        if exact.quantize(CENT, ROUND_HALF_UP) != Decimal(row["monthly_usd"]).quantize(CENT):
            yield f"{name}: {row['item']}: {row['quantity']} x {row['unit_usd']} is {exact}, not {row['monthly_usd']}"
        if row["unit"] == "hour" and Decimal(row["quantity"]) % HOURS:
            yield f"{name}: {row['item']}: {row['quantity']} hours are no whole number of months"
        if Decimal(row["monthly_usd"]) <= 0:
            yield f"{name}: {row['item']} costs nothing"
    items = [row["item"] for row in rows]
    for item in sorted({item for item in items if items.count(item) > 1}):
        yield f"{name}: {item} stands there twice"
    if name in TOLD and total(rows) != TOLD[name]:
        yield f"{name}: the sum is {total(rows)}, the origin said {TOLD[name]}"


def usd(amount):
    return f"{amount:,.2f}"


def shown(rows):
    lines = ["| item | quantity | unit | USD each | USD a month |", "|---|---:|---|---:|---:|"]
    lines += [
        f"| {row['item']} | {int(row['quantity']):,} | {row['unit']} | {row['unit_usd']} | {usd(Decimal(row['monthly_usd']))} |"
        for row in rows
    ]
    return "\n".join([*lines, f"| **sum** | | | | **{usd(total(rows))}** |"])


def page_with(tables, page):
    for name, rows in tables.items():
        mark = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        if not re.search(mark, page, re.S):
            raise SystemExit(f"docs/cost.md: there is no place for {name}")
        page = re.sub(mark, lambda found, rows=rows: f"{found.group(1)}{shown(rows)}\n{found.group(2)}", page, flags=re.S)
    return page


if __name__ == "__main__":
    tables = {path.stem: read(path) for path in sorted(TABLES.glob("*.csv"))}
    findings = [finding for name, rows in tables.items() for finding in findings_of(name, rows)]
    page = PAGE.read_text()
    if "--write" in sys.argv:
        PAGE.write_text(page_with(tables, page))
    elif page_with(tables, page) != page:
        findings.append("docs/cost.md: its tables are not those of terraform/cost; `terraform/checks/cost.py --write` writes them")
    sums = ", ".join(f"{name} {usd(total(rows))}" for name, rows in tables.items())
    print("\n".join(findings) if findings else f"{len(tables)} tables add up: {sums} USD a month")
    sys.exit(1 if findings else 0)
