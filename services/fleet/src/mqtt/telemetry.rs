//! `tel`: where vehicles are, stored in batches.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use common::types::{Class, Fault, GeoPoint};
use fleet_contract::mqtt::{self as wire, PAYLOAD_BYTES_MAX};
use futures::future::{self, Either};
use service_kit::Stop;
use tokio::{sync::mpsc, time::sleep};

use super::{
    mail::Letter,
    session::{Post, beginning},
};
use crate::{
    App,
    app::Sighting,
    config::MqttConfig,
    domain::{Cause, Reading},
    metrics,
};

/// A database that is away is asked again after so long.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// How many positions are stored at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    rows_max: usize,
    wait: Duration,
}

impl Batches {
    /// As configured.
    pub(super) fn of(config: &MqttConfig) -> Self {
        Self {
            rows_max: config.telemetry_batch_rows.max(1),
            wait: Duration::from_millis(config.telemetry_batch_wait_ms),
        }
    }
}

/// Stores what comes until stopped; the broker is told after the commit.
pub(super) async fn take(
    app: &App,
    mut letters: mpsc::Receiver<Letter>,
    post: &Post,
    batches: Batches,
    stop: &Stop,
) {
    while let Some(batch) = next_batch(&mut letters, batches, stop).await {
        metrics::batch(batch.len());
        let sightings: Vec<Sighting> = batch.iter().map(sighting).collect();
        if store(app, &sightings, stop).await {
            for letter in &batch {
                post.take(&letter.receipt);
            }
        }
    }
}

async fn next_batch(
    letters: &mut mpsc::Receiver<Letter>,
    batches: Batches,
    stop: &Stop,
) -> Option<Vec<Letter>> {
    let first = stop.run_until_cancelled(letters.recv()).await.flatten();
    let first = first.or_else(|| letters.try_recv().ok())?;
    let mut batch = vec![first];
    let mut late = pin!(sleep(batches.wait));
    while batch.len() < batches.rows_max {
        match future::select(pin!(letters.recv()), late.as_mut()).await {
            Either::Left((Some(letter), _)) => batch.push(letter),
            Either::Left((None, _)) | Either::Right(_) => break,
        }
    }
    Some(batch)
}

/// Stores a batch, however long the database is away; `false` where we were stopped before. What the
/// database refuses is found one by one, so that one message never keeps the others.
async fn store(app: &App, batch: &[Sighting], stop: &Stop) -> bool {
    loop {
        let Err(error) = app.record_telemetry(batch).await else { return true };
        if error.class() != Class::Broken {
            tracing::warn!(error = %error, "positions wait for the database");
            if stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                return false;
            }
            continue;
        }
        if let [one] = batch {
            tracing::error!(error = ?error, vehicle.id = %one.vehicle, "a position cannot be stored");
            metrics::rejected(one.kind, Cause::Broken);
            return true;
        }
        for one in batch {
            if !Box::pin(store(app, std::slice::from_ref(one), stop)).await {
                return false;
            }
        }
        return true;
    }
}

fn sighting(letter: &Letter) -> Sighting {
    let reading = reading(&letter.payload);
    let payload = beginning(&letter.payload);
    Sighting { vehicle: letter.vehicle, kind: letter.kind.name(), reading, payload }
}

fn reading(payload: &Bytes) -> Result<Reading, Cause> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Cause::Oversize);
    }
    let said: wire::Telemetry = serde_json::from_slice(payload).map_err(|_| Cause::Unreadable)?;
    Ok(Reading {
        boot: said.boot_id,
        seq: said.seq,
        at: said.device_time,
        place: GeoPoint::new(said.lat, said.lon).map_err(|_| Cause::Invalid)?,
        speed_mps: said.speed_mps,
        course_deg: said.course_deg,
        accuracy_m: said.accuracy_m,
        battery_pct: said.battery_pct,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"boot_id":"0191e4b0-0000-7000-8000-000000000001","seq":1,
        "device_time":"2026-11-20T12:00:00Z","lat":42.5,"lon":1.5,"alt_m":1023.0}"#;

    #[test]
    fn a_field_that_we_do_not_know_yet_is_no_trouble() {
        assert_eq!(reading(&Bytes::from(GOOD)).map(|reading| reading.seq), Ok(1));
    }

    #[test]
    fn what_cannot_be_read_has_a_cause() {
        let huge = format!("{GOOD}{}", " ".repeat(PAYLOAD_BYTES_MAX));
        for (payload, cause) in [
            (String::new(), Cause::Unreadable),
            ("[]".to_owned(), Cause::Unreadable),
            ("\u{feff}{}".to_owned(), Cause::Unreadable),
            (GOOD.replace("42.5", "NaN"), Cause::Unreadable),
            (GOOD.replace("42.5", "1e999"), Cause::Unreadable),
            (GOOD.replace("42.5", "91"), Cause::Invalid),
            (GOOD.replace("\"seq\":1", "\"seq\":1.5"), Cause::Unreadable),
            ("[".repeat(10_000), Cause::Unreadable),
            (huge, Cause::Oversize),
        ] {
            assert_eq!(reading(&Bytes::from(payload.clone())), Err(cause), "{payload:.60}");
        }
    }

    proptest! {
        #[test]
        fn whatever_bytes_come_nothing_panics(bytes: Vec<u8>) {
            let _ = reading(&Bytes::from(bytes));
        }
    }
}
