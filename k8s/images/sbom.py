"""sbom.py SERVICE PACKAGES.tsv: a CycloneDX 1.5 bill of materials of one image, where there is no syft.

The crates are those that cargo links into the binary, so no build and test dependencies; the rest comes from the list
of Debian packages that the base was assembled from.
"""

import json
import subprocess
import sys
from pathlib import Path

LINKED = "normal"


def metadata():
    host = subprocess.run(["rustc", "--version", "--verbose"], check=True, capture_output=True, text=True).stdout
    triple = next(line.split()[1] for line in host.splitlines() if line.startswith("host:"))
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", triple]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def linked(meta, service):
    """The crates reachable from the service over normal dependencies."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    packages = {package["id"]: package for package in meta["packages"]}
    root = next(i for i, package in packages.items() if package["name"] == service and package["source"] is None)
    found, open_ = set(), [root]
    while open_:
        node = open_.pop()
        if node in found:
            continue
        found.add(node)
        for edge in nodes[node]["deps"]:
            if any(kind["kind"] in (None, LINKED) for kind in edge["dep_kinds"]):
                open_.append(edge["pkg"])
    return [packages[i] for i in sorted(found - {root})], packages[root]


def crate(package):
    component = {
        "type": "library",
        "name": package["name"],
        "version": package["version"],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
        "bom-ref": package["id"],
    }
    if package.get("license"):
        component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return component


def debian(line):
    name, version, architecture = line.split("\t")
    purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro=bookworm"
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def main():
    service, packages = sys.argv[1], Path(sys.argv[2])
    crates, root = linked(metadata(), service)
    components = [crate(package) for package in crates]
    if packages.is_file():
        components += [debian(line) for line in packages.read_text().splitlines()]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"cloudeats/{service}", "version": root["version"]}},
        "components": components,
    }
    json.dump(document, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
