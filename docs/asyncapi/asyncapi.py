#!/usr/bin/env -S python3 -B
"""Writes cloudeats.yaml, the AsyncAPI 3.0 document of all events, from the contracts' code; --check says whether it is up to date.

It reads Rust as a person skims it: structs with doc comments, and the macros by which a contract makes several alike.
What it does not understand ends it, so that nothing is left out unnoticed.
"""

import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
DOCUMENT = HERE / "cloudeats.yaml"
PARTITIONS = 16
UUID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}
WORDS = {
    "String": {"type": "string"},
    "bool": {"type": "boolean"},
    "i64": {"type": "integer", "format": "int64"},
    "i32": {"type": "integer", "format": "int32"},
    "f64": {"type": "number", "format": "double"},
    "Uuid": UUID,
    "Timestamp": TIME,
    "Cell": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"},
    "Currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "Quantity": {"type": "integer", "minimum": 1, "maximum": 99},
    "GeoPoint": {
        "type": "object",
        "required": ["lat", "lon"],
        "properties": {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
        },
    },
}
# Attributes of CloudEvents 1.0 in binary mode; crates/event-kit/src/envelope.rs writes and reads them.
HEADERS = {
    "ce_specversion": ({"type": "string", "const": "1.0"}, True),
    "ce_id": (UUID, True),
    "ce_type": ({"type": "string"}, True),
    "ce_source": ({"type": "string", "pattern": "^/cloudeats/[^/]+/[a-z]+$"}, True),
    "ce_subject": ({"type": "string", "maxLength": 128}, True),
    "ce_partitionkey": ({"type": "string", "maxLength": 128}, True),
    "ce_time": (TIME, True),
    "ce_aggregateseq": ({"type": "string", "pattern": "^[1-9][0-9]*$", "description": "Dense from 1 per source and key."}, True),
    "ce_epoch": ({"type": "string", "pattern": "^[0-9]+$", "description": "Of the cell."}, True),
    "ce_originregion": ({"type": "string"}, True),
    "ce_correlationid": (UUID | {"description": "The order."}, False),
    "ce_causationid": (UUID | {"description": "The event in answer to which this one was told."}, False),
    "ce_cell": ({"type": "string"}, False),
    "ce_traceparent": ({"type": "string", "description": "W3C Trace Context."}, False),
    "content-type": ({"type": "string", "const": "application/json"}, True),
}
MQTT = {
    "tel": ("Telemetry", "vehicles", "Positions with what the sensors say; may be lost."),
    "evt": ("VehicleEvent", "vehicles", "Facts of a courier; the device keeps each until it is acknowledged."),
    "sta": ("Status", "vehicles", "Presence; retained, and the device's will."),
    "ack": ("Ack", "fleet", "The fact is stored, or refused for good."),
}


class Unread(Exception):
    """Code of a shape that this script does not know."""


def code(path):
    return (ROOT / path).read_text().partition("#[cfg(test)]")[0]


def words_of(comment):
    return re.sub(r"[`\[\]]", "", " ".join(line.strip().removeprefix("///").strip() for line in comment.strip().splitlines()))


def fields(body):
    """Fields of a struct: name, schema, whether it is always there. In a macro, whoever calls it adds some."""
    body = re.sub(r"^\s*\$\(.*\n", "", body, flags=re.M)
    pattern = r"((?:\s*///[^\n]*\n)*)((?:\s*#\[[^\n]*\]\n)*)\s*(?:pub )?(\w+): ([^,\n]+),?"
    for comment, attributes, name, kind in re.findall(pattern, body):
        schema, optional = schema_of(kind.strip())
        text = words_of(comment)
        yield name, with_words(schema, text), not (optional and "skip_serializing_if" in attributes)


def with_words(schema, text):
    if not text:
        return schema
    return {"allOf": [schema], "description": text} if "$ref" in schema else schema | {"description": text}


