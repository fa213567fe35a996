//! `evt` and `sta`: what couriers did, and whether devices are there.

use common::types::{Class, Fault, Text};
use fleet_contract::mqtt::{self as wire, PAYLOAD_BYTES_MAX};
use serde::Deserialize;
use service_kit::Stop;
use tokio::{sync::mpsc, time::sleep};
use uuid::Uuid;

use super::{
    mail::{Kind, Letter},
    session::{Post, beginning},
    telemetry::PAUSE,
};
use crate::{
    App,
    app::{Said, Sender, Sighting},
    domain::{Cause, FactKind},
    metrics,
};

/// The code of a fact that cannot be read, but for its id.
const UNREADABLE: &str = "unreadable-event";

/// What is read of a fact that cannot be read.
#[derive(Deserialize)]
struct Id {
    event_id: Uuid,
}

/// Takes facts and statuses down one by one until stopped.
pub(super) async fn take(app: &App, mut letters: mpsc::Receiver<Letter>, post: &Post, stop: &Stop) {
    while let Some(letter) = next(&mut letters, stop).await {
        let taken = match letter.kind {
            Kind::Event => take_fact(app, &letter, post, stop).await,
            Kind::Status | Kind::Telemetry => take_status(app, &letter).await,
        };
        if taken {
            post.take(&letter.receipt);
        }
    }
}

async fn next(letters: &mut mpsc::Receiver<Letter>, stop: &Stop) -> Option<Letter> {
    let letter = stop.run_until_cancelled(letters.recv()).await.flatten();
    letter.or_else(|| letters.try_recv().ok())
}

/// Takes a fact down and tells the device after the commit; `false` where we were stopped before.
async fn take_fact(app: &App, letter: &Letter, post: &Post, stop: &Stop) -> bool {
    let said = match said(letter) {
        Ok(said) => said,
        Err(cause) => {
            refuse_unreadable(app, letter, post, cause).await;
            return true;
        }
    };
    let ack = |refused| {
        let ack = wire::Ack { event_id: said.event, refused };
        post.acknowledge(letter.vehicle, &ack);
    };
    loop {
        match app.record_fact(Sender::Vehicle(letter.vehicle), &said).await {
            Ok(_) => {
                metrics::fact("taken");
                ack(None);
                return true;
            }
            Err(error) if matches!(error.class(), Class::Unavailable | Class::Unknown) => {
                tracing::warn!(error = %error, "a fact waits for the database");
                if stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                    return false;
                }
            }
            Err(error) if error.class() == Class::Broken => {
                tracing::error!(error = ?error, event.id = %said.event, "a fact cannot be stored");
                metrics::fact("broken");
                return true;
            }
            Err(error) => {
                metrics::fact("refused");
                ack(Some(error.code().to_owned()));
                return true;
            }
        }
    }
}

async fn take_status(app: &App, letter: &Letter) -> bool {
    let status: Result<wire::Status, _> = serde_json::from_slice(&letter.payload);
    let Ok(status) = status else {
        // An empty payload is how a retained word is taken back.
        if !letter.payload.is_empty() {
            quarantine(app, letter, Cause::Unreadable).await;
        }
        return true;
    };
    let (vehicle, retained) = (letter.vehicle, letter.retained);
    let recorded = app.record_status(vehicle, status.online, &status.firmware, retained).await;
    if let Err(error) = recorded {
        // The next message of the vehicle tells as much.
        tracing::warn!(error = %error, vehicle.id = %vehicle, "a status was lost");
    }
    true
}

fn said(letter: &Letter) -> Result<Said, Cause> {
    if letter.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Cause::Oversize);
    }
    let event: wire::VehicleEvent =
        serde_json::from_slice(&letter.payload).map_err(|_| Cause::Unreadable)?;
    let proof = event.proof.map(Text::<120>::try_from).transpose();
    Ok(Said {
        event: event.event_id,
        delivery: event.delivery_id,
        seq: event.seq,
        kind: FactKind::from(event.kind),
        device_time: event.device_time,
        place: event.position,
        proof: proof.map_err(|_| Cause::Invalid)?.map(String::from),
    })
}

/// A fact that will never be readable would else be sent for ever.
async fn refuse_unreadable(app: &App, letter: &Letter, post: &Post, cause: Cause) {
    quarantine(app, letter, cause).await;
    if let Ok(Id { event_id }) = serde_json::from_slice(&letter.payload) {
        let refused = Some(UNREADABLE.to_owned());
        post.acknowledge(letter.vehicle, &wire::Ack { event_id, refused });
    }
}

async fn quarantine(app: &App, letter: &Letter, cause: Cause) {
    let sighting = Sighting {
        vehicle: letter.vehicle,
        kind: letter.kind.name(),
        reading: Err(cause),
        payload: beginning(&letter.payload),
    };
    if let Err(error) = app.record_telemetry(&[sighting]).await {
        tracing::warn!(error = %error, "a message that cannot be read was not kept");
    }
}
