//! Who may import whom.

use crate::workspace::{Dependency, Package, Workspace};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Common,
    Contract,
    Kit,
    Service,
    Sandbox,
    TestKit,
    Command,
    Load,
    Habit,
}

fn layer(package: &str) -> Layer {
    match package {
        "common" => Layer::Common,
        "sandbox" => Layer::Sandbox,
        "test-kit" => Layer::TestKit,
        "cloudeats" => Layer::Command,
        "compare" => Layer::Load,
        "xtask" => Layer::Habit,
        name if name.ends_with("-contract") => Layer::Contract,
        name if name.ends_with("-kit") => Layer::Kit,
        _ => Layer::Service,
    }
}

/// The table, as code. What is not listed is not allowed.
fn may_import(from: &str, to: &str) -> bool {
    use Layer::{Command, Common, Contract, Kit, Load, Sandbox, Service, TestKit};
    match (layer(from), layer(to)) {
        (Contract | Kit | Service | Sandbox | TestKit | Load | Command, Common)
        | (Service | TestKit | Load | Command, Kit | Contract)
        | (TestKit | Command, Sandbox)
        | (Load, Command)
        | (Command, Service) => true,
        (Kit, Kit) => (from, to) == ("event-kit", "postgres-kit"),
        _ => false,
    }
}

/// A package may test itself with `test-kit`, and a service against the world outside.
fn may_test_with(from: &str, to: &str) -> bool {
    use Layer::{Habit, Sandbox, Service, TestKit};
    match (layer(from), layer(to)) {
        (Habit, TestKit) => false,
        (_, TestKit) | (Service, Sandbox) => true,
        _ => may_import(from, to),
    }
}

/// The kit that alone speaks to an engine.
fn kit_of(engine: &str) -> Option<&'static str> {
    match engine {
        "rdkafka" | "aws-sdk-eventbridge" | "aws-sdk-sqs" => Some("event-kit"),
        "aws-sdk-dynamodb" | "serde_dynamo" | "dynoxide-rs" => Some("dynamo-kit"),
        "redis" => Some("redis-kit"),
        _ => None,
    }
}

/// Commands and measurements may look past the kits, which they doubt.
fn may_speak_to(from: &str, engine: &str) -> bool {
    let doubts = matches!(layer(from), Layer::Command | Layer::Load | Layer::TestKit);
    doubts || kit_of(engine).is_none_or(|kit| kit == from)
}

fn is_allowed(workspace: &Workspace, from: &Package, to: &Dependency) -> bool {
    if workspace.package(&to.name).is_none() {
        may_speak_to(&from.name, &to.name)
    } else if to.for_tests {
        may_test_with(&from.name, &to.name)
    } else {
        may_import(&from.name, &to.name)
    }
}

/// Every import that the table does not allow.
pub(crate) fn violations(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    for from in &workspace.packages {
        for to in &from.dependencies {
            if !is_allowed(workspace, from, to) {
                findings.push(format!("{} may not import {}", from.name, to.name));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_point_inwards() {
        assert!(may_import("orders", "fleet-contract"));
        assert!(may_import("event-kit", "postgres-kit"));
        assert!(may_import("cloudeats", "orders"));
        assert!(may_import("cloudeats", "sandbox"));
        assert!(may_import("compare", "cloudeats"));
        assert!(!may_import("orders", "fleet"));
        assert!(!may_import("orders-contract", "fleet-contract"));
        assert!(!may_import("orders-contract", "event-kit"));
        assert!(!may_import("postgres-kit", "event-kit"));
        assert!(!may_import("common", "service-kit"));
        assert!(!may_import("sandbox", "service-kit"));
        assert!(!may_import("sandbox", "payment"));
        assert!(!may_import("orders", "cloudeats"));
        assert!(!may_import("cloudeats", "compare"));
        assert!(!may_import("orders", "xtask"));
        assert!(!may_import("xtask", "common"));
    }

    #[test]
    fn the_test_kit_is_for_tests_only() {
        assert!(may_test_with("orders", "test-kit"));
        assert!(may_test_with("event-kit", "test-kit"));
        assert!(!may_import("orders", "test-kit"));
        assert!(!may_test_with("orders", "fleet"));
        assert!(!may_import("test-kit", "orders"));
    }

    #[test]
    fn a_service_speaks_to_an_engine_through_its_kit() {
        let workspace = Workspace {
            root: "/".into(),
            target: "/target".into(),
            packages: vec![Package {
                name: "orders".to_owned(),
                dependencies: vec![
                    Dependency { name: "redis".to_owned(), ..Dependency::default() },
                    Dependency { name: "uuid".to_owned(), ..Dependency::default() },
                ],
                ..Package::default()
            }],
        };
        assert_eq!(violations(&workspace), ["orders may not import redis"]);
    }

    #[test]
    fn this_workspace_keeps_its_layers() {
        assert_eq!(violations(&Workspace::load().unwrap()), Vec::<String>::new());
    }
}
