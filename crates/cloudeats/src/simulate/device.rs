//! A courier's device: positions that may be lost, and facts that are kept until they are taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::types::{Clock, DeliveryId, GeoPoint, SystemClock, VehicleId};
use fleet_contract::http::DeliveryEventKind;
use fleet_contract::mqtt::{Ack, Status, Telemetry, VehicleEvent, topic};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::within;
use crate::history::{Entry, Logbook};
use crate::ports::Door;
use crate::seed::people::Ride;
use crate::site::Site;

/// A fact without an answer is sent again after so long.
const AGAIN: Duration = Duration::from_millis(1_500);
const RECONNECT: Duration = Duration::from_millis(500);
const KEEP_ALIVE_S: u16 = 15;
const QUEUE: usize = 64;
/// Of so many reports, one is followed by the one before it.
const LATE_EVERY: i64 = 8;
const FIRMWARE: &str = "simulate";

type Waiting = Arc<Mutex<HashMap<Uuid, oneshot::Sender<Option<String>>>>>;

/// What became of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Taken,
    /// Not now: the kitchen has not finished.
    NotReady,
    /// Never.
    Refused(String),
    /// Everybody went home.
    Nobody,
}

/// A device under way.
#[derive(Debug)]
pub(super) struct Device {
    vehicle: VehicleId,
    boot: Uuid,
    client: AsyncClient,
    waiting: Waiting,
    positions: i64,
    /// The report before the last.
    before: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
    facts: i64,
    logbook: Logbook,
    stop: CancellationToken,
    conversation: TaskTracker,
}

impl Device {
    /// Starts the device of a vehicle, which speaks to the broker as itself.
    pub(super) fn start(
        site: &Site,
        ride: &Ride,
        logbook: &Logbook,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let vehicle = VehicleId::from_uuid(ride.vehicle_id);
        let boot = SystemClock.new_id();
        let port = site.ports.of(Door::Mosquitto);
        let mut options = MqttOptions::new(ride.vehicle_id.to_string(), ("127.0.0.1", port));
        options.set_credentials(ride.vehicle_id.to_string(), ride.mqtt_password.clone());
        options.set_keep_alive(KEEP_ALIVE_S).set_clean_session(false);
        if let Some(authority) = &site.authority {
            options.set_transport(authority.transport()?);
        }
        let will = serde_json::to_vec(&status(boot, false))?;
        let will = LastWill::new(topic(vehicle, "sta"), will, QoS::AtLeastOnce, true);
        options.set_last_will(will);

        let (client, events) = AsyncClient::builder(options).capacity(QUEUE).build();
        let (waiting, conversation) = (Waiting::default(), TaskTracker::new());
        let listening =
            listen(client.clone(), events, vehicle, boot, waiting.clone(), stop.clone());
        conversation.spawn(listening);
        Ok(Self {
            vehicle,
            boot,
            client,
            waiting,
            positions: 0,
            before: None,
            last: None,
            facts: 0,
            logbook: logbook.clone(),
            stop: stop.clone(),
            conversation,
        })
    }

    /// Says where it is. Lost if the broker is away.
    pub(super) fn report(&mut self, at: GeoPoint, speed_mps: f64, course_deg: Option<f64>) -> bool {
        self.positions += 1;
        let telemetry = Telemetry {
            boot_id: self.boot,
            seq: self.positions,
            device_time: SystemClock.now(),
            lat: at.lat(),
            lon: at.lon(),
            speed_mps: Some(speed_mps),
            course_deg,
            accuracy_m: Some(4.0),
            battery_pct: None,
        };
        let Some(payload) = payload(&telemetry) else { return false };
        self.before = self.last.replace(payload.clone());
        let sent = self.publish(payload);
        if self.positions % LATE_EVERY == 0 {
            self.send_late();
        }
        sent
    }

    fn publish(&self, telemetry: Vec<u8>) -> bool {
        let topic = topic(self.vehicle, "tel");
        self.client.try_publish(topic, telemetry, PublishOptions::at_most_once()).is_ok()
    }

    /// The report before the last comes once more, behind the last, as networks do it.
    fn send_late(&mut self) {
        if let Some(before) = self.before.take() {
            let _lost = self.publish(before);
        }
    }

