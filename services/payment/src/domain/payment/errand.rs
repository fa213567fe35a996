//! What is to be asked of the provider now.

use uuid::Uuid;

use super::{Fact, Payment, Step, Terms, Told};

/// A question for the provider, or a fact that needs no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand<'a> {
    Authorize { key: String, terms: &'a Terms },
    Capture { key: String, reference: Uuid, taking: Taking },
    Void { key: String, target: String },
    Plain(Fact),
}

/// How much is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taking {
    pub(crate) amount_minor: i64,
    /// Number of the part, from 1.
    pub(crate) part: usize,
    /// Whether what is left stays held.
    pub(crate) more: bool,
}

impl Payment {
    /// The errand of the step that is under way, if one is.
    pub(crate) fn errand(&self) -> Option<Errand<'_>> {
        let (order, generation) = (self.order, self.generation());
        let nothing_held = self.terms.as_ref().is_some_and(|terms| terms.amount_minor == 0);
        match (self.standing.work?, &self.terms) {
            (Step::Authorize, Some(terms)) => {
                Some(Errand::Authorize { key: Step::Authorize.key(order, generation), terms })
            }
            (Step::Authorize, None) | (Step::Refund, _) => None,
            (Step::Capture, _) => match self.standing.reference {
                Some(reference) if self.standing.capturing_minor > 0 => Some(Errand::Capture {
                    key: Step::Capture.key(order, self.standing.captures),
                    reference,
                    taking: Taking {
                        amount_minor: self.standing.capturing_minor,
                        part: self.standing.parts.len() + 1,
                        more: self.leaves_more(),
                    },
                }),
                _ => Some(Errand::Plain(Fact::Captured)),
            },
            (Step::Void, _) if self.standing.surplus.is_some() => {
                let generation = self.standing.surplus?.generation;
                Some(Errand::Void {
                    key: Step::Void.key(order, generation),
                    target: Step::Authorize.key(order, generation),
                })
            }
            (Step::Void, _) if nothing_held => Some(Errand::Plain(Fact::NothingHeld)),
            (Step::Void, _) => Some(Errand::Void {
                key: Step::Void.key(order, generation),
                target: Step::Authorize.key(order, generation),
            }),
        }
    }

    /// What was heard in answer to the errand.
    pub(crate) fn heard(&self, fact: Fact) -> Option<Told> {
        let step = self.standing.work?;
        let number = match (step, self.standing.surplus) {
            (Step::Void, Some(surplus)) => surplus.generation,
            (Step::Capture, _) => self.standing.captures,
            _ => self.generation(),
        };
        Some(Told { step, number, amount_minor: None, fact })
    }
}
