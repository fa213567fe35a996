//! The states of a payment and the steps between them (FEATURES 5.1).

/// Where a payment stands. An unknown answer of the provider is not a state: the payment stays in its
/// `-ING` state and asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Created,
    Authorizing,
    ActionRequired,
    Authorized,
    Declined,
    Capturing,
    PartlyCaptured,
    Captured,
    Expired,
    Owed,
    Voiding,
    Voided,
}

impl State {
    pub(crate) const ALL: [Self; 12] = [
        Self::Created,
        Self::Authorizing,
        Self::ActionRequired,
        Self::Authorized,
        Self::Declined,
        Self::Capturing,
        Self::PartlyCaptured,
        Self::Captured,
        Self::Expired,
        Self::Owed,
        Self::Voiding,
        Self::Voided,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Authorizing => "AUTHORIZING",
            Self::ActionRequired => "ACTION_REQUIRED",
            Self::Authorized => "AUTHORIZED",
            Self::Declined => "DECLINED",
            Self::Capturing => "CAPTURING",
            Self::PartlyCaptured => "PARTLY_CAPTURED",
            Self::Captured => "CAPTURED",
            Self::Expired => "EXPIRED",
            Self::Owed => "OWED",
            Self::Voiding => "VOIDING",
            Self::Voided => "VOIDED",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The one table of legal steps. The database refuses what is not in its copy, `payment_legal`; tests
    /// hold the domain and that copy to this one.
    #[cfg(test)]
    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Created => &[Self::Authorizing, Self::Authorized, Self::Voided],
            Self::Authorizing => {
                &[Self::Authorized, Self::ActionRequired, Self::Declined, Self::Voiding, Self::Owed]
            }
            Self::ActionRequired => &[Self::Authorizing, Self::Declined, Self::Voiding],
            Self::Authorized => &[Self::Authorizing, Self::Capturing, Self::Voiding, Self::Expired],
            Self::Capturing => {
                &[Self::Captured, Self::PartlyCaptured, Self::Authorized, Self::Expired]
            }
            Self::PartlyCaptured => &[Self::Capturing, Self::Captured],
            Self::Expired => &[Self::Authorizing, Self::Owed],
            Self::Voiding => &[Self::Voided, Self::Captured],
            Self::Declined | Self::Captured | Self::Owed | Self::Voided => &[],
        }
    }

    /// What its owner reads: fewer words, which do not change when the machine does.
    pub(crate) const fn status(self) -> &'static str {
        match self {
            Self::Created | Self::Authorizing | Self::ActionRequired => "pending",
            Self::Authorized | Self::Capturing | Self::Expired => "authorized",
            Self::Declined | Self::Owed => "declined",
            Self::PartlyCaptured | Self::Captured => "captured",
            Self::Voiding | Self::Voided => "voided",
        }
    }
}
