//! The saga in the Amazon States Language: each state is a task that waits for its outcome, and a choice of
//! what follows. Source: <https://states-language.net>.

use serde_json::{Map, Value, json};

use super::{after, states, steps};
use crate::domain::State;

pub(super) fn render() -> String {
    let machine = json!({
        "Comment": "The life of an order. Rendered from the table of legal transitions.",
        "StartAt": State::Received.name(),
        "States": states().flat_map(both).collect::<Map<_, _>>(),
    });
    format!("{machine:#}\n")
}

/// A state, and the choice of what follows it; an end is alone.
fn both(state: State) -> Vec<(String, Value)> {
    if state.ended() {
        let kind = if state == State::Rejected { "Fail" } else { "Succeed" };
        return vec![(state.name().to_owned(), json!({ "Type": kind }))];
    }
    let next = |to: &State| json!({"Variable": "$.outcome.state", "StringEquals": to.name(), "Next": to.name()});
    let choice = json!({
        "Type": "Choice",
        "Choices": after(state).iter().map(next).collect::<Vec<_>>(),
        "Default": state.name(),
    });
    vec![(state.name().to_owned(), task(state)), (choice_of(state), choice)]
}

/// Who works on the order answers with the task's token and the state to which it came; deadlines are kept
/// there, since some count from the order's receipt or promise.
fn task(state: State) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl.$": "$.queue_url",
            "MessageBody": {
                "order_id.$": "$.order_id",
                "state": state.name(),
                "steps": steps(state),
                "token.$": "$$.Task.Token",
            },
        },
        "ResultPath": "$.outcome",
        "Next": choice_of(state),
    })
}

fn choice_of(state: State) -> String {
    format!("after {}", state.name())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::export::tests::table;

    #[test]
    fn the_machine_has_the_transitions_of_the_table_and_nothing_else() {
        let machine: Value = serde_json::from_str(&render()).unwrap();
        let all = machine["States"].as_object().unwrap();
        let mut found = BTreeSet::new();
        for (name, state) in all {
            for choice in state["Choices"].as_array().into_iter().flatten() {
                let from = name.strip_prefix("after ").unwrap();
                found.insert((from.to_owned(), choice["Next"].as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(found, table());
    }

    #[test]
    fn every_name_that_the_machine_uses_is_a_state_of_it() {
        let machine: Value = serde_json::from_str(&render()).unwrap();
        let all = machine["States"].as_object().unwrap();
        assert!(all.contains_key(machine["StartAt"].as_str().unwrap()));
        for (name, state) in all {
            let choices = state["Choices"].as_array().into_iter().flatten();
            let named = choices.map(|choice| &choice["Next"]);
            for next in named.chain([&state["Next"], &state["Default"]]).filter_map(Value::as_str) {
                assert!(all.contains_key(next), "{name} leads to {next}");
            }
            let ends = matches!(state["Type"].as_str(), Some("Succeed" | "Fail"));
            assert!(ends || !state["Next"].is_null() || !state["Default"].is_null(), "{name}");
        }
    }
}
