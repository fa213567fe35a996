//! A connection that comes back by itself, asked within a budget.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, TlsCertificates,
};
use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};

/// A call that takes longer is worth less than the fallback.
const CALL: Duration = Duration::from_millis(50);
/// After a failure nobody asks Redis for so long.
const AWAY: Duration = Duration::from_millis(500);

/// Where Redis is.
#[derive(clap::Args, Debug, Clone)]
pub struct RedisConfig {
    /// Such as `redis://127.0.0.1:16379`, or `rediss://` for TLS; without one, each process falls back on its own memory.
    #[arg(long, env = "CE_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,

    /// Who may have signed the certificate of a `rediss://`, as PEM; without it, whomever the machine trusts.
    #[arg(long, env = "CE_REDIS_ROOTS_FILE")]
    pub redis_roots_file: Option<PathBuf>,

    /// Stands before every key, so that stacks can share a Redis.
    #[arg(long, env = "CE_REDIS_PREFIX", default_value = "")]
    pub redis_prefix: String,
}

/// A Redis that may be away.
#[derive(Clone)]
pub struct Redis {
    connection: Option<ConnectionManager>,
    budget: Duration,
    prefix: Arc<str>,
    started: Instant,
    away_until_ms: Arc<AtomicU64>,
}

/// Prepares a connection. It fails for an address that is none, never because Redis is away.
pub async fn connect(config: &RedisConfig) -> anyhow::Result<Redis> {
    connect_within(CALL, config)
}

pub(crate) fn connect_within(budget: Duration, config: &RedisConfig) -> anyhow::Result<Redis> {
    let connection = match &config.redis_url {
        None => None,
        Some(url) => Some(prepare(budget, url, config.redis_roots_file.as_deref())?),
    };
    Ok(Redis {
        connection,
        budget,
        prefix: config.redis_prefix.as_str().into(),
        started: Instant::now(),
        away_until_ms: Arc::default(),
    })
}

fn prepare(
    budget: Duration,
    url: &SecretString,
    roots: Option<&Path>,
) -> anyhow::Result<ConnectionManager> {
    let client = client(url.expose_secret(), roots)?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_millis(250)))
        .set_response_timeout(Some(budget))
        // The breaker below decides when to try again.
        .set_number_of_retries(0);
    ConnectionManager::new_lazy_with_config(client, config).context("CE_REDIS_URL")
}

fn client(url: &str, roots: Option<&Path>) -> anyhow::Result<Client> {
    let address = url.into_connection_info().context("CE_REDIS_URL")?;
    match roots {
        Some(roots) if matches!(address.addr(), ConnectionAddr::TcpTls { .. }) => {
            let unusable = || format!("CE_REDIS_ROOTS_FILE, {}", roots.display());
            client_that_trusts(roots, address).with_context(unusable)
        }
        _ => Client::open(address).context("CE_REDIS_URL"),
    }
}

fn client_that_trusts(roots: &Path, address: ConnectionInfo) -> anyhow::Result<Client> {
    let pem = std::fs::read_to_string(roots)?;
    ensure!(pem.contains("-----BEGIN CERTIFICATE-----"), "it holds no certificate");
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.into_bytes()) };
    Ok(Client::build_with_tls(address, certificates)?)
}

