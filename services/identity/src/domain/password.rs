//! Passwords on their way to be hashed.

use super::AccountError;

const CHARACTERS_MIN: usize = 10;

/// A password; shown as `***`.
#[derive(Clone)]
pub(crate) struct Password(String);

impl Password {
    /// Takes a new password. Length is all that is asked for (NIST SP 800-63B, 5.1.1.2); that it is
    /// not longer than 128 characters, its wire type has seen to.
    pub(crate) fn parse(text: &str) -> Result<Self, AccountError> {
        if text.chars().count() < CHARACTERS_MIN {
            return Err(AccountError::ShortPassword);
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes whatever somebody presents, to compare it.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The bytes to hash.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
