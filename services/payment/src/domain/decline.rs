//! Why a payment was refused, in the four classes of FEATURES PAY-12.

/// What the customer may do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclineClass {
    RetryNow,
    RetryLater,
    OtherMethod,
    DoNotRetry,
}

impl DeclineClass {
    const ALL: [Self; 4] = [Self::RetryNow, Self::RetryLater, Self::OtherMethod, Self::DoNotRetry];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RetryNow => "retry-now",
            Self::RetryLater => "retry-later",
            Self::OtherMethod => "other-method",
            Self::DoNotRetry => "do-not-retry",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}
