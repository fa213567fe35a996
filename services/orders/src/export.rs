//! The saga as others draw and run it: a Mermaid diagram, and a state machine in the language of the
//! origins' Step Functions. Both are rendered from the table of legal transitions.

mod asl;
mod mermaid;

use crate::domain::{LEGAL, State, calls_in};

/// A way to write the saga down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A Mermaid state diagram.
    Mermaid,
    /// The Amazon States Language, as JSON.
    Asl,
}

/// The saga: every state, what may follow it, and what is asked of other services there.
#[must_use]
pub fn render(format: Format) -> String {
    match format {
        Format::Mermaid => mermaid::render(),
        Format::Asl => asl::render(),
    }
}

/// The states in which an order may begin.
const FIRST: [State; 2] = [State::Received, State::Reserving];

/// Every state, in the order of the table.
fn states() -> impl Iterator<Item = State> {
    let ends = [State::Completed, State::CompletedUnpaid, State::Cancelled, State::Rejected];
    LEGAL.iter().map(|(from, _)| *from).chain(ends)
}

/// What may follow `state`.
fn after(state: State) -> &'static [State] {
    LEGAL.iter().find(|(from, _)| *from == state).map_or(&[], |(_, to)| to)
}

/// What may be asked of others in `state`, by the names of the steps.
fn steps(state: State) -> Vec<&'static str> {
    calls_in(state).iter().map(|call| call.name()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every transition of the table, and nothing else.
    pub(super) fn table() -> BTreeSet<(String, String)> {
        let pairs = LEGAL.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to)));
        pairs.map(|(from, to)| (from.name().to_owned(), to.name().to_owned())).collect()
    }

    #[test]
    fn the_files_in_the_documentation_are_current() {
        let mermaid = include_str!("../../../docs/saga.mmd");
        assert!(
            render(Format::Mermaid) == mermaid,
            "renew it: cloudeats saga export --format mermaid"
        );
        // Which order an object's names have depends on features that others choose.
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let asl = json(include_str!("../../../docs/saga.asl.json"));
        assert!(json(&render(Format::Asl)) == asl, "renew it: cloudeats saga export --format asl");
    }

    #[test]
    fn every_step_of_the_saga_is_asked_somewhere() {
        let asked: BTreeSet<_> = states().flat_map(steps).collect();
        let all =
            ["authorize", "capture", "deliver", "recall", "release", "reserve", "ship", "void"];
        assert_eq!(asked, BTreeSet::from(all));
    }
}
