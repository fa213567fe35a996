//! How brokers are spoken to, and by what they know us.

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use anyhow::ensure;
use common::types::{Clock, SystemClock};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rdkafka::{ClientConfig, ClientContext, client::OAuthToken};
use tokio::{sync::watch, task::JoinSet};

/// After a token that could not be had.
const PAUSE: Duration = Duration::from_secs(5);
/// For the first token.
const PATIENCE: Duration = Duration::from_secs(2);

/// What brokers are shown, and until when they take it.
#[derive(Clone)]
pub(crate) struct Token {
    pub(super) words: String,
    pub(super) until: Timestamp,
}

/// Makes a token.
pub(crate) type Source = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Token>> + Send + Sync>;

/// Tokens made ahead: librdkafka asks for one on threads that must not wait.
pub(super) struct Tokens {
    newest: watch::Receiver<Option<Token>>,
    /// Renews them until the last client is gone.
    _renewal: JoinSet<()>,
}

impl Tokens {
    /// The first one is waited for, but not long: without it clients begin all the same, and ask again.
    pub(super) async fn of(source: Source) -> Self {
        let (told, mut newest) = watch::channel(None);
        let mut renewal = JoinSet::new();
        renewal.spawn(async move {
            loop {
                let pause = renew(&source, &told).await;
                tokio::time::sleep(pause).await;
            }
        });
        #[expect(clippy::disallowed_methods, reason = "drops a wait; the attempt goes on")]
        let late = tokio::time::timeout(PATIENCE, newest.wait_for(Option::is_some)).await.is_err();
        if late {
            tracing::warn!("the first token for kafka is late");
        }
        Self { newest, _renewal: renewal }
    }
}

/// Gives the pause until the next one is due: librdkafka asks after four fifths of a token's life, so
/// that half of it is early enough.
async fn renew(source: &Source, told: &watch::Sender<Option<Token>>) -> Duration {
    match source().await {
        Ok(token) => {
            let left = token.until.duration_since(SystemClock.now());
            told.send_replace(Some(token));
            let half = left.checked_div(2).unwrap_or(SignedDuration::ZERO);
            Duration::try_from(half).unwrap_or_default().max(Duration::from_secs(1))
        }
        Err(error) => {
            let until = told.borrow().as_ref().map(|token| token.until.to_string());
            tracing::warn!(error = &*error, until, "no new token for kafka");
            PAUSE
        }
    }
}

/// How all our clients of librdkafka sign in, if they do.
#[derive(Clone, Default)]
pub(super) struct SignIn(pub(super) Option<Arc<Tokens>>);

impl ClientContext for SignIn {
    // Asked for only where the brokers want a token.
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.0.as_ref().ok_or("nobody makes tokens")?;
        let newest = tokens.newest.borrow().clone();
        let Token { words, until } = newest.ok_or("there is no token yet")?;
        Ok(OAuthToken {
            token: words,
            // Brokers read who we are from the token.
            principal_name: "cloudeats".to_owned(),
            lifetime_ms: until.as_millisecond(),
        })
    }
}

/// Tells librdkafka to speak TLS, with a token where `signed`.
///
/// # Errors
/// These binaries cannot speak it, or the file of roots is not there.
pub(super) fn guard(
    config: &mut ClientConfig,
    roots: Option<&Path>,
    signed: bool,
) -> anyhow::Result<()> {
    ensure!(
        cfg!(feature = "kafka-tls"),
        "CE_KAFKA_ACCESS: this binary speaks no TLS to Kafka; it was built without the feature event-kit/kafka-tls"
    );
    if let Some(roots) = roots {
        ensure!(roots.is_file(), "CE_KAFKA_ROOTS_FILE: {} is no file", roots.display());
        config.set("ssl.ca.location", roots.to_string_lossy());
    }
    if signed {
        config.set("security.protocol", "SASL_SSL").set("sasl.mechanism", "OAUTHBEARER");
    } else {
        config.set("security.protocol", "SSL");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// The first `failing` calls give nothing; each token lives for two seconds.
    fn source(failing: u32) -> (Source, Arc<AtomicU32>) {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let source: Source = Arc::new(move || {
            let n = counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                ensure!(n >= failing, "nobody is there");
                let until = SystemClock.now().checked_add(Duration::from_secs(2))?;
                Ok(Token { words: format!("token-{n}"), until })
            })
        });
        (source, calls)
    }

    fn words(sign_in: &SignIn) -> Result<String, String> {
        let token = sign_in.generate_oauth_token(None);
        token.map(|token| token.token).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_there_at_once_and_renewed_before_it_ends() {
        let (source, _) = source(0);
        let sign_in = SignIn(Some(Arc::new(Tokens::of(source).await)));
        assert_eq!(words(&sign_in), Ok("token-0".to_owned()));

        tokio::time::sleep(Duration::from_millis(1_500)).await;

        assert_eq!(words(&sign_in), Ok("token-1".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_cannot_be_had_is_asked_for_again() {
        let (source, _) = source(2);
        let sign_in = SignIn(Some(Arc::new(Tokens::of(source).await)));
        assert_eq!(words(&sign_in), Err("there is no token yet".to_owned()));

        tokio::time::sleep(PAUSE * 3).await;

        assert!(words(&sign_in).unwrap().starts_with("token-"));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_renews_once_the_last_client_is_gone() {
        let (source, calls) = source(0);
        let sign_in = SignIn(Some(Arc::new(Tokens::of(source).await)));

        drop(sign_in);
        tokio::time::sleep(Duration::from_mins(1)).await;

        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_binary_that_speaks_no_tls_says_so_and_one_that_does_names_the_missing_file() {
        let missing = Path::new("/no/such/file.pem");

        let refused = guard(&mut ClientConfig::new(), Some(missing), true).unwrap_err().to_string();

        let expected = if cfg!(feature = "kafka-tls") {
            "CE_KAFKA_ROOTS_FILE: /no/such"
        } else {
            "built without"
        };
        assert!(refused.contains(expected), "{refused}");
    }
}
