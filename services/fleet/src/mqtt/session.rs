//! The connection to the broker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use common::types::VehicleId;
use fleet_contract::mqtt::{self as wire, PAYLOAD_BYTES_MAX};
use rumqttc::{
    AckMode, AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, PublishOptions,
    QoS, SubAck, SubscribeFilter, SubscribeReasonCode, Transport,
};
use secrecy::ExposeSecret;
use service_kit::Stop;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{
    address::Address,
    bucket::Buckets,
    mail::{self, Kind, Letter, Receipt},
};
use crate::{App, config::MqttConfig, domain::Cause, metrics};

const KEEP_ALIVE_S: u16 = 15;
const CONNECT_MAX_S: u64 = 5;
/// Pauses between attempts grow to this, and are drawn from zero: full jitter, so that a broker that comes
/// back is not met by everybody at once.
const PAUSE_MAX_MS: u64 = 30_000;
const PAUSE_MIN_MS: u64 = 250;
/// What a broker may be told before it has answered.
const OUTGOING: usize = 8_192;
const UNANSWERED_MAX: u16 = 4_096;
/// Letters that wait for their turn; what is beyond is lost, which the protocol above allows for: positions
/// may be lost, and facts are sent until they are acknowledged.
const LETTERS: usize = 4_096;
/// The largest packet there is (MQTT 3.1.1, 2.2.3). The broker limits what devices send; a limit of the
/// client's own would break the connection and meet the same packet again.
const PACKET_MAX: usize = 268_435_455;
/// What is kept of a payload that is too large.
const OVERSIZE_KEPT: usize = 1_024;
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// The connection, which has to be turned for anything to happen.
pub(super) struct Session {
    app: App,
    events: EventLoop,
    post: Post,
    buckets: Buckets,
    telemetry: mpsc::Sender<Letter>,
    words: mpsc::Sender<Letter>,
    failures: u32,
}

/// Who we are at the broker, and on which terms.
pub(super) fn options(
    Address { host, port, .. }: Address,
    transport: Transport,
    config: &MqttConfig,
) -> MqttOptions {
    let mut options = MqttOptions::new(&config.mqtt_client_id, (host, port));
    options
        .set_transport(transport)
        .set_keep_alive(KEEP_ALIVE_S)
        .set_clean_session(false)
        .set_ack_mode(AckMode::Manual)
        .set_inflight(UNANSWERED_MAX)
        .set_max_packet_size(PACKET_MAX, PAYLOAD_BYTES_MAX * 2);
    if let Some(password) = &config.mqtt_password {
        let password = password.expose_secret().to_owned();
        options.set_credentials(&config.mqtt_username, password);
    }
    options
}

/// Where letters wait.
pub(super) struct Letters {
    pub(super) telemetry: mpsc::Receiver<Letter>,
    /// Facts and statuses.
    pub(super) words: mpsc::Receiver<Letter>,
}

/// Answers devices and the broker.
#[derive(Clone)]
pub(super) struct Post {
    client: AsyncClient,
    connection: Arc<AtomicU64>,
}

impl Post {
    /// Tells the broker that a letter was taken, unless the connection on which it came is gone: then it
    /// comes again.
    pub(super) fn take(&self, receipt: &Receipt) {
        if receipt.connection == self.connection.load(Ordering::Relaxed) {
            let _ = self.client.try_ack(&receipt.publish);
        }
    }

    /// Tells a device what became of its fact. A device that does not hear it sends the fact again.
    pub(super) fn acknowledge(&self, vehicle: VehicleId, ack: &wire::Ack) {
        let Ok(payload) = serde_json::to_vec(ack) else { return };
        let topic = wire::topic(vehicle, "ack");
        if self.client.try_publish(topic, payload, PublishOptions::at_least_once()).is_err() {
            tracing::debug!(vehicle.id = %vehicle, "an acknowledgement could not be sent");
        }
    }
}

impl Session {
    /// Prepares a connection. The broker keeps what comes while we are away.
    pub(super) fn open(
        app: &App,
        options: MqttOptions,
        config: &MqttConfig,
    ) -> (Self, Post, Letters) {
        let (client, mut events) = AsyncClient::builder(options).capacity(OUTGOING).build();
        events.network_options.set_connection_timeout(CONNECT_MAX_S);

        let post = Post { client, connection: Arc::default() };
        let (telemetry, telemetry_box) = mpsc::channel(LETTERS);
        let (words, words_box) = mpsc::channel(LETTERS);
        let session = Self {
            app: app.clone(),
            events,
            post: post.clone(),
            buckets: Buckets::new(config.mqtt_messages_per_s),
            telemetry,
            words,
            failures: 0,
        };
        (session, post, Letters { telemetry: telemetry_box, words: words_box })
    }

