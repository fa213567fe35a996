"""server.py OVERLAY.yaml…: asks the API server about every object whose kind it knows, and applies none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

# Gone in a while: the next run has another one.
SPACE = f"k8s-check-{os.getpid()}"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


def kubectl(*arguments, text=None):
    return subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)


def known():
    lines = kubectl("api-resources", "--no-headers").stdout.splitlines()
    return {(columns[-3], columns[-1]) for columns in (line.split() for line in lines)}


def main():
    kinds, failed, asked, unknown = known(), False, 0, {}
    for path in map(Path, sys.argv[1:]):
        objects = []
        for thing in (o for o in yaml.safe_load_all(path.read_text()) if o):
            if (thing["apiVersion"], thing["kind"]) in kinds:
                # Its namespace need not be there: a scratch one enforces the same profile.
                if thing["kind"] != "Namespace":
                    thing["metadata"]["namespace"] = SPACE
                    objects.append(thing)
            else:
                unknown[thing["kind"]] = unknown.get(thing["kind"], 0) + 1
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        done = kubectl(
            "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-", text=text
        )
        asked += len(objects)
        if done.returncode or "violate PodSecurity" in done.stderr:
            failed = True
            print(f"FAILED  {path.stem}: {done.stderr.strip()[-2000:]}")
    for kind, count in sorted(unknown.items()):
        print(f"        the API server knows no {kind}: {count} not asked")
    if not failed:
        print(f"ok      the API server takes {asked} objects")
    return failed


if __name__ == "__main__":
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE, "labels": RESTRICTED}}
    kubectl("apply", "--server-side", "-f", "-", text=json.dumps(namespace))
    try:
        sys.exit(main())
    finally:
        kubectl("delete", "namespace", SPACE, "--wait=false")
