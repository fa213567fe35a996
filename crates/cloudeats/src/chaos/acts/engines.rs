//! F4, F5 and F6: the event log, Redis and the MQTT broker are away, slow or empty.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::chaos::act::{Landed, ms};
use crate::chaos::proxy::Toxic;
use crate::chaos::rig::{Rig, count};
use crate::look;
use crate::ports::Door;
use crate::site::SERVICES;

const LOG_AWAY: Duration = Duration::from_secs(30);
const DRAINED_MAX: Duration = Duration::from_mins(1);
const SLOW: Duration = Duration::from_millis(200);
const SLOW_LASTS: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

/// What happens to an engine that no order needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Nobody can tell or hear events.
    LogAway,
    RedisKilled,
    RedisSlow,
    RedisFlushed,
    BrokerKilled,
}

pub(in crate::chaos) async fn play(rig: &Rig<'_>, engine: Engine) -> anyhow::Result<Landed> {
    match engine {
        Engine::LogAway => log_away(rig).await,
        Engine::RedisKilled => {
            let asking = rig.at_work("gateway").await?;
            let took = rig.replace("redis", Signal::SIGKILL).await?;
            Ok(asking.map(|asking| format!("{asking}; back after {}", ms(took))))
        }
        Engine::RedisSlow => {
            let before = rig.links.redis.harmed();
            rig.links.redis.set(Toxic::Delay(SLOW));
            tokio::time::sleep(SLOW_LASTS).await;
            rig.links.redis.set(Toxic::None);
            let slowed = rig.links.redis.harmed() - before;
            Ok((slowed > 0).then(|| format!("{slowed} messages slowed by {}", ms(SLOW))))
        }
        Engine::RedisFlushed => {
            let asking = rig.at_work("gateway").await?;
            flush(rig).await?;
            Ok(asking)
        }
        Engine::BrokerKilled => {
            let riding = rig.at_work("fleet").await?;
            let took = rig.replace("mosquitto", Signal::SIGKILL).await?;
            Ok(riding.map(|riding| format!("{riding}; back after {}", ms(took))))
        }
    }
}

/// Facts wait in the outboxes, and are told when the log is back.
async fn log_away(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let (log, placed) = (&rig.links.log, rig.game.tally().placed.get());
    log.set(Toxic::Hang);
    tokio::time::sleep(LOG_AWAY / 2).await;
    log.set(Toxic::Reset);
    tokio::time::sleep(LOG_AWAY / 2).await;
    let waiting = unpublished(rig).await?;
    log.set(Toxic::None);
    let healed = Instant::now();
    // Load goes on: what waits now and then is not what waited.
    while unpublished(rig).await? > waiting / 4 {
        if healed.elapsed() > DRAINED_MAX {
            bail!("{} facts still wait after {}", unpublished(rig).await?, ms(DRAINED_MAX));
        }
        tokio::time::sleep(LOOK).await;
    }
    let placed = rig.game.tally().placed.get() - placed;
    let told = format!("{placed} orders meanwhile, {waiting} facts waited; told after");
    Ok((waiting > 0).then(|| format!("{told} {}", ms(healed.elapsed()))))
}

async fn unpublished(rig: &Rig<'_>) -> anyhow::Result<i64> {
    let mut sum = 0;
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut db = look::into(rig.site(), service.name).await?;
        sum += count(&mut db, "SELECT count(*) FROM outbox WHERE published_at IS NULL").await?;
    }
    Ok(sum)
}

/// In Redis' own words (RESP), which are few.
async fn flush(rig: &Rig<'_>) -> anyhow::Result<()> {
    let port = rig.site().ports.of(Door::Redis);
    let password = rig.site().secrets.get("redis")?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let words = format!("AUTH {}\r\nFLUSHALL\r\n", password.expose_secret());
    stream.write_all(words.as_bytes()).await?;
    let mut answers = [0; 10];
    stream.read_exact(&mut answers).await.context("Redis does not answer")?;
    if &answers != b"+OK\r\n+OK\r\n" {
        bail!("Redis refuses to be flushed");
    }
    Ok(())
}

impl Engine {
    pub(in crate::chaos) const fn fault(self) -> &'static str {
        match self {
            Self::LogAway => "F4",
            Self::RedisKilled | Self::RedisSlow | Self::RedisFlushed => "F5",
            Self::BrokerKilled => "F6",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogAway => "event log away for 30 s",
            Self::RedisKilled => "Redis killed",
            Self::RedisSlow => "Redis slow for 5 s",
            Self::RedisFlushed => "Redis flushed",
            Self::BrokerKilled => "MQTT broker killed",
        })
    }
}
