//! Signing in.

use common::types::{Class, Fault};
use postgres_kit::StoreError;

use super::SignedIn;
use crate::{
    App, Tokens,
    domain::{Account, Attempts, Blocked, Email, Password},
    passwords::PasswordsError,
    store,
    tokens::{TokensError, digest},
};

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogInError {
    #[error("address or password are wrong")]
    BadCredentials,
    #[error("too many tries at this address")]
    TooMany(#[from] Blocked),
    #[error("the password was not compared")]
    Passwords(#[from] PasswordsError),
    #[error("no token was made")]
    Tokens(#[from] TokensError),
    #[error("the session could not be stored")]
    Store(#[from] StoreError),
}

impl LogInError {
    /// When the next try counts, where that is the trouble.
    pub(crate) fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::TooMany(blocked) => u32::try_from(blocked.retry_after_s).ok(),
            _ => None,
        }
    }
}

impl Fault for LogInError {
    fn class(&self) -> Class {
        match self {
            Self::BadCredentials => Class::Unauthenticated,
            Self::TooMany(_) => Class::Throttled,
            Self::Passwords(error) => error.class(),
            Self::Tokens(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadCredentials => "bad-credentials",
            Self::TooMany(_) => "too-many-attempts",
            Self::Passwords(error) => error.code(),
            Self::Tokens(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Begins a session. An address without an account costs the same time and gets the same answer.
    #[tracing::instrument(name = "identity.log_in", skip_all)]
    pub(crate) async fn log_in(
        &self,
        email: &Email,
        password: Password,
    ) -> Result<SignedIn, LogInError> {
        let email_sha = digest(email.folded());
        self.count_attempt(&email_sha).await?;

        let known = self.find_credentials(email).await?;
        let (account, hash) = known.unzip();
        let right = self.passwords.matches(password, hash).await?;
        let Some(account) = account.filter(|_| right) else {
            tracing::info!("sign-in refused");
            return Err(LogInError::BadCredentials);
        };
        self.begin_session(&account, &email_sha).await
    }

    async fn count_attempt(&self, email_sha: &[u8; 32]) -> Result<(), LogInError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let attempts = store::attempts::lock(&mut tx, email_sha).await?;
        match attempts.unwrap_or(Attempts::none(now)).begin(now) {
            Ok(attempts) => store::attempts::keep(&mut tx, email_sha, &attempts).await?,
            Err(blocked) => {
                tx.rollback().await;
                return Err(blocked.into());
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn find_credentials(
        &self,
        email: &Email,
    ) -> Result<Option<(Account, String)>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::accounts::find_credentials(&mut db, email).await
    }

    async fn begin_session(
        &self,
        account: &Account,
        email_sha: &[u8; 32],
    ) -> Result<SignedIn, LogInError> {
        let now = self.clock.now();
        let refresh = Tokens::refresh()?;
        let access_token = self.tokens.access(account, self.clock.new_id(), now)?;

        let mut tx = self.db.begin().await?;
        store::attempts::delete(&mut tx, email_sha).await?;
        let (session, until) = (self.clock.new_id(), self.refresh_expiry(now));
        store::sessions::insert(&mut tx, session, account.id, &refresh.sha, now, until).await?;
        tx.commit().await?;

        let expires_in_s = self.tokens.lives().access_s;
        Ok(SignedIn { access_token, expires_in_s, refresh_token: refresh.text })
    }
}