def schema_of(kind):
    if inner := re.fullmatch(r"Option<(.+)>", kind):
        schema, _ = schema_of(inner[1])
        return (schema | {"type": [schema["type"], "null"]} if "type" in schema else {"oneOf": [schema, {"type": "null"}]}), True
    if inner := re.fullmatch(r"Vec<(.+)>", kind):
        return {"type": "array", "items": schema_of(inner[1])[0]}, False
    if kind in WORDS:
        return dict(WORDS[kind]), False
    if kind.endswith("Id"):
        return dict(UUID), False
    return {"$ref": f"#/components/schemas/{kind}"}, False


def object_of(text, rows):
    rows = list(rows)
    schema = {"type": "object", "description": text, "required": [name for name, _, always in rows if always]}
    return schema | {"properties": {name: schema for name, schema, _ in rows}}


def structs(text):
    """Plain structs: name, words, body."""
    pattern = r"((?:^///[^\n]*\n)+)(?:^#\[[^\n]*\]\n)*^pub struct (\w+) \{\n(.*?)^\}"
    for comment, name, body in re.findall(pattern, text, re.M | re.S):
        yield name, words_of(comment), list(fields(body))


def of_macros(text):
    """Events made by macros: name, type, words, body."""
    for macro, definition in re.findall(r"macro_rules! (\w+) \{\n(.*?)^\}", text, re.M | re.S):
        shared = re.search(r"pub struct \$name \{\n(.*?)^        \}", definition, re.M | re.S)
        calls = re.findall(rf"^{macro}! \{{\n(.*?)^\}}", text, re.M | re.S)
        if shared is None or not calls:
            raise Unread(f"the macro {macro}")
        for call in calls:
            pattern = r"((?:    ///[^\n]*\n)+)    (\w+) = \"([^\"]+)\"(?: \{\n(.*?)^    \})?"
            for comment, name, kind, own in re.findall(pattern, call, re.M | re.S):
                yield name, kind, words_of(comment), [*fields(shared[1]), *fields(own or "")]


def enum(text, name):
    body = re.search(rf"pub enum {name} \{{\n(.*?)^\}}", text, re.M | re.S)
    if body is None:
        raise Unread(f"the enum {name}")
    variants = re.findall(r"^    (\w+),", body[1], re.M)
    return {"type": "string", "enum": [re.sub(r"(?<!^)([A-Z])", r"_\1", variant).lower() for variant in variants]}


def contracts():
    """Service to its events: name, type, words, rows; and the other schemas."""
    told, others = {}, {}
    for file in sorted(ROOT.glob("crates/*-contract/src/events.rs")):
        text = code(file)
        types = dict(re.findall(r"impl Event for (\w+) \{\n    const TYPE: &'static str =\s+\"([^\"]+)\"", text))
        events = [*of_macros(text)]
        for name, words, rows in structs(text):
            if name in types:
                events.append((name, types[name], words, rows))
            else:
                others[name] = object_of(words, rows)
        promised = set(re.findall(r'"(com\.cloudeats\.[^"]+)"', text))
        if promised != {kind for _, kind, _, _ in events}:
            raise Unread(f"{file}: {sorted(promised ^ {kind for _, kind, _, _ in events})}")
        told[file.parent.parent.name.removesuffix("-contract")] = events
    others["Role"] = enum(code("crates/common/src/types/principal.rs"), "Role")
    others["DeliveryEventKind"] = enum(code("crates/fleet-contract/src/http.rs"), "DeliveryEventKind")
    for name, words, rows in structs(code("crates/fleet-contract/src/mqtt.rs")):
        others[name] = object_of(words, rows)
    return told, others


def heard():
    """Consumer to the types that it handles."""
    table = code("crates/cloudeats/src/check/subscriptions.rs")
    lines = re.findall(r'\(\s*"(\w+)",\s*&\[(.*?)\]', table, re.S)
    return {consumer: re.findall(r'"(com\.[^"]+)"', types) for consumer, types in lines}


