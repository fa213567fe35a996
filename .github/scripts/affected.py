"""affected.py BASE: the services whose binary may differ between BASE and here, as a JSON list.

A service is affected by its own folder and by those of all workspace crates that it links. By the manifests and the
toolchain all are, and where BASE is not known.
"""

import json
import subprocess
import sys
from pathlib import Path

EVERYTHING = (
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "Dockerfile",
    ".dockerignore",
    ".cargo/",
    "k8s/images/",
)


def out(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    packages = json.loads(out("cargo", "metadata", "--no-deps", "--format-version", "1"))["packages"]
    folders = {p["name"]: Path(p["manifest_path"]).parent.relative_to(Path.cwd()).as_posix() + "/" for p in packages}
    links = {
        p["name"]: [d["name"] for d in p["dependencies"] if d["kind"] in (None, "build") and d["name"] in folders]
        for p in packages
    }
    services = sorted(name for name, folder in folders.items() if folder.startswith("services/"))

    try:
        changed = out("git", "diff", "--name-only", f"{sys.argv[1]}...HEAD").splitlines()
    except (subprocess.CalledProcessError, IndexError):
        print(json.dumps(services))
        return

    def reach(name, seen):
        if name not in seen:
            seen.add(name)
            for other in links[name]:
                reach(other, seen)
        return seen

    def affected(service):
        mine = tuple(folders[name] for name in reach(service, set()))
        # The gateway joins the documents of the others.
        mine += ("docs/openapi/",) if service == "gateway" else ()
        return any(path.startswith(EVERYTHING + mine) for path in changed)

    print(json.dumps([service for service in services if affected(service)]))


if __name__ == "__main__":
    main()
