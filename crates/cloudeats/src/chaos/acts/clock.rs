//! F11: the clock of the services jumps ahead, back, and an hour back.

use std::time::Duration;

use anyhow::Context;
use common::types::{Clock as _, SystemClock, Timestamp};
use nix::sys::signal::Signal;
use serde::Deserialize;
use tokio::time::Instant;

use crate::api::{Api, Call};
use crate::chaos::act::Landed;
use crate::chaos::clock::Clock;
use crate::chaos::rig::{Rig, count};
use crate::chaos::words::Words;
use crate::look;
use crate::site::{SERVICES, Service};

const SHIFTS_S: [i64; 3] = [5 * 60, -5 * 60, -60 * 60];
const LASTS: Duration = Duration::from_secs(12);
/// How long it may take until a service is seen to live in another time.
const SEEN_MAX: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);
/// What is read in a log was written a little earlier.
const NEAR_S: i64 = 30;

const CONFIRMED: &str = "SELECT count(*) FROM order_transition WHERE to_state = 'CONFIRMED'";

/// Every service lives in another time for a while; databases, clients, provider and twins do not.
pub(in crate::chaos) async fn play(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let clock = rig.means.clock.as_ref().context("there is no such clock")?;
    clock.set(0)?;
    for service in &SERVICES {
        rig.stack.tell_next(service.name, clock.variables())?;
        rig.replace(service.name, Signal::SIGTERM).await?;
    }
    let jumped = jump(rig, clock).await;
    // However it went: back to the machine's own time, and to those who need nothing for that.
    clock.set(0)?;
    tokio::time::sleep(LASTS).await;
    for service in &SERVICES {
        rig.replace(service.name, Signal::SIGTERM).await?;
    }
    jumped
}

async fn jump(rig: &Rig<'_>, clock: &Clock) -> anyhow::Result<Landed> {
    let mut told = Vec::new();
    for shift_s in SHIFTS_S {
        let Some(seen) = shift(rig, clock, shift_s).await? else { return Ok(None) };
        told.push(seen);
    }
    Ok(Some(told.join("; ")))
}

/// Moves the clock and looks who has noticed; nothing where somebody has not.
async fn shift(rig: &Rig<'_>, clock: &Clock, shift_s: i64) -> anyhow::Result<Landed> {
    let mut orders = look::into(rig.site(), "orders").await?;
    let before = count(&mut orders, CONFIRMED).await?;
    let mut words: Vec<(&Service, Words)> =
        SERVICES.iter().map(|service| (service, rig.words_of(service.name))).collect();
    clock.set(shift_s)?;
    let mut seen = 0;
    for (service, words) in &mut words {
        if lives_in(rig, service, words, shift_s).await? {
            seen += 1;
        }
    }
    tokio::time::sleep(LASTS).await;
    let confirmed = count(&mut orders, CONFIRMED).await? - before;
    let all = SERVICES.len();
    Ok((seen == all).then(|| {
        format!("{shift_s:+} s seen in the log of {seen} services, {confirmed} orders confirmed")
    }))
}

/// Whether a service is seen to write a line in its log at a time that is shifted by so much.
async fn lives_in(
    rig: &Rig<'_>,
    service: &Service,
    words: &mut Words,
    shift_s: i64,
) -> anyhow::Result<bool> {
    let api = Api::new(rig.site().http_url(service.door))?;
    let begun = Instant::now();
    while begun.elapsed() < SEEN_MAX {
        // Whatever it answers: it writes a line about it.
        let _refused = api.send(&Call::get("/v1/stores"), None).await;
        tokio::time::sleep(LOOK).await;
        let now = SystemClock.now();
        if words.lines().lines().filter_map(time_of).any(|at| is_near(at, now, shift_s)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_near(at: Timestamp, now: Timestamp, shift_s: i64) -> bool {
    (at.as_second() - now.as_second() - shift_s).abs() <= NEAR_S
}

fn time_of(line: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Line {
        timestamp: Timestamp,
    }
    serde_json::from_str::<Line>(line).ok().map(|line| line.timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_in_which_time_it_was_written() {
        let line = r#"{"timestamp":"2026-11-21T13:40:22.304919Z","level":"info","message":"x"}"#;
        let now: Timestamp = "2026-11-21T13:35:24Z".parse().unwrap();
        assert!(is_near(time_of(line).unwrap(), now, 300));
        assert!(!is_near(time_of(line).unwrap(), now, 0));
        assert_eq!(time_of("not a line of ours"), None);
    }
}