def document():
    told, schemas = contracts()
    listeners = heard()
    channels, operations, messages = {}, {}, {}
    for service, events in told.items():
        names = {}
        for name, kind, words, rows in events:
            schemas[name] = object_of(words, rows)
            messages[name] = {
                "name": kind,
                "title": name,
                "summary": words,
                "contentType": "application/json",
                "headers": {"$ref": "#/components/schemas/Envelope"},
                "payload": {"$ref": f"#/components/schemas/{name}"},
            }
            names[name] = {"$ref": f"#/components/messages/{name}"}
        channels[service] = {
            "address": f"cloudeats.{service}",
            "description": f"What {service} tells, in order per key. At least once; effects once, by event id.",
            "servers": [{"$ref": "#/servers/log"}],
            "messages": names,
            "bindings": {"kafka": {"topic": f"cloudeats.{service}", "partitions": PARTITIONS}},
        }
        operations[f"{service}.tells"] = operation("send", service, names, f"What {service} has committed.")
        for consumer, types in listeners.items():
            wanted = [name for name, kind, _, _ in events if kind in types]
            if wanted:
                words = f"What {consumer} does something with; it reads and passes over the rest."
                operations[f"{consumer}.hears.{service}"] = operation("receive", service, wanted, words)
    for kind, (schema, sender, words) in MQTT.items():
        payload = {"$ref": f"#/components/schemas/{schema}"}
        messages[schema] = {"name": kind, "title": schema, "contentType": "application/json", "payload": payload}
        channels[f"vehicle.{kind}"] = {
            "address": f"v1/fleet/{{vehicle}}/{kind}",
            "description": words,
            "servers": [{"$ref": "#/servers/devices"}],
            "parameters": {"vehicle": {"description": "The vehicle's id, which is also its name at the broker."}},
            "messages": {schema: {"$ref": f"#/components/messages/{schema}"}},
        }
        action = "send" if sender == "fleet" else "receive"
        operations[f"fleet.{action}s.{kind}"] = operation(action, f"vehicle.{kind}", [schema], words)
    schemas["Envelope"] = {
        "type": "object",
        "description": "CloudEvents 1.0 in binary mode: attributes in headers, the fact in the body.",
        "required": [name for name, (_, always) in HEADERS.items() if always],
        "properties": {name: schema for name, (schema, _) in HEADERS.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CloudEats Direct: events",
            "version": "1.0.0",
            "description": "What services tell each other and what vehicles say. Fields are added, never taken away or retyped; "
            "a new version of an event stands beside the old one. Written by asyncapi.py from the contracts.",
            "license": {"name": "MIT"},
            "contact": {"name": "CloudEats Direct", "url": "https://github.com/cloudeats/cloudeats-direct"},
            "tags": [{"name": service} for service in told],
        },
        "defaultContentType": "application/json",
        "servers": {
            "log": {
                "host": "kafka.internal:9098",
                "protocol": "kafka",
                "description": "The event log of a region. PostgreSQL or EventBridge may stand in its place: "
                "the same facts, headers and order.",
            },
            "devices": {
                "host": "mqtt.internal:8883",
                "protocol": "mqtt",
                "description": "IoT Core, or a broker with the same topic rules.",
            },
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": dict(sorted(schemas.items())), "messages": dict(sorted(messages.items()))},
    }


def operation(action, channel, names, words):
    one = f"#/channels/{channel}"
    messages = [{"$ref": f"{one}/messages/{name}"} for name in names]
    return {"action": action, "description": words, "channel": {"$ref": one}, "messages": messages}


class Calm(yaml.SafeDumper):
    """No anchors: what is said twice is written twice. Lists stand below their name."""

    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def main():
    text = "# Written by asyncapi.py from the contracts; not by hand.\n"
    text += yaml.dump(document(), Dumper=Calm, sort_keys=False, allow_unicode=True, width=140)
    if "--check" not in sys.argv:
        DOCUMENT.write_text(text)
        return 0
    if DOCUMENT.is_file() and DOCUMENT.read_text() == text:
        return 0
    print("docs/asyncapi/cloudeats.yaml is not what the contracts say: run docs/asyncapi/asyncapi.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