    /// Turns the connection until the work is done, and makes it again whenever it is lost.
    pub(super) async fn run(mut self, done: &Stop) {
        loop {
            match done.run_until_cancelled(self.events.poll()).await {
                None => break,
                Some(Ok(event)) => self.handle(event),
                Some(Err(error)) => {
                    self.lost(&error);
                    done.run_until_cancelled(sleep(self.pause())).await;
                }
            }
        }
        self.app.set_listening(false);
        self.say_goodbye().await;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => self.connected(),
            Event::Incoming(Packet::SubAck(answer)) => self.subscribed(&answer),
            Event::Incoming(Packet::Publish(publish)) => self.sort(publish),
            _ => {}
        }
    }

    fn connected(&mut self) {
        self.post.connection.fetch_add(1, Ordering::Relaxed);
        let filters = Kind::filters().map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce));
        if self.post.client.try_subscribe_many(filters).is_err() {
            tracing::error!("could not subscribe: too much waits to be sent");
        }
    }

    fn subscribed(&mut self, answer: &SubAck) {
        if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
            tracing::error!("the broker does not let us hear devices: look at its rules");
            return;
        }
        self.failures = 0;
        self.app.set_listening(true);
        metrics::listening(true);
        tracing::info!("devices are heard");
    }

    fn lost(&mut self, error: &rumqttc::ConnectionError) {
        self.app.set_listening(false);
        metrics::listening(false);
        if self.failures == 0 {
            tracing::warn!(error = %error, "devices are not heard: no connection to the broker");
        } else {
            tracing::debug!(error = %error, attempt = self.failures, "still no connection to the broker");
        }
        self.failures = self.failures.saturating_add(1);
    }

    fn pause(&self) -> Duration {
        let grown = PAUSE_MIN_MS.saturating_mul(1 << self.failures.min(10));
        Duration::from_millis(rand::random_range(0..=grown.min(PAUSE_MAX_MS)))
    }

    /// Puts a letter where it waits for its turn. Never waits: whoever turns the connection must go on.
    fn sort(&mut self, publish: Publish) {
        let connection = self.post.connection.load(Ordering::Relaxed);
        let Some((vehicle, kind)) =
            std::str::from_utf8(&publish.topic).ok().and_then(mail::address_of)
        else {
            metrics::rejected("other", Cause::UnknownTopic);
            self.post.take(&Receipt { publish, connection });
            return;
        };
        if !self.buckets.take(vehicle, Instant::now()) {
            metrics::rejected(kind.name(), Cause::Throttled);
            self.post.take(&Receipt { publish, connection });
            return;
        }
        let letter = letter(vehicle, kind, publish, connection);
        let to = if kind == Kind::Telemetry { &self.telemetry } else { &self.words };
        if let Err(full) = to.try_send(letter) {
            metrics::rejected(kind.name(), Cause::Overflow);
            self.post.take(&full.into_inner().receipt);
        }
    }

    /// Sends what is left to say. What the broker does not hear of, it sends again.
    async fn say_goodbye(&mut self) {
        if self.failures > 0 || self.post.client.try_disconnect().is_err() {
            return;
        }
        let said = async {
            while let Ok(event) = self.events.poll().await {
                if event == Event::Outgoing(Outgoing::Disconnect) {
                    return;
                }
            }
        };
        #[expect(clippy::disallowed_methods, reason = "drops a connection that is being closed")]
        let _ = tokio::time::timeout(GOODBYE_MAX, said).await;
    }
}

fn letter(vehicle: VehicleId, kind: Kind, mut publish: Publish, connection: u64) -> Letter {
    let payload = std::mem::take(&mut publish.payload);
    // A copy, so that the rest is forgotten; one byte too many is enough to be too large.
    let payload = match payload.get(..=PAYLOAD_BYTES_MAX) {
        Some(beginning) => Bytes::copy_from_slice(beginning),
        None => payload,
    };
    let retained = publish.retain;
    Letter { vehicle, kind, payload, retained, receipt: Receipt { publish, connection } }
}

/// The beginning of a payload that is too large.
pub(super) fn beginning(payload: &Bytes) -> Bytes {
    payload.slice(..payload.len().min(OVERSIZE_KEPT))
}
