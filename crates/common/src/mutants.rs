//! Wrong behaviours, built in on purpose, that show whether a checker would notice them.
//!
//! They exist only under the feature `mutants`, which no release has; without it [`on`] is `false` when
//! the program is compiled, and the wrong branch is not in the binary.

/// Whether this process is to behave wrongly in the way named: `CLOUDEATS_MUTANT` says which one.
#[cfg(feature = "mutants")]
#[must_use]
pub fn on(name: &str) -> bool {
    use std::sync::LazyLock;

    #[expect(
        clippy::disallowed_methods,
        reason = "not a setting of the service: a lens of the tests"
    )]
    static CHOSEN: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("CLOUDEATS_MUTANT").ok());
    CHOSEN.as_deref() == Some(name)
}

/// Whether this process is to behave wrongly in the way named: never, without the feature `mutants`.
#[cfg(not(feature = "mutants"))]
#[inline]
#[must_use]
pub const fn on(_name: &str) -> bool {
    false
}
