#!/usr/bin/env python3
"""Reads a plan as JSON: it may want nothing but what the emulator is known not to keep, said in not_kept.json.

    terraform show -json plan.bin | python3 second_plan.py not_kept.json
"""

import json
import sys


def changed(change):
    before, after, unknown = (change.get(part) or {} for part in ("before", "after", "after_unknown"))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name) or unknown.get(name) is True}


def wanted(plan):
    for resource in plan.get("resource_changes", []):
        actions = resource["change"]["actions"]
        if actions not in (["no-op"], ["read"]):
            yield resource["address"], resource["type"], actions, changed(resource["change"])


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        not_kept = json.load(file)
    lost, more = 0, []
    for address, kind, actions, names in wanted(json.load(sys.stdin)):
        rest = names - set(not_kept.get(kind, []))
        if actions == ["update"] and not rest:
            lost += 1
        else:
            more.append(f"{address}: {'and '.join(actions)} {', '.join(sorted(rest))}")
    print("\n".join(more) if more else f"No changes, but for {lost} resources of which the emulator does not keep everything")
    sys.exit(1 if more else 0)
