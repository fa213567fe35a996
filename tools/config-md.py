#!/usr/bin/env -S python3 -B
"""Writes docs/CONFIG.md from what each binary says of itself (`--help`); --check says whether it is up to date.

    tools/config-md.py [--check] [--bin-dir target/debug]

Exit 77: the binaries are not built.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs/CONFIG.md"
SERVICES = "gateway identity orders inventory payment fleet notification".split()
# Defaults that are computed on the machine that prints them.
COMPUTED = {"CE_HTTP_REQUESTS_MAX": "64 for each core"}


class Option:
    """One option as clap prints it."""

    def __init__(self, head, body):
        self.name = re.match(r"\s+(?:-\w, )?--([\w-]+)", head)[1]
        self.env = (re.search(r"\[env: (\w+)=?.*\]", body) or [None, None])[1]
        self.default = (re.search(r"\[default: (.*)\]", body) or [None, None])[1]
        self.values = re.findall(r"^\s+- ([\w-]+):", body, re.M)
        words = re.sub(r"\[(env|default|possible values): .*\]", "", body.partition("Possible values:")[0])
        self.words = " ".join(words.split())

    def row(self, required):
        default = COMPUTED.get(self.env, self.default)
        default = "**needed**" if self.name in required else f"`{default}`" if default and self.env not in COMPUTED else default or ""
        words = self.words + (f": {', '.join(f'`{value}`' for value in self.values)}" if self.values else "")
        return f"| `{self.env}` | {default} | {words.replace('|', chr(92) + '|')} |"


def asked(binary, *words):
    """What a binary says, and the options in it."""
    text = subprocess.run([binary, *words, "--help"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True).stdout
    usage = re.search(r"^Usage: .*$", text, re.M)[0]
    required = set(re.findall(r"--([\w-]+) <", usage.replace("[OPTIONS]", "")))
    # A block is an option's line and what is indented below it; a heading of a group ends it.
    blocks = re.findall(r"^ {2,6}(?:-\w, )?--[\w-]+.*\n(?:(?: {8,}.*)?\n)*", text, re.M)
    options = [Option(*block.split("\n", 1)) for block in blocks]
    return [option for option in options if option.env], required


def table(options, required):
    return ["| variable | default | |", "|---|---|---|", *(option.row(required) for option in options), ""]


def page(folder):
    told = {service: asked(folder / service, "serve") for service in SERVICES}
    key = lambda option: (option.env, option.default, option.words)
    everywhere = set.intersection(*({key(option) for option in options} for options, _ in told.values()))
    required = set.intersection(*(needed for _, needed in told.values()))
    lines = [
        "# Configuration",
        "",
        "Written by `tools/config-md.py` from what the binaries say of themselves; `orders serve --help` says the same. Every variable is an",
        "option, too: `CE_HTTP_ADDRESS` is `--http-address`. What cannot be read, or is needed and missing, ends the process with a sentence",
        "before it serves anybody.",
        "",
        "Secrets are variables that end in `_KEY`, `_SECRET`, `_PASSWORD` or are addresses with a password in them; they are never logged.",
        "Keys are files.",
        "",
        "## Every service",
        "",
    ]
    first, _ = told[SERVICES[0]]
    lines += table([option for option in first if key(option) in everywhere], required)
    shared = {}
    for options, _ in told.values():
        for option in options:
            shared[key(option)] = shared.get(key(option), 0) + 1
    with_database = [option for option in told["orders"][0] if shared[key(option)] == len(SERVICES) - 1]
    lines += ["## Every service with a database", "", "All but gateway.", "", *table(with_database, told["orders"][1])]
    elsewhere = everywhere | {key(option) for option in with_database}
    for service, (options, needed) in told.items():
        own = [option for option in options if key(option) not in elsewhere]
        if own:
            lines += [f"## {service}", "", *table(own, needed)]
    others = [("sandbox", *asked(folder / "sandbox"))]
    others += [("cloudeats up, cloudeats run", *asked(folder / "cloudeats", "up"))]
    lines += ["## For one machine", "", "What the world outside and the command of developers listen to.", ""]
    for name, options, needed in others:
        if options:
            lines += [f"### {name}", "", *table(options, needed)]
    return "\n".join(lines).rstrip() + "\n"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug")
    chosen = arguments.parse_args()
    folder = chosen.bin_dir.resolve()
    missing = [name for name in [*SERVICES, "sandbox", "cloudeats"] if not (folder / name).is_file()]
    if missing:
        print(f"{', '.join(missing)} missing in {chosen.bin_dir}: build the binaries first")
        return 77
    text = page(folder)
    if not chosen.check:
        PAGE.write_text(text)
        return 0
    if PAGE.is_file() and PAGE.read_text() == text:
        return 0
    print("docs/CONFIG.md is not what the binaries say: run tools/config-md.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
