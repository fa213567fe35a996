//! The saga as a Mermaid state diagram.

use std::fmt::Write;

use super::{FIRST, after, states, steps};

pub(super) fn render() -> String {
    let mut text = "stateDiagram-v2\n".to_owned();
    for state in FIRST {
        let _infallible = writeln!(text, "    [*] --> {}", state.name());
    }
    for state in states() {
        for next in after(state) {
            let _infallible = writeln!(text, "    {} --> {}", state.name(), next.name());
        }
        if state.ended() {
            let _infallible = writeln!(text, "    {} --> [*]", state.name());
        }
    }
    for state in states() {
        let asked = steps(state).join(", ");
        if !asked.is_empty() {
            let _infallible = writeln!(text, "    note right of {}: asks {asked}", state.name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::export::tests::table;

    #[test]
    fn the_diagram_shows_the_table_and_nothing_else() {
        let text = render();
        let arrows = text.lines().filter_map(|line| line.trim().split_once(" --> "));
        let arrows: BTreeSet<_> =
            arrows.map(|(from, to)| (from.to_owned(), to.to_owned())).collect();

        let (ends, between): (BTreeSet<_>, BTreeSet<_>) =
            arrows.into_iter().partition(|(from, to)| from == "[*]" || to == "[*]");

        assert_eq!(between, table());
        assert_eq!(ends.len(), FIRST.len() + 4);
    }
}
