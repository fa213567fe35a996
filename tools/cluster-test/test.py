"""`make cluster-test`: the fleet on the cluster that KUBECONFIG names, from the commit to the last pod.

Needs kubectl and a cluster with Argo CD (progressive syncs on), Argo Rollouts and metrics-server. Argo CD reads
file:// repositories of this machine and knows clusters labelled region=east and region=west: two namespaces stand for
two regions. One line for each promise, with what was seen; exit 77 where there is no such cluster.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

import steps
from cluster import ROOT, Failed, kubectl, run
from region import Region


class World:
    """What the steps share."""

    def __init__(self, options):
        self.options = options
        host = os.environ.get("HOST_ADDRESS", "10.244.0.1")
        bins = options.bin_dir
        work = ROOT / "target/cluster-test"
        work.mkdir(parents=True, exist_ok=True)
        self.work, self.bins, self.host = work, bins, host
        self.east = Region("east", 300, work, bins, host)
        self.west = Region("west", 400, work, bins, host)
        self.regions = [self.east, self.west]
        self.checkout, self.commit, self.prometheus = None, None, None

    def end(self):
        if self.prometheus:
            self.prometheus.terminate()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda region: region.stop_engines(), self.regions))


def available():
    if run("kubectl", "get", "--raw", "/readyz", check=False).returncode:
        return "no cluster answers: KUBECONFIG names none"
    for kind in ("applicationsets.argoproj.io", "rollouts.argoproj.io"):
        if run("kubectl", "get", "crd", kind, check=False).returncode:
            return f"the cluster knows no {kind}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--bin-dir", default=os.environ.get("BIN_DIR", str(ROOT / "target/release")), help="release binaries"
    )
    parser.add_argument("--only", nargs="*", default=[], help="steps to run after the fleet is up; all by default")
    parser.add_argument("--keep", action="store_true", help="leave everything as it is at the end")
    options = parser.parse_args()
    if reason := available():
        print(f"cluster-test: not available: {reason}", file=sys.stderr)
        return 77

    commit = run("git", "rev-parse", "--short", "HEAD", check=False).stdout.strip()
    world, table, failed = World(options), [], False
    try:
        for step in steps.ALL:
            name = step.__name__
            if options.only and name not in options.only and step not in steps.FOUNDATION:
                continue
            began = time.monotonic()
            try:
                seen, verdict = step(world), "passed"
            except (Failed, OSError, LookupError, ValueError, SubprocessError) as error:
                seen, verdict, failed = f"{type(error).__name__}: {error}", "FAILED", True
            seconds = time.monotonic() - began
            table.append((name, verdict, seconds, seen))
            print(f"{verdict:6}  {seconds:5.0f} s  {name.replace('_', ' ')}: {seen}", flush=True)
            if verdict == "FAILED" and step in steps.FOUNDATION:
                break
    finally:
        if not options.keep:
            steps.take_away(world)
            world.end()
    report(world.work / "report.md", commit, table)
    return 1 if failed else 0


def report(file, commit, table):
    version = json.loads(kubectl("version", "-o", "json")).get("serverVersion", {}).get("gitVersion", "?")
    lines = [
        f"Commit {commit}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Kubernetes {version}.",
        "",
        "| promise | result | s | seen |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name.replace('_', ' ')} | {verdict} | {s:.0f} | {seen.replace('|', '/')} |"
        for name, verdict, s, seen in table
    ]
    file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main())
