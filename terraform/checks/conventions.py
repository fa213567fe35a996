#!/usr/bin/env python3
"""What Terraform itself does not ask: that each folder is whole, and that it says the same as the code it serves.

Run from anywhere; prints a line for each finding and ends with 1 if there is one.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parent.parent
REPOSITORY = TERRAFORM.parent
MODULES = sorted(path for path in (TERRAFORM / "modules").iterdir() if path.is_dir())
ROOTS = sorted(path for path in (TERRAFORM / "live").iterdir() if path.is_dir())
# There is no Google provider to be had where this is checked: such a root is formatted and scanned only.
UNCHECKED = {"gcp"}
TAGS = ("Project", "Environment", "ManagedBy", "Root")


def files(folder, *patterns):
    found = (path for pattern in patterns for path in folder.rglob(pattern))
    return sorted(path for path in found if ".terraform" not in path.parts)


def text(*parts):
    return TERRAFORM.joinpath(*parts).read_text()


def blocks(source, kind):
    """Blocks `kind "name" … {` of formatted text, as (header, body)."""
    for match in re.finditer(rf'^{kind}([^\n]*) \{{\n(.*?)^\}}', source, re.M | re.S):
        yield match.group(1).strip().strip('"'), match.group(2)


def folders_are_whole():
    for folder in MODULES:
        for name in ("README.md", "versions.tf", "main.tf", "variables.tf", "outputs.tf"):
            if not (folder / name).is_file():
                yield f"{folder.name}: {name} is missing"
    for folder in ROOTS:
        wanted = ["README.md", "versions.tf", "providers.tf", "main.tf"]
        wanted += [] if folder.name in UNCHECKED else [".terraform.lock.hcl"]
        for name in wanted:
            if not (folder / name).is_file():
                yield f"{folder.name}: {name} is missing"
    for folder in [*MODULES, *(root for root in ROOTS if root.name not in UNCHECKED | {"emulator"})]:
        tests = files(folder / "tests", "*.tftest.hcl")
        if not tests:
            yield f"{folder.name}: there is no test"
        for test in tests:
            source = test.read_text()
            if "mock_provider" not in source:
                yield f"{folder.name}: {test.name} would ask AWS"
            for name, body in blocks(source, "run"):
                if "assert {" not in body and "expect_failures" not in body:
                    yield f"{folder.name}: run {name} asks for nothing"


def variables_and_outputs_say_what_they_are():
    for path in files(TERRAFORM, "*.tf"):
        source = path.read_text()
        for name, body in blocks(source, "variable"):
            for wanted in ("description", "type"):
                if not re.search(rf"^  {wanted} +=", body, re.M):
                    yield f"{path.relative_to(TERRAFORM)}: variable {name} has no {wanted}"
        for name, body in blocks(source, "output"):
            if "  description =" not in body:
                yield f"{path.relative_to(TERRAFORM)}: output {name} has no description"


def everything_is_tagged():
    for root in ROOTS:
        source = (root / "providers.tf").read_text()
        if root.name in UNCHECKED:
            continue
        for name, body in blocks(source, "provider"):
            if "default_tags" not in body or "local.tags" not in body:
                yield f"{root.name}: a provider {name} has no default tags"
        for tag in TAGS:
            if not re.search(rf"^    {tag} +=", source, re.M):
                yield f"{root.name}: the tag {tag} is missing"


def every_module_is_used():
    source = "\n".join(path.read_text() for path in files(TERRAFORM, "*.tf"))
    for module in MODULES:
        if not re.search(rf'source += "(\.\./|\.\./\.\./modules/){module.name}"', source):
            yield f"{module.name}: nobody uses it"


def skips_have_reasons():
    for path in files(TERRAFORM, "*.tf"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "checkov:skip" in line and not re.search(r"checkov:skip=CKV2?_\w+:.{10,}", line):
                yield f"{path.relative_to(TERRAFORM)}:{number}: a skip without a reason"


def no_file_names_a_place_of_one_machine():
    for path in files(TERRAFORM, "*.tf", "*.hcl", "*.md", "*.sh", "*.py", "*.json", "*.csv", "*.txt"):
        if path != Path(__file__).resolve() and re.search(r"(?<![\w}.*])/(tmp|work|home|root|opt)/", path.read_text()):
            yield f"{path.relative_to(TERRAFORM)}: the path of one machine"


def the_emulator_is_asked_once_and_only_here():
    source = text("live", "emulator", "providers.tf")
    for name, body in blocks(source, "provider"):
        if not re.search(r"^  max_retries +?= 1$", body, re.M):
            yield f"emulator: the provider {name} would ask 25 times"
        if re.search(r'"https?://', body):
            yield f"emulator: the provider {name} names an address itself"


def tables_are_those_of_the_code():
    ours = json.loads(text("modules", "tables", "tables.json"))
    source = (REPOSITORY / "crates/dynamo-kit/src/tables.rs").read_text()
    kinds = {"text": "S", "number": "N"}
    classes = {"LwwOk": "lww_ok", "Projection": "projection", "Immutable": "immutable", "Owned": "owned"}

    def keys(body):
        partition = re.search(r'partition: Attribute::(\w+)\("(\w+)"\)', body)
        sort = re.search(r'sort: Some\(Attribute::(\w+)\("(\w+)"\)\)', body)
        return [f"{found.group(2)}:{kinds[found.group(1)]}" for found in (partition, sort) if found]

    pattern = r"pub const (\w+): {} =\s+{} \{{(.*?)\}};"
    indexes = {}
    for const, body in re.findall(pattern.format("IndexDef", "IndexDef"), source, re.S):
        indexes[const] = (re.search(r'name: "(\w+)"', body).group(1), keys(body))
    theirs = {}
    for _, body in re.findall(pattern.format("TableDef", "TableDef"), source, re.S):
        listed = re.search(r"indexes: &\[(.*?)\]", body).group(1)
        ttl = re.search(r'ttl: Some\("(\w+)"\)', body)
        theirs[re.search(r'name: "(\w+)"', body).group(1)] = {
            "class": classes[re.search(r"class: TableClass::(\w+)", body).group(1)],
            "key": keys(body),
            "indexes": dict(indexes[const.strip()] for const in listed.split(",") if const.strip()),
            "ttl": ttl and ttl.group(1),
        }
    owned = {name for name, table in theirs.items() if table["class"] == "owned"}
    known = set(re.search(r"tables = \{ (.*) \}", text("modules", "owned-tables", "main.tf")).group(1).split())
    for name in sorted(ours.keys() | theirs.keys() - owned):
        if ours.get(name) != theirs.get(name):
            yield f"table {name}: Terraform says {ours.get(name)}, the code {theirs.get(name)}"
    for name in sorted(owned - known):
        yield f"table {name}: strongly consistent in the code, unknown to modules/owned-tables"


def consumers_hear_what_the_graph_says():
    graph = tomllib.loads((REPOSITORY / "docs/service-graph.toml").read_text())
    wanted = {name: sorted(edges["events"]) for name, edges in graph.items() if edges["events"]}

    def named(source):
        return {name: sorted(re.findall(r'"(\w+)"', heard)) for name, heard in re.findall(r"(\w+) += \[([^\]]*)\]", source)}

    default = re.search(r'variable "consumers".*?default = \{(.*?)\n  \}', text("modules", "events", "variables.tf"), re.S)
    hearing = re.search(r"hearing = \{ (.*) \}", text("modules", "region", "roles.tf"))
    for place, found in (("modules/events", default), ("modules/region", hearing)):
        if named(found.group(1)) != wanted:
            yield f"{place}: consumers are {named(found.group(1))}, docs/service-graph.toml says {wanted}"


def services_are_those_of_the_workspace():
    wanted = sorted(path.name for path in (REPOSITORY / "services").iterdir() if (path / "Cargo.toml").is_file())
    lists = {
        "modules/region": re.search(r"services += \[(.*?)\]", text("modules", "region", "secrets.tf")),
        "modules/registry": re.search(r'default += \[(.*?)\]', text("modules", "registry", "variables.tf")),
        "modules/observability": re.search(r'variable "services".*?default += \[(.*?)\]', text("modules", "observability", "variables.tf"), re.S),
    }
    for place, found in lists.items():
        named = sorted(set(re.findall(r'"([\w-]+)"', found.group(1))) - {"cloudeats"})
        if named != wanted:
            yield f"{place}: services are {named}, the workspace has {wanted}"


def variables_of_services_exist():
    code = [*files(REPOSITORY / "crates", "*.rs"), *files(REPOSITORY / "services", "*.rs")]
    known = {name for path in code for name in re.findall(r'env = "(CE_\w+)"', path.read_text())}
    for path in files(TERRAFORM, "*.tf"):
        for name in sorted(set(re.findall(r"\bCE_[A-Z0-9_]+", path.read_text())) - known):
            yield f"{path.relative_to(TERRAFORM)}: no service knows {name}"


def the_bus_is_as_patient_as_the_kit():
    kit = (REPOSITORY / "crates/event-kit/src/eventbridge/setup.rs").read_text().replace("_", "")
    module = text("modules", "events", "main.tf")
    pairs = {
        "AGEMAXS: i32 = (\\d+)": r"maximum_event_age_in_seconds = (\d+)",
        "ATTEMPTSMAX: i32 = (\\d+)": r"maximum_retry_attempts += (\d+)",
    }
    for theirs, ours in pairs.items():
        wanted, found = re.search(theirs, kit).group(1), set(re.findall(ours, module))
        if found != {wanted}:
            yield f"modules/events: {ours.split(' ')[0]} is {sorted(found)}, event-kit says {wanted}"
    days = int(re.search(r"RETENTIONS: u32 = (\d+) \* 86400", kit).group(1))
    if set(re.findall(r"message_retention_seconds += (\d+)", module)) != {str(days * 86_400)}:
        yield f"modules/events: queues keep something else than {days} days"


def devices_may_do_what_they_may_on_a_laptop():
    rules = (REPOSITORY / "crates/cloudeats/src/mqtt.rs").read_text()
    for list_name, verb in (("vehicle_writes", "write"), ("vehicle_reads", "read")):
        wanted = re.findall(rf"^pattern {verb} v1/fleet/%u/(\w+)$", rules, re.M)
        ours = re.findall(r'"(\w+)"', re.search(rf"{list_name} += \[(.*?)\]", text("modules", "iot", "main.tf")).group(1))
        if wanted != ours:
            yield f"modules/iot: {list_name} is {ours}, the broker's rules say {wanted}"


def secrets_are_those_that_the_cluster_asks_for():
    asked = (REPOSITORY / "k8s/components/external-secrets/secrets.yaml").read_text()
    wanted = {(service, what) for service, what in re.findall(r"cloudeats/ENVIRONMENT/(\w+)/(\w+)", asked)}
    source = text("modules", "region", "secrets.tf")
    lists = {name: re.findall(r'"(\w+)"', found) for name, found in re.findall(r"^  (services|databases) += \[(.*?)\]", source, re.M)}
    made = re.findall(r'service in local\.(\w+) : "\$\{service\}/(\w+)"', source)
    ours = {(service, what) for name, what in made for service in lists[name]}
    for service, what in sorted(wanted ^ ours):
        yield f"{service}/{what}: {'asked for by k8s, not made' if (service, what) in wanted else 'made, asked for by nobody'}"


def brokers_make_topics_as_the_kit_would():
    """Where the brokers make them, they decide on the partitions that event-kit names."""
    kit = re.search(r"\bPARTITIONS: u16 = (\d+);", (REPOSITORY / "crates/event-kit/src/envelope.rs").read_text()).group(1)
    module = text("modules", "kafka", "main.tf")
    for setting, wanted in (("num.partitions", kit), ("auto.create.topics.enable", "true")):
        found = re.search(rf'^    "{re.escape(setting)}" += "(\w+)"$', module, re.M)
        if not found or found.group(1) != wanted:
            yield f"modules/kafka: {setting} is {found and found.group(1)}, not {wanted}"


def kafka_is_spoken_to_by_tls():
    """Only what the Dockerfile compiles has the feature: a laptop builds without OpenSSL."""
    kit = tomllib.loads((REPOSITORY / "crates/event-kit/Cargo.toml").read_text()).get("features", {})
    built = re.search(r"^ *cargo build .*\bevent-kit/kafka-tls\b", (REPOSITORY / "Dockerfile").read_text(), re.M)
    return bool(built) and any(feature.startswith("rdkafka/ssl") for feature in kit.get("kafka-tls", []))


def what_lacks_tls_is_said():
    """docs/setup-aws.md has a row for each client that cannot speak TLS yet, and for no other."""
    clients = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["dependencies"]
    page = (REPOSITORY / "docs/setup-aws.md").read_text()
    able = {
        "Aurora": any(feature.startswith("tls-") for feature in clients["sqlx"]["features"]),
        "Redis": any("tls" in feature for feature in clients["redis"]["features"]),
        "Kafka": kafka_is_spoken_to_by_tls(),
        "IoT Core": any("rustls" in feature for feature in clients["rumqttc"].get("features", [])),
    }
    for store, can in able.items():
        if can == bool(re.search(rf"^\| {store} \|", page, re.M)):
            yield f"docs/setup-aws.md: {store} {'has a row, and TLS' if can else 'lacks TLS, and a row'}"


def every_alarm_has_its_page():
    """Alarms of CloudWatch here; those of Prometheus are asked by observability/check.py, but for whether the page is there."""
    pages = REPOSITORY / "docs/runbooks"
    alarms = text("modules", "observability", "alarms.tf")
    named = set(re.findall(r'\bpage += "([\w/-]+)"', alarms))
    if len(re.findall(r"\btext += ", alarms)) != len(re.findall(r"\bpage += ", alarms)):
        yield "modules/observability: an alarm names no page"
    rules = "".join(path.read_text() for path in files(REPOSITORY / "observability/prometheus/alerts", "*.yaml"))
    for page in sorted(named | set(re.findall(r"/docs/runbooks/([\w/-]+)\.md", rules))):
        if not (pages / f"{page}.md").is_file():
            yield f"there is no docs/runbooks/{page}.md"
    for page in sorted(named):
        if (pages / f"{page}.md").is_file() and "observability/alarms.tf" not in (pages / f"{page}.md").read_text():
            yield f"docs/runbooks/{page}.md does not say that CloudWatch leads to it"
    for path in sorted(pages.glob("aws/*.md")):
        if f"aws/{path.stem}" not in named:
            yield f"docs/runbooks/aws/{path.name} belongs to no alarm"
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text()):
            if not (path.parent / link).exists():
                yield f"docs/runbooks/aws/{path.name} leads to {link}, which is not there"


CHECKS = [
    folders_are_whole,
    variables_and_outputs_say_what_they_are,
    everything_is_tagged,
    every_module_is_used,
    skips_have_reasons,
    no_file_names_a_place_of_one_machine,
    the_emulator_is_asked_once_and_only_here,
    tables_are_those_of_the_code,
    consumers_hear_what_the_graph_says,
    services_are_those_of_the_workspace,
    variables_of_services_exist,
    the_bus_is_as_patient_as_the_kit,
    devices_may_do_what_they_may_on_a_laptop,
    secrets_are_those_that_the_cluster_asks_for,
    brokers_make_topics_as_the_kit_would,
    what_lacks_tls_is_said,
    every_alarm_has_its_page,
]

if __name__ == "__main__":
    findings = [f"{check.__name__}: {finding}" for check in CHECKS for finding in check()]
    print("\n".join(findings) if findings else f"{len(CHECKS)} conventions hold")
    sys.exit(1 if findings else 0)
