//! What the fleet can do, whoever asks.

mod assign_delivery;
mod cancel_delivery;
mod create_delivery;
mod dispatch;
mod find_courier;
mod find_delivery;
mod find_vehicle;
mod follow_order;
mod live;
mod note_ticket;
mod prune;
mod put_courier;
mod put_vehicle;
mod record_fact;
mod record_status;
mod record_telemetry;
mod set_availability;
mod steps;
mod xray;

use std::{sync::Arc, time::Duration};

use common::types::{Clock, Timestamp};
use postgres_kit::Db;
use service_kit::Stop;
use tokio::sync::{Mutex, Notify, watch};

use live::Live;
use record_telemetry::Trackers;

pub(crate) use cancel_delivery::HearCancellationError;
pub(crate) use note_ticket::NoteTicketError;
pub(crate) use put_courier::Sketch;
pub(crate) use record_fact::{Said, Sender};
pub(crate) use record_telemetry::Sighting;

/// What operators may decide.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// A courier who is silent for so long before collecting loses the delivery.
    pub courier_silence: Duration,
    /// No vehicle is faster, in metres per second.
    pub speed_max_mps: f64,
    /// How long tracks are kept.
    pub track_kept: Duration,
}

/// The fleet behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    settings: Settings,
    stop: Stop,
    /// Wakes the dispatcher.
    work: Arc<Notify>,
    /// Since when every message of every device is heard; `None` while none is.
    listening: watch::Sender<Option<Timestamp>>,
    live: Arc<Live>,
    trackers: Arc<Mutex<Trackers>>,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, stop: Stop, settings: Settings) -> Self {
        Self {
            db,
            clock,
            settings,
            stop,
            work: Arc::default(),
            listening: watch::Sender::new(None),
            live: Arc::default(),
            trackers: Arc::default(),
        }
    }

    /// Waits until there may be something to dispatch.
    pub(crate) async fn work_to_do(&self) {
        self.work.notified().await;
    }

    /// Whether devices are heard.
    #[cfg(test)]
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.borrow().is_some()
    }

    /// Notes whether devices are heard: while they are not, their silence means nothing.
    pub(crate) fn set_listening(&self, listening: bool) {
        let now = self.clock.now();
        self.listening.send_if_modified(|since| {
            let changed = since.is_some() != listening;
            if changed {
                *since = listening.then_some(now);
            }
            changed
        });
    }
}
