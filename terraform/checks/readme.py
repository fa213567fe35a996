#!/usr/bin/env python3
"""Tables of inputs and outputs in the READMEs of modules and roots.

`readme.py` checks that they are those of the files; `readme.py --write` writes them.
"""

import re
import sys
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parent.parent
MARK = "<!-- inputs and outputs: written by terraform/checks/readme.py -->"


def blocks(path, kind):
    source = path.read_text() if path.is_file() else ""
    return re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', source, re.M | re.S)


def field(body, name):
    found = re.search(rf"^  {name} +?= (.*)$", body, re.M)
    return found.group(1) if found else None


def said(body):
    return field(body, "description").strip('"').replace('\\"', '"').replace("|", "\\|")


def default_of(body):
    default = field(body, "default")
    if default is None:
        return "needed"
    return f"`{default}`" if len(default) < 40 and not default.endswith(("{", "[")) else "see file"


def tables(folder):
    inputs = [f"| `{name}` | {said(body)} | {default_of(body)} |" for name, body in blocks(folder / "variables.tf", "variable")]
    outputs = [f"| `{name}` | {said(body)} |" for name, body in blocks(folder / "outputs.tf", "output")]
    parts = [MARK]
    if inputs:
        parts += ["\n## Inputs\n", "| name | what it is | default |\n|---|---|---|", *inputs]
    if outputs:
        parts += ["\n## Outputs\n", "| name | what it is |\n|---|---|", *outputs]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    findings = []
    folders = [path for place in ("modules", "live") for path in sorted((TERRAFORM / place).iterdir()) if path.is_dir()]
    for folder in folders:
        readme = folder / "README.md"
        told = readme.read_text().split(MARK)[0] if readme.is_file() else f"# {folder.name}\n\n"
        page = told + tables(folder)
        if "--write" in sys.argv:
            readme.write_text(page)
        elif not readme.is_file() or readme.read_text() != page:
            findings.append(f"{readme.relative_to(TERRAFORM)}: not as the files say; `terraform/checks/readme.py --write` writes it")
    print("\n".join(findings) if findings else f"{len(folders)} READMEs say what the files say")
    sys.exit(1 if findings else 0)