    /// Tells a fact until it is answered.
    pub(super) async fn tell(
        &mut self,
        delivery_id: DeliveryId,
        kind: DeliveryEventKind,
        position: GeoPoint,
    ) -> Told {
        self.facts += 1;
        let fact = VehicleEvent {
            event_id: SystemClock.new_id(),
            boot_id: self.boot,
            seq: self.facts,
            device_time: SystemClock.now(),
            kind,
            delivery_id,
            position,
            proof: (kind == DeliveryEventKind::Deliver).then(|| "at the door".to_owned()),
        };
        let stop = self.stop.clone();
        let told = stop.run_until_cancelled(self.repeat(&fact)).await.unwrap_or(Told::Nobody);
        self.note(&fact, &told).await;
        told
    }

    /// What was answered is written down; a fact without an answer proves nothing.
    async fn note(&self, fact: &VehicleEvent, told: &Told) {
        let refused = match told {
            Told::Nobody => return,
            Told::Taken => None,
            Told::NotReady => Some("not-ready".to_owned()),
            Told::Refused(code) => Some(code.clone()),
        };
        let (vehicle_id, event_id, kind) = (self.vehicle, fact.event_id, fact.kind);
        let entry = Entry { at: SystemClock.now(), vehicle_id, event_id, kind, refused };
        if let Err(error) = self.logbook.write(&entry).await {
            tracing::error!(error = format!("{error:#}"), "the vehicles' journal is broken");
        }
    }

    async fn repeat(&self, fact: &VehicleEvent) -> Told {
        let Some(payload) = payload(fact) else { return Told::Refused("unwritable".to_owned()) };
        loop {
            let (answer, answered) = oneshot::channel();
            lock(&self.waiting).insert(fact.event_id, answer);
            let topic = topic(self.vehicle, "evt");
            let sent = self.client.publish(topic, payload.clone(), PublishOptions::at_least_once());
            if within(AGAIN, sent).await.is_some()
                && let Some(Ok(refused)) = within(AGAIN, answered).await
            {
                return match refused {
                    None => Told::Taken,
                    Some(code) if code == "not-ready" => Told::NotReady,
                    Some(code) => Told::Refused(code),
                };
            }
        }
    }

    /// Says good-bye and waits until the connection is closed.
    pub(super) async fn end(mut self) {
        self.send_late();
        if let Some(gone) = payload(&status(self.boot, false)) {
            let topic = topic(self.vehicle, "sta");
            let said = self.client.publish(topic, gone, PublishOptions::at_least_once().retained());
            within(RECONNECT, said).await;
        }
        within(RECONNECT, self.client.disconnect()).await;
        self.conversation.close();
        self.conversation.wait().await;
    }
}

async fn listen(
    client: AsyncClient,
    mut events: EventLoop,
    vehicle: VehicleId,
    boot: Uuid,
    waiting: Waiting,
    stop: CancellationToken,
) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _queue_is_empty = client.try_subscribe(topic(vehicle, "ack"), QoS::AtLeastOnce);
                if let Some(here) = payload(&status(boot, true)) {
                    let topic = topic(vehicle, "sta");
                    let retained = PublishOptions::at_least_once().retained();
                    let _queue_is_empty = client.try_publish(topic, here, retained);
                }
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                if let Ok(ack) = serde_json::from_slice::<Ack>(&message.payload)
                    && let Some(answer) = lock(&waiting).remove(&ack.event_id)
                {
                    let _given_up = answer.send(ack.refused);
                }
            }
            Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => return,
            Ok(_) => {}
            Err(error) if stop.is_cancelled() => {
                tracing::debug!(error = %error, "the device is off");
                return;
            }
            Err(error) => {
                tracing::debug!(error = %error, "the broker is away");
                tokio::time::sleep(RECONNECT).await;
            }
        }
    }
}

fn status(boot_id: Uuid, online: bool) -> Status {
    Status { online, boot_id, firmware: FIRMWARE.to_owned() }
}

fn payload<T: Serialize>(message: &T) -> Option<Vec<u8>> {
    serde_json::to_vec(message).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
