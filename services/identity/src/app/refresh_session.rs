//! Going on with a session.

use common::types::{Class, Fault};
use postgres_kit::StoreError;

use super::SignedIn;
use crate::{
    App, Tokens,
    domain::RefreshError,
    store::{self, sessions::EndedBy},
    tokens::{TokensError, digest},
};

/// Why the session does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshSessionError {
    #[error(transparent)]
    Refused(#[from] RefreshError),
    #[error("no token was made")]
    Tokens(#[from] TokensError),
    #[error("the session could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for RefreshSessionError {
    fn class(&self) -> Class {
        match self {
            Self::Refused(error) => error.class(),
            Self::Tokens(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Tokens(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Exchanges a refresh token for new tokens, once. Who comes with one that was exchanged before
    /// ends the session for everybody (RFC 9700, 4.14.2).
    #[tracing::instrument(name = "identity.refresh_session", skip_all)]
    pub(crate) async fn refresh_session(
        &self,
        token: &str,
    ) -> Result<SignedIn, RefreshSessionError> {
        let sha = digest(token);
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let Some(old) = store::sessions::lock(&mut tx, &sha).await? else {
            tx.rollback().await;
            return Err(RefreshError::Dead.into());
        };
        if let Err(refused) = old.check(now) {
            if refused == RefreshError::Reused {
                store::sessions::end(&mut tx, old.session, EndedBy::Reuse, now).await?;
                tracing::warn!(user.id = %old.user, session.id = %old.session, "refresh token reused, session ended");
            }
            tx.commit().await?;
            return Err(refused.into());
        }
        let account = store::accounts::find_of_session(&mut tx, old.session).await?;
        let account = account.ok_or(RefreshError::Dead)?;

        let refresh = Tokens::refresh()?;
        let access_token = self.tokens.access(&account, self.clock.new_id(), now)?;

        let until = self.refresh_expiry(now);
        store::sessions::claim(&mut tx, &sha, now).await?;
        store::sessions::renew(&mut tx, old.session, &refresh.sha, now, until).await?;
        tx.commit().await?;

        let expires_in_s = self.tokens.lives().access_s;
        Ok(SignedIn { access_token, expires_in_s, refresh_token: refresh.text })
    }
}
