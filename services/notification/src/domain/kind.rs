//! What people are told.

/// What a message says about an order; there is one of each at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Confirmed,
    Rejected,
    Preparing,
    Ready,
    Dispatched,
    Delivered,
    Cancelled,
}

/// The words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    Plain(Kind),
    /// For an order that the customer collects.
    Pickup(Kind),
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "order_confirmed",
            Self::Rejected => "order_rejected",
            Self::Preparing => "order_preparing",
            Self::Ready => "order_ready",
            Self::Dispatched => "order_dispatched",
            Self::Delivered => "order_delivered",
            Self::Cancelled => "order_cancelled",
        }
    }

    /// The words for an order, and whether they are worth a letter: `ready` is news only to those who
    /// have to come, `preparing` to nobody who has read `confirmed`.
    pub(crate) const fn template(self, pickup: bool) -> (Template, bool) {
        match (self, pickup) {
            (Self::Preparing, _) | (Self::Ready, false) => (Template::Plain(self), false),
            (Self::Confirmed | Self::Ready, true) => (Template::Pickup(self), true),
            _ => (Template::Plain(self), true),
        }
    }
}

impl Template {
    pub(crate) const ALL: [Self; 9] = [
        Self::Plain(Kind::Confirmed),
        Self::Pickup(Kind::Confirmed),
        Self::Plain(Kind::Rejected),
        Self::Plain(Kind::Preparing),
        Self::Plain(Kind::Ready),
        Self::Pickup(Kind::Ready),
        Self::Plain(Kind::Dispatched),
        Self::Plain(Kind::Delivered),
        Self::Plain(Kind::Cancelled),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pickup(Kind::Confirmed) => "order_confirmed_pickup",
            Self::Pickup(Kind::Ready) => "order_ready_pickup",
            Self::Plain(kind) | Self::Pickup(kind) => kind.name(),
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }

    pub(super) const fn source(self) -> &'static str {
        match self {
            Self::Pickup(Kind::Confirmed) => {
                include_str!("../../templates/order_confirmed_pickup.txt")
            }
            Self::Pickup(Kind::Ready) => {
                include_str!("../../templates/order_ready_pickup.txt")
            }
            Self::Plain(kind) | Self::Pickup(kind) => match kind {
                Kind::Confirmed => include_str!("../../templates/order_confirmed.txt"),
                Kind::Rejected => include_str!("../../templates/order_rejected.txt"),
                Kind::Preparing => include_str!("../../templates/order_preparing.txt"),
                Kind::Ready => include_str!("../../templates/order_ready.txt"),
                Kind::Dispatched => include_str!("../../templates/order_dispatched.txt"),
                Kind::Delivered => include_str!("../../templates/order_delivered.txt"),
                Kind::Cancelled => include_str!("../../templates/order_cancelled.txt"),
            },
        }
    }
}
