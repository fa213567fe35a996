//! The documents of all services, joined into the one that the outside reads.

use std::collections::HashMap;

use anyhow::Context;
use serde_json::{Map, Value, json};
use service_kit::OpenApi;

const SERVICES: [(&str, &str); 6] = [
    ("identity", include_str!("../../../docs/openapi/identity.json")),
    ("inventory", include_str!("../../../docs/openapi/inventory.json")),
    ("orders", include_str!("../../../docs/openapi/orders.json")),
    ("payment", include_str!("../../../docs/openapi/payment.json")),
    ("fleet", include_str!("../../../docs/openapi/fleet.json")),
    ("notification", include_str!("../../../docs/openapi/notification.json")),
];

const SCHEMAS: &str = "#/components/schemas/";

/// All public operations: those of the services, as committed under `docs/openapi/`, and `own`.
pub(crate) fn joined(own: OpenApi) -> anyhow::Result<Value> {
    let mut joined = Joined::default();
    for (service, text) in SERVICES {
        let document =
            serde_json::from_str(text).with_context(|| format!("docs/openapi/{service}.json"))?;
        joined.add(service, document);
    }
    joined.add("gateway", serde_json::to_value(own)?);
    Ok(joined.into_document())
}

#[derive(Default)]
struct Joined {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Joined {
    /// Adds what a service shows to the outside. A name that another service uses for another shape gets
    /// the service before it.
    fn add(&mut self, service: &str, mut document: Value) {
        let schemas = match document.pointer_mut("/components/schemas").map(Value::take) {
            Some(Value::Object(schemas)) => schemas,
            _ => Map::new(),
        };
        let differs = |(name, schema): &(&String, &Value)| {
            self.schemas.get(*name).is_some_and(|known| known != *schema)
        };
        let renamed: HashMap<String, String> = schemas
            .iter()
            .filter(differs)
            .map(|(name, _)| (format!("{SCHEMAS}{name}"), format!("{SCHEMAS}{service}.{name}")))
            .collect();

        for (name, mut schema) in schemas {
            rename(&mut schema, &renamed);
            let name = match renamed.get(&format!("{SCHEMAS}{name}")) {
                Some(renamed) => renamed.trim_start_matches(SCHEMAS).to_owned(),
                None => name,
            };
            self.schemas.insert(name, schema);
        }
        let Some(Value::Object(paths)) = document.get_mut("paths").map(Value::take) else { return };
        for (path, mut operations) in paths {
            if path.starts_with("/v1/internal") {
                continue;
            }
            rename(&mut operations, &renamed);
            if !path.starts_with("/v1/") && !path.starts_with("/.") {
                deprecate(&mut operations);
            }
            self.paths.insert(path, operations);
        }
    }

    /// A name that its own document does not explain stands for anything: readers must not stumble.
    fn explain(&mut self) {
        let mut named = Vec::new();
        self.paths.values().chain(self.schemas.values()).for_each(|value| names(value, &mut named));
        for name in named {
            self.schemas.entry(name).or_insert_with(|| json!({}));
        }
    }

    fn into_document(mut self) -> Value {
        self.explain();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "CloudEats Direct",
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": "MIT", "identifier": "MIT" },
            },
            "servers": [{ "url": "/" }],
            "security": [{ "bearer": [] }],
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {
                    "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                },
            },
        })
    }
}

fn rename(value: &mut Value, renamed: &HashMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "$ref" => {
                        if let Some(new) = renamed.get(text.as_str()) {
                            text.clone_from(new);
                        }
                    }
                    value => rename(value, renamed),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, renamed)),
        _ => {}
    }
}

fn names(value: &Value, named: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            named.extend(name.and_then(|name| name.strip_prefix(SCHEMAS)).map(str::to_owned));
            fields.values().for_each(|value| names(value, named));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, named)),
        _ => {}
    }
}

fn deprecate(operations: &mut Value) {
    let operations = operations.as_object_mut().into_iter().flatten();
    for operation in operations.filter_map(|(_, operation)| operation.as_object_mut()) {
        operation.insert("deprecated".to_owned(), Value::Bool(true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(schema: &Value) -> Value {
        json!({
            "paths": {
                "/v1/things": { "get": { "responses": { "200": { "$ref": "#/components/schemas/Thing" } } } },
                "/v1/internal/things": { "get": {} },
                "/things": { "get": {} },
            },
            "components": { "schemas": { "Thing": schema } },
        })
    }

    #[test]
    fn the_outside_reads_nothing_of_the_inside() {
        let mut joined = Joined::default();
        joined.add("orders", document(&json!({ "type": "object" })));

        let paths = joined.into_document()["paths"].take();

        assert!(paths["/v1/internal/things"].is_null() && !paths["/v1/things"].is_null());
        assert_eq!(paths["/things"]["get"]["deprecated"], true);
        assert!(paths["/v1/things"]["get"]["deprecated"].is_null());
    }

    #[test]
    fn one_name_for_two_shapes_becomes_two_names() {
        let mut joined = Joined::default();
        joined.add("orders", document(&json!({ "type": "object" })));
        let mut other = document(&json!({ "type": "string" }));
        other["paths"]["/v1/other"] = other["paths"]["/v1/things"].take();
        joined.add("fleet", other);

        let document = joined.into_document();

        let used = &document["paths"]["/v1/other"]["get"]["responses"]["200"]["$ref"];
        assert_eq!(used, "#/components/schemas/fleet.Thing");
        assert_eq!(document["components"]["schemas"]["fleet.Thing"]["type"], "string");
        assert_eq!(document["components"]["schemas"]["Thing"]["type"], "object");
    }

    #[test]
    fn the_committed_documents_join() {
        let document = joined(crate::routes::own().into_openapi()).unwrap();
        let text = document.to_string();
        assert!(!document["paths"]["/v1/orders/{order_id}/track"].is_null());
        for (at, _) in text.match_indices(SCHEMAS) {
            let name = text[at + SCHEMAS.len()..].split('"').next().unwrap();
            assert!(!document["components"]["schemas"][name].is_null(), "{name}");
        }
    }
}