impl Redis {
    /// Asks Redis within its budget; `None` where it is away, late or refuses.
    pub(crate) async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = self.connection.clone()?;
        if !self.may_be_asked() {
            return None;
        }
        #[expect(clippy::disallowed_methods, reason = "what Redis holds may be lost")]
        let answer = tokio::time::timeout(self.budget, question(connection)).await;
        match answer {
            Ok(Ok(answer)) => {
                self.is_back();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.is_away(&error.to_string());
                None
            }
            Err(_elapsed) => {
                self.is_away("it did not answer in time");
                None
            }
        }
    }

    /// Whether Redis is there, as far as is known. When it has been away for a while one of those who come
    /// finds out whether it is back; the others do not wait for what it learns.
    fn may_be_asked(&self) -> bool {
        let away_until = self.away_until_ms.load(Ordering::Relaxed);
        let now = self.now_ms();
        let claim = || {
            let next = now + millis(AWAY);
            let order = (Ordering::Relaxed, Ordering::Relaxed);
            self.away_until_ms.compare_exchange(away_until, next, order.0, order.1).is_ok()
        };
        away_until == 0 || (now >= away_until && claim())
    }

    pub(crate) fn key(&self, kind: &str, name: &str, key: &str) -> String {
        format!("{}{kind}:{name}:{key}", self.prefix)
    }

    fn now_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }

    pub(crate) fn is_away(&self, reason: &str) {
        let until = self.now_ms() + millis(AWAY);
        if self.away_until_ms.swap(until, Ordering::Relaxed) == 0 {
            tracing::warn!(reason, "redis is away, falling back");
        }
    }

    fn is_back(&self) {
        if self.away_until_ms.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("redis is back");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::bench;

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_at_once() {
        let config = RedisConfig {
            redis_url: Some("http://127.0.0.1".to_owned().into()),
            redis_roots_file: None,
            redis_prefix: String::new(),
        };
        assert!(connect(&config).await.is_err());
    }

    #[tokio::test]
    async fn roots_that_cannot_be_read_are_refused_at_once() {
        let config = |roots: &str| RedisConfig {
            redis_url: Some("rediss://127.0.0.1".to_owned().into()),
            redis_roots_file: Some(roots.into()),
            redis_prefix: String::new(),
        };
        for roots in ["/nowhere.pem", "/dev/null"] {
            let refused = connect(&config(roots)).await.err().unwrap().to_string();
            assert!(
                refused.contains("CE_REDIS_ROOTS_FILE") && refused.contains(roots),
                "{refused}"
            );
        }
    }

    async fn answers(redis: &Redis) -> bool {
        let ping = async |mut redis: ConnectionManager| {
            ::redis::cmd("PING").query_async::<String>(&mut redis).await
        };
        redis.ask(ping).await.is_some()
    }

    async fn answers_within(redis: &Redis, most: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < most {
            if answers(redis).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    #[tokio::test]
    async fn one_finds_out_whether_redis_is_back_and_the_others_do_not_wait() {
        let redis = bench::away().await;
        let asked = |times: usize| (0..times).filter(|_| redis.may_be_asked()).count();
        assert_eq!(asked(5), 5);
        assert!(!answers(&redis).await);
        assert_eq!(asked(5), 0, "it has just been away");

        tokio::time::sleep(AWAY).await;
        assert_eq!(asked(50), 1);

        redis.is_back();
        assert_eq!(asked(5), 5);
    }

    mod live {
        use super::*;

        /// Redis behind a door that can be shut; dropping the set cuts every connection.
        async fn door(listener: TcpListener, to: String) {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let to = to.clone();
                open.spawn(async move {
                    let mut redis = TcpStream::connect(to).await.unwrap();
                    let _ = copy_bidirectional(&mut from, &mut redis).await;
                });
            }
        }

        #[tokio::test]
        async fn a_redis_that_comes_back_is_used_again() {
            let url = bench::live_url();
            let there = url.trim_start_matches("redis://").trim_end_matches('/');
            let (login, to) = there.rsplit_once('@').map_or(("", there), |(login, to)| (login, to));
            let to = to.split('/').next().unwrap_or(to).to_owned();
            let by = if login.is_empty() { String::new() } else { format!("{login}@") };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            tasks.spawn(door(listener, to.clone()));
            let redis = bench::at(format!("redis://{by}{address}")).await;
            assert!(answers_within(&redis, Duration::from_secs(2)).await);

            tasks.shutdown().await;
            assert!(!answers(&redis).await);

            let listener = TcpListener::bind(address).await.unwrap();
            tasks.spawn(door(listener, to));
            assert!(answers_within(&redis, Duration::from_secs(5)).await);
        }
    }
}
