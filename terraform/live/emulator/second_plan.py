#!/usr/bin/env python3
"""Reads a plan as JSON: it may want nothing but what the emulator is known not to keep.

    terraform show -json plan.bin | python3 second_plan.py not_kept.json

not_kept.json says for a kind of resource and an attribute how, and why: `lost` is read back empty, `altered` otherwise
than it was written. What is kept after all has to leave the list.
"""

import json
import sys


def changed(change):
    """Attribute to (read back, wanted)."""
    before, after, unknown = (change.get(part) or {} for part in ("before", "after", "after_unknown"))
    names = before.keys() | after.keys()
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name) or unknown.get(name) is True
    }


def wanted(plan):
    for resource in plan.get("resource_changes", []):
        actions = resource["change"]["actions"]
        if actions not in (["no-op"], ["read"]):
            yield resource["address"], resource["type"], actions, changed(resource["change"])


def judge(plan, not_kept):
    """Findings, and by (kind, attribute) how many resources lack it."""
    more, lacking = [], {}
    for address, kind, actions, changes in wanted(plan):
        rest = set()
        for name, (found, _) in changes.items():
            how, _ = not_kept.get(kind, {}).get(name, (None, None))
            if how == "altered" or how == "lost" and not found:
                lacking[kind, name] = lacking.get((kind, name), 0) + 1
            else:
                rest.add(name)
        if actions != ["update"] or rest:
            more.append(f"{address}: {'and '.join(actions)} {', '.join(sorted(rest))}")
    for kind, names in not_kept.items():
        more += [f"{kind}.{name} is kept after all: it leaves not_kept.json" for name in names if (kind, name) not in lacking]
    return more, lacking


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        not_kept = json.load(file)
    more, lacking = judge(json.load(sys.stdin), not_kept)
    if more:
        print("\n".join(more))
        sys.exit(1)
    print("No changes, but for what the emulator does not keep:")
    for (kind, name), count in sorted(lacking.items()):
        print(f"  {count:>2} {kind}.{name}: {not_kept[kind][name][1]}")
