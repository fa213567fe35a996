//! Somebody with an account, signed in for as long as it takes.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::types::Text;
use identity_contract::http::{AccessClaims, Login, Refresh, Tokens};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Answer, Api, Call, Silence, again_after};

/// How long somebody goes on asking while nobody answers or all are busy.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(300);
/// A token is renewed before it ends.
const MARGIN_S: i64 = 60;

/// Somebody with an account.
#[derive(Debug)]
pub struct Person {
    api: Api,
    email: String,
    password: SecretString,
    session: Mutex<Option<Session>>,
    id: OnceLock<Uuid>,
}

#[derive(Debug, Clone)]
struct Session {
    id: Uuid,
    access: String,
    refresh: String,
    until: Instant,
}

impl Person {
    /// Somebody who will sign in when there is something to ask.
    #[must_use]
    pub fn new(api: &Api, email: impl Into<String>, password: SecretString) -> Self {
        let (session, id) = (Mutex::new(None), OnceLock::new());
        Self { api: api.clone(), email: email.into(), password, session, id }
    }

    /// The address of the account.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The account.
    pub async fn id(&self) -> anyhow::Result<Uuid> {
        match self.known_id() {
            Some(id) => Ok(id),
            None => Ok(self.session().await?.id),
        }
    }

    /// The account, of somebody who has signed in before.
    #[must_use]
    pub fn known_id(&self) -> Option<Uuid> {
        self.id.get().copied()
    }

    /// A token that is good for a while.
    pub async fn token(&self) -> anyhow::Result<String> {
        Ok(self.session().await?.access)
    }

    /// The API, for what needs no token or is a stream.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Asks once; whoever keeps a history repeats by itself.
    pub async fn try_once(&self, call: &Call) -> anyhow::Result<Result<Answer, Silence>> {
        let token = self.token().await?;
        let answer = self.api.send(call, Some(&token)).await;
        if answer.as_ref().is_ok_and(|answer| answer.status == 401) {
            self.forget(&token).await;
        }
        Ok(answer)
    }

    /// Asks until there is an answer that more patience would not change. Only for calls that may be
    /// made twice: they look, or carry a key or a version.
    pub async fn ask(&self, call: &Call) -> anyhow::Result<Answer> {
        let (started, mut tries) = (Instant::now(), 0);
        loop {
            let token = self.token().await?;
            let answer = self.api.send(call, Some(&token)).await;
            if started.elapsed() > PATIENCE {
                return answer.context("patience has an end");
            }
            let own = again_after(tries);
            match answer {
                Ok(answer) if answer.status == 401 => self.forget(&token).await,
                Ok(answer) => match pause_after(&answer, own) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Ok(answer),
                },
                Err(_silence) => tokio::time::sleep(own).await,
            }
            tries += 1;
        }
    }

    /// Opens a stream of server-sent events.
    pub async fn open(&self, call: &Call) -> anyhow::Result<reqwest::Response> {
        let token = self.token().await?;
        Ok(self.api.open(call, &token).await?)
    }

    async fn forget(&self, token: &str) {
        let mut session = self.session.lock().await;
        if session.as_ref().is_some_and(|session| session.access == token) {
            *session = None;
        }
        drop(session);
        tokio::time::sleep(PAUSE).await;
    }

    async fn session(&self) -> anyhow::Result<Session> {
        let mut session = self.session.lock().await;
        if let Some(live) = session.as_ref().filter(|live| live.until > Instant::now()) {
            return Ok(live.clone());
        }
        let renewed = match session.take() {
            Some(ended) => self.renew(&ended.refresh).await?,
            None => None,
        };
        let live = match renewed {
            Some(live) => live,
            None => self.log_in().await?,
        };
        *session = Some(live.clone());
        self.id.get_or_init(|| live.id);
        Ok(live)
    }

    async fn log_in(&self) -> anyhow::Result<Session> {
        let login = Login {
            email: Text::new(&self.email)?,
            password: Text::new(self.password.expose_secret())?,
        };
        let call = Call::post("/v1/auth/login", &login)?;
        let answer = patiently(&self.api, &call).await?;
        let tokens = answer.expect_ok(&format!("{} cannot sign in", self.email))?.json()?;
        Session::of(tokens)
    }

    /// A session that was ended otherwise is begun anew.
    async fn renew(&self, refresh: &str) -> anyhow::Result<Option<Session>> {
        let refresh = Refresh { refresh_token: Text::new(refresh)? };
        let call = Call::post("/v1/auth/refresh", &refresh)?;
        let answer = patiently(&self.api, &call).await?;
        if answer.is_ok() { Session::of(answer.json()?).map(Some) } else { Ok(None) }
    }
}

impl Session {
    fn of(tokens: Tokens) -> anyhow::Result<Self> {
        let lasts_s = u64::try_from((tokens.expires_in_s - MARGIN_S).max(1))?;
        let claims = tokens.access_token.split('.').nth(1).context("no JWT")?;
        let claims: AccessClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        Ok(Self {
            id: claims.sub,
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            until: Instant::now() + Duration::from_secs(lasts_s),
        })
    }
}

/// Asks without a token until there is an answer that more patience would not change.
pub async fn patiently(api: &Api, call: &Call) -> anyhow::Result<Answer> {
    let (started, mut tries) = (Instant::now(), 0);
    loop {
        let own = again_after(tries);
        let pause = match api.send(call, None).await {
            Ok(answer) => match pause_after(&answer, own) {
                Some(pause) => pause,
                None => return Ok(answer),
            },
            Err(_silence) => own,
        };
        if started.elapsed() > PATIENCE {
            bail!("nobody had time for us for {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// How long to wait, where the answer is that somebody is busy or away: as long as was asked, and no
/// shorter than of one's `own` accord.
pub(crate) fn pause_after(answer: &Answer, own: Duration) -> Option<Duration> {
    match answer.status {
        429 | 503 => Some(answer.retry_after().unwrap_or_default().max(own)),
        500 | 502 | 504 => Some(own),
        _ => None,
    }
}
