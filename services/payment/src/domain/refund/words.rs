//! The words of a refund: where it stands, why it is, who bears it.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($word:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($word),+ }

        impl $name {
            pub(crate) const ALL: [Self; [$($text),+].len()] = [$(Self::$word),+];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }

            pub(crate) fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|word| word.name() == name)
            }
        }
    )+};
}

words! {
    /// Where a refund stands. An unknown answer of the provider is not a state: the refund stays in
    /// SUBMITTING and asks again.
    RefundState {
        Requested = "REQUESTED",
        AwaitingApproval = "AWAITING_APPROVAL",
        Submitting = "SUBMITTING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Refused = "REFUSED",
        Manual = "MANUAL",
    }

    /// Why money is given back.
    Reason {
        MissingItem = "missing_item",
        WrongItem = "wrong_item",
        ProductionFailure = "production_failure",
        Quality = "quality",
        ColdChain = "cold_chain",
        Late = "late",
        OrderCancelled = "order_cancelled",
        Duplicate = "duplicate",
        Other = "other",
    }

    /// Who bears it.
    Liable {
        Store = "store",
        Platform = "platform",
        Courier = "courier",
        Goodwill = "goodwill",
    }
}

impl RefundState {
    /// The one table of legal steps; the database has its copy, `refund_legal`.
    #[cfg(test)]
    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Requested => &[Self::Submitting, Self::AwaitingApproval],
            Self::AwaitingApproval => &[Self::Submitting, Self::Refused],
            Self::Submitting => &[Self::Succeeded, Self::Failed],
            Self::Failed => &[Self::Submitting, Self::Manual],
            Self::Succeeded | Self::Refused | Self::Manual => &[],
        }
    }
}
