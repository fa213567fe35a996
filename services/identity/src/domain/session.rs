//! Sessions, and the tokens that keep them going.

use common::types::{Class, Fault, Timestamp, UserId};
use uuid::Uuid;

/// A refresh token and what is known of its session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefreshToken {
    pub(crate) session: Uuid,
    pub(crate) user: UserId,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

/// Why a refresh token does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("the refresh token is unknown, has expired or its session has ended")]
    Dead,
    /// Two hold it: its owner and a thief. Nobody can tell which is which, so the session ends.
    #[error("the refresh token was used before")]
    Reused,
}

impl Fault for RefreshError {
    fn class(&self) -> Class {
        Class::Unauthenticated
    }

    fn code(&self) -> &'static str {
        // Both look alike, so that a thief learns nothing.
        "bad-refresh-token"
    }
}

impl RefreshToken {
    /// Whether the token still works.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), RefreshError> {
        if self.ended_at.is_some() {
            return Err(RefreshError::Dead);
        }
        if self.used_at.is_some() {
            return Err(RefreshError::Reused);
        }
        if self.expires_at <= now {
            return Err(RefreshError::Dead);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_once_in_time_and_in_a_session_that_goes_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let fresh = RefreshToken {
            session: Uuid::from_u128(1),
            user: UserId::from_uuid(Uuid::from_u128(2)),
            expires_at: at(100),
            used_at: None,
            ended_at: None,
        };
        let used = RefreshToken { used_at: Some(at(5)), ..fresh };
        let ended = RefreshToken { ended_at: Some(at(6)), ..used };

        assert_eq!(fresh.check(at(99)), Ok(()));
        assert_eq!(fresh.check(at(100)), Err(RefreshError::Dead));
        assert_eq!(used.check(at(99)), Err(RefreshError::Reused));
        assert_eq!(used.check(at(200)), Err(RefreshError::Reused));
        assert_eq!(ended.check(at(99)), Err(RefreshError::Dead));
    }
}
