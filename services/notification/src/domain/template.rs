//! Words with gaps: title, inbox, `---`, letter.

use super::{Facts, Template};

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) title: String,
    pub(crate) body: String,
}

impl Template {
    /// What stands in the inbox.
    pub(crate) fn inbox(self, facts: &Facts) -> Letter {
        let (title, inbox, _) = self.parts();
        Letter { title: fill(title, facts), body: fill(inbox, facts) }
    }

    /// What is sent to somebody called `name`. The facts of the inbox, and one more that is not kept.
    pub(crate) fn letter(self, facts: &Facts, name: &str) -> Letter {
        let (title, _, letter) = self.parts();
        let facts = facts.clone().with("name", Some(name.to_owned()));
        Letter { title: fill(title, &facts), body: fill(letter, &facts) }
    }

    fn parts(self) -> (&'static str, &'static str, &'static str) {
        let (title, rest) = self.source().split_once('\n').unwrap_or_default();
        let (inbox, letter) = rest.split_once("---\n").unwrap_or((rest, rest));
        (title, inbox, letter)
    }
}

/// Fills `{{name}}` with the fact of that name. A line whose fact is missing is left out.
fn fill(text: &str, facts: &Facts) -> String {
    let lines: Vec<String> = text.lines().filter_map(|line| fill_line(line, facts)).collect();
    lines.join("\n").trim_end().to_owned()
}

fn fill_line(line: &str, facts: &Facts) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), line);
    while let Some((before, gap)) = rest.split_once("{{") {
        let (name, after) = gap.split_once("}}")?;
        filled.push_str(before);
        filled.push_str(facts.get(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use common::types::OrderId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Kind;

    const KNOWN: [&str; 5] = ["name", "order", "promise", "amount", "reason"];

    fn facts() -> Facts {
        Facts::about(OrderId::from_uuid(Uuid::from_u128(0xabcd_1234)))
            .with("promise", Some("18:05 UTC".to_owned()))
            .with("amount", Some("12.50 USD".to_owned()))
            .with("reason", Some("out of stock".to_owned()))
    }

    #[test]
    fn every_template_has_its_three_parts_and_asks_for_nothing_unknown() {
        for template in Template::ALL {
            let source = template.source();
            let (title, inbox, letter) = template.parts();

            assert!(
                !title.is_empty() && !inbox.is_empty() && letter.contains("{{name}}"),
                "{source}"
            );
            for gap in source.split("{{").skip(1) {
                let (name, _) = gap.split_once("}}").unwrap();
                assert!(KNOWN.contains(&name), "{name}");
            }
            assert!(!inbox.contains("{{name}}"), "names are not kept");
            let letter = template.letter(&facts(), "Anna");
            assert!(letter.body.starts_with("Hello Anna,\n\n"), "{}", letter.body);
            assert!(!letter.body.contains("{{") && !template.inbox(&facts()).body.contains("{{"));
            assert_eq!(Template::parse(template.name()), Some(template));
        }
    }

    #[test]
    fn a_line_whose_fact_is_missing_is_left_out() {
        let facts = Facts::about(OrderId::from_uuid(Uuid::nil()));

        let letter = Template::Plain(Kind::Dispatched).inbox(&facts);

        assert_eq!(letter.body, "A courier has it.");
    }

    #[test]
    fn what_a_value_says_is_not_a_gap() {
        let facts = facts().with("reason", Some("{{name}}".to_owned()));

        let letter = Template::Plain(Kind::Rejected).letter(&facts, "Anna");

        assert!(letter.body.contains("Reason: {{name}}."));
    }
}
