//! Refunds, in the domain's words and on the wire.

use payment_contract::http::{AskRefund, Liable, Refund, RefundLine, RefundReason};

use crate::{
    app::{self, FoundRefund},
    domain::{self, Reason},
};

/// Pairs the words of two enums that say the same.
macro_rules! same_words {
    ($wire:ident = $domain:ty { $($word:ident),+ $(,)? }) => {
        impl From<$wire> for $domain {
            fn from(word: $wire) -> Self {
                match word { $($wire::$word => Self::$word),+ }
            }
        }

        impl From<$domain> for $wire {
            fn from(word: $domain) -> Self {
                match word { $(<$domain>::$word => Self::$word),+ }
            }
        }
    };
}

same_words!(
    RefundReason = Reason {
        MissingItem,
        WrongItem,
        ProductionFailure,
        Quality,
        ColdChain,
        Late,
        OrderCancelled,
        Duplicate,
        Other,
    }
);
same_words!(Liable = domain::Liable { Store, Platform, Courier, Goodwill });

impl From<AskRefund> for app::AskRefund {
    fn from(body: AskRefund) -> Self {
        let lines = body.lines.into_iter().map(|line| domain::RefundLine {
            item: line.item_id,
            quantity: line.quantity,
            amount_minor: line.amount_minor.into(),
        });
        Self {
            amount_minor: body.amount_minor.map(i64::from),
            lines: lines.collect(),
            reason: body.reason.into(),
            liable: body.liable.into(),
        }
    }
}

impl From<&FoundRefund> for Refund {
    fn from(found: &FoundRefund) -> Self {
        let (refund, terms) = (&found.refund, &found.refund.terms);
        let lines = terms.lines.iter().map(|line| RefundLine {
            item_id: line.item,
            quantity: line.quantity,
            amount_minor: u32::try_from(line.amount_minor).unwrap_or(u32::MAX),
        });
        Self {
            refund_id: refund.id,
            payment_id: found.payment,
            order_id: refund.order,
            state: refund.state.name().to_owned(),
            amount_minor: terms.amount_minor,
            currency: terms.currency,
            reason: terms.reason.into(),
            liable: terms.liable.into(),
            lines: lines.collect(),
            credit_note_no: found.credit_note,
            created_at: found.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_on_the_wire_are_those_of_the_table() {
        for reason in Reason::ALL {
            let word = serde_json::to_string(&RefundReason::from(reason)).unwrap();
            assert_eq!(word, format!("\"{}\"", reason.name()));
        }
        for liable in domain::Liable::ALL {
            let word = serde_json::to_string(&Liable::from(liable)).unwrap();
            assert_eq!(word, format!("\"{}\"", liable.name()));
        }
    }
}
