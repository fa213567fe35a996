//! The door before a real Mosquitto (`TEST_MOSQUITTO_BIN`), from a device's side.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use clap::Parser;
use common::types::{Clock, DeliveryId, VehicleId};
use fleet_contract::mqtt::{self as wire, Ack};
use jiff::SignedDuration;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use serde_json::{Value, json};
use service_kit::Stop;
use sha2::{Digest, Sha512};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{
    bench::{Bench, DOOR, STORE},
    config::MqttConfig,
};

const PASSWORD: &str = "secret";
const PATIENCE: Duration = Duration::from_secs(20);

/// A broker with the rules of production: nobody without a password, each vehicle its own topics.
struct Broker {
    port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

impl Broker {
    fn new(vehicles: &[VehicleId]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("fleet-mqtt-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let users = vehicles.iter().map(ToString::to_string).chain(["fleet".to_owned()]);
        let passwords: Vec<String> =
            users.map(|user| format!("{user}:{}", hashed(PASSWORD))).collect();
        let rules = "user fleet\n\
                     topic read v1/fleet/+/tel\ntopic read v1/fleet/+/evt\ntopic read v1/fleet/+/sta\n\
                     topic write v1/fleet/+/ack\ntopic write v1/fleet/+/cmd\n\
                     pattern write v1/fleet/%u/tel\npattern write v1/fleet/%u/evt\n\
                     pattern write v1/fleet/%u/sta\npattern read v1/fleet/%u/ack\n\
                     pattern read v1/fleet/%u/cmd\n";
        let path = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n\
             password_file {}\nacl_file {}\nmax_inflight_messages 1000\n",
            path("passwords"),
            path("rules"),
        );
        for (name, text) in [
            ("passwords", (passwords.join("\n") + "\n").as_str()),
            ("rules", rules),
            ("config", &config),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self { port, folder, process: None }
    }

    #[expect(clippy::disallowed_methods, reason = "a test has no Config")]
    fn start(&mut self) {
        let binary = std::env::var("TEST_MOSQUITTO_BIN").unwrap_or_else(|_| {
            panic!("TEST_MOSQUITTO_BIN is not set: this test needs Mosquitto (make test)")
        });
        let process = Command::new(binary)
            .arg("-c")
            .arg(self.folder.join("config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// As `mosquitto_passwd` of the 1.x series writes it: SHA-512 of password and salt.
fn hashed(password: &str) -> String {
    let salt = [7_u8; 12];
    let hash = Sha512::new().chain_update(password).chain_update(salt).finalize();
    format!("$6${}${}", BASE64.encode(salt), BASE64.encode(hash))
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: MqttConfig,
}

/// The door, open.
struct Door {
    stop: Stop,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Door {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the process")]
    fn open(bench: &Bench, broker: &Broker) -> Self {
        let url = format!("mqtt://127.0.0.1:{}", broker.port);
        let args = ["x", "--mqtt-url", &url, "--mqtt-password", PASSWORD];
        let config = Cli::try_parse_from(args).ok().unwrap().config;
        let stop = Stop::new();
        let work = super::door(bench.app.clone(), &config).unwrap();
        let ended = tokio::spawn(work(stop.clone()));
        Self { stop, ended }
    }

    /// What nobody has subscribed to yet, a broker forgets.
    async fn heard_by(self, bench: &Bench) -> Self {
        let started = tokio::time::Instant::now();
        while !bench.app.is_listening() {
            assert!(started.elapsed() < PATIENCE, "the door never opened");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self
    }

    async fn close(self) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

/// A vehicle's device.
struct Device {
    vehicle: VehicleId,
    client: AsyncClient,
    acks: tokio::sync::mpsc::UnboundedReceiver<Ack>,
}

impl Device {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the device")]
    async fn connect(broker: &Broker, vehicle: VehicleId) -> Self {
        let mut options = MqttOptions::new(vehicle.to_string(), ("127.0.0.1", broker.port));
        options
            .set_credentials(vehicle.to_string(), PASSWORD)
            .set_max_packet_size(wire::PAYLOAD_BYTES_MAX * 2, wire::PAYLOAD_BYTES_MAX * 2)
            .set_keep_alive(5);
        let (client, mut events) = AsyncClient::builder(options).capacity(1_000).build();
        client.subscribe(wire::topic(vehicle, "ack"), QoS::AtLeastOnce).await.unwrap();
        let (heard, acks) = tokio::sync::mpsc::unbounded_channel();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let mut ready = Some(ready);
        tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        ready.take().map(|ready| ready.send(()));
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        if heard.send(serde_json::from_slice(&publish.payload).unwrap()).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        is_ready.await.unwrap();
        Self { vehicle, client, acks }
    }

    async fn says(&self, kind: &str, payload: impl Into<Vec<u8>>) {
        let topic = wire::topic(self.vehicle, kind);
        self.client.publish(topic, payload.into(), PublishOptions::at_least_once()).await.unwrap();
    }

    async fn is_at(&self, bench: &Bench, seq: i64, (lat, lon): (f64, f64)) {
        let said = json!({
            "boot_id": Uuid::from_u128(1), "seq": seq, "device_time": bench.clock.now(),
            "lat": lat, "lon": lon, "accuracy_m": 4.0,
        });
        self.says("tel", said.to_string()).await;
    }

    async fn did(&self, event: &Value) {
        self.says("evt", event.to_string()).await;
    }

    #[expect(clippy::disallowed_methods, reason = "drops a wait")]
    async fn hears(&mut self) -> Ack {
        tokio::time::timeout(PATIENCE, self.acks.recv()).await.expect("an ack").unwrap()
    }
}

fn event(bench: &Bench, delivery: DeliveryId, kind: &str, (lat, lon): (f64, f64)) -> Value {
    json!({
        "event_id": bench.clock.new_id(), "boot_id": Uuid::from_u128(1), "seq": 1,
        "device_time": bench.clock.now(), "kind": kind, "delivery_id": delivery,
        "position": {"lat": lat, "lon": lon},
    })
}

/// Waits until a query says so.
async fn until(db: &PgPool, query: &'static str) {
    let started = tokio::time::Instant::now();
    while !sqlx::query_scalar::<_, bool>(query).fetch_one(db).await.unwrap() {
        assert!(started.elapsed() < PATIENCE, "it never came true: {query}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn positions_reach_the_database_and_what_is_doubled_or_late_changes_nothing(db: PgPool) {
    let bench = Bench::new(db.clone());
    let vehicle = bench.a_vehicle(1).await;
    let mut broker = Broker::new(&[vehicle]);
    broker.start();
    let door = Door::open(&bench, &broker).heard_by(&bench).await;
    let device = Device::connect(&broker, vehicle).await;

    device.is_at(&bench, 1, STORE).await;
    until(&db, "SELECT EXISTS (SELECT FROM vehicle_position WHERE seq = 1)").await;
    bench.seconds_pass(60);
    device.is_at(&bench, 3, DOOR).await;
    device.is_at(&bench, 3, DOOR).await;
    device.is_at(&bench, 2, STORE).await;
    bench.seconds_pass(60);
    device.is_at(&bench, 4, DOOR).await;

    until(&db, "SELECT EXISTS (SELECT FROM vehicle_position WHERE seq = 4)").await;
    let (seq, lat): (i64, f64) =
        sqlx::query_as("SELECT seq, lat FROM vehicle_position").fetch_one(&db).await.unwrap();
    assert_eq!((seq, lat), (4, DOOR.0));
    assert_eq!(bench.count("vehicle_track").await, 4, "1, 2, 3 and 4, each once");
    door.close().await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_fact_is_acknowledged_after_the_commit_and_counts_once(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (delivery, _) = bench.an_assigned_delivery().await;
    let mut broker = Broker::new(&[Bench::vehicle_id(1)]);
    broker.start();
    let door = Door::open(&bench, &broker).heard_by(&bench).await;
    let mut device = Device::connect(&broker, Bench::vehicle_id(1)).await;
    let arrived = event(&bench, delivery, "arrive_pickup", STORE);

    device.did(&arrived).await;
    let ack = device.hears().await;
    assert_eq!(bench.state_of(delivery).await, "AT_PICKUP", "what is acknowledged is stored");
    device.did(&arrived).await;
    let again = device.hears().await;

    assert_eq!(
        (ack.event_id.to_string().as_str(), &ack.refused),
        (arrived["event_id"].as_str().unwrap(), &None)
    );
    assert_eq!(ack, again);
    assert_eq!(bench.count("courier_fact").await, 1);
    bench.has_told(&["delivery_planned", "delivery_assigned", "courier_at_pickup"]).await;

    device.did(&event(&bench, delivery, "pickup", STORE)).await;
    assert_eq!(device.hears().await.refused.as_deref(), Some("not-ready"));
    door.close().await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn garbage_and_strangers_change_nothing_and_keep_nobody_waiting(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (delivery, _) = bench.an_assigned_delivery().await;
    let stranger = bench.a_vehicle(2).await;
    let mut broker = Broker::new(&[Bench::vehicle_id(1), stranger]);
    broker.start();
    let door = Door::open(&bench, &broker).heard_by(&bench).await;
    let mut device = Device::connect(&broker, stranger).await;

    let huge = "x".repeat(wire::PAYLOAD_BYTES_MAX + 1);
    for payload in ["", "{", "\u{0}", "[]", "{\"lat\":NaN}", &huge] {
        device.says("tel", payload).await;
        device.says("evt", payload).await;
        device.says("sta", payload).await;
    }
    device.is_at(&bench, 1, (91.0, 0.0)).await;
    device.did(&event(&bench, delivery, "arrive_pickup", STORE)).await;
    assert_eq!(device.hears().await.refused.as_deref(), Some("no-such-delivery"));
    let mut unreadable = event(&bench, delivery, "arrive_pickup", STORE);
    unreadable["kind"] = json!("teleport");
    device.did(&unreadable).await;
    assert_eq!(device.hears().await.refused.as_deref(), Some("unreadable-event"));
    // Another vehicle's topic: the broker forbids it.
    let others = wire::topic(Bench::vehicle_id(1), "evt");
    let forged = event(&bench, delivery, "arrive_pickup", STORE).to_string();
    device.client.publish(others, forged, PublishOptions::at_least_once()).await.unwrap();
    device.is_at(&bench, 2, STORE).await;

    until(&db, "SELECT EXISTS (SELECT FROM vehicle_position WHERE seq = 2)").await;
    assert_eq!(bench.count("vehicle_position").await, 1);
    assert_eq!(bench.count("vehicle_track").await, 1);
    assert_eq!(bench.count("courier_fact").await, 0);
    assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
    assert!(bench.count("telemetry_quarantine").await >= 10);
    door.close().await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_broker_that_comes_late_and_goes_and_comes_again_is_met_again(db: PgPool) {
    let bench = Bench::new(db.clone());
    let vehicle = bench.a_vehicle(1).await;
    let mut broker = Broker::new(&[vehicle]);
    let door = Door::open(&bench, &broker);
    tokio::time::sleep(Duration::from_millis(300)).await;

    broker.start();
    let device = Device::connect(&broker, vehicle).await;
    keeps_saying(&db, &bench, &device, 1).await;
    broker.stop();
    broker.start();
    keeps_saying(&db, &bench, &device, 1_000).await;

    door.close().await;
}

/// Says where it is, again and again, as devices do, until somebody heard.
async fn keeps_saying(db: &PgPool, bench: &Bench, device: &Device, first: i64) {
    for seq in first..first + 600 {
        device.is_at(bench, seq, STORE).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let heard: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM vehicle_position WHERE seq >= $1)")
                .bind(first)
                .fetch_one(db)
                .await
                .unwrap();
        if heard {
            return;
        }
    }
    panic!("nobody heard the device");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_was_sent_while_we_were_away_is_heard_afterwards(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (delivery, _) = bench.an_assigned_delivery().await;
    let mut broker = Broker::new(&[Bench::vehicle_id(1)]);
    broker.start();
    let door = Door::open(&bench, &broker).heard_by(&bench).await;
    let mut device = Device::connect(&broker, Bench::vehicle_id(1)).await;
    device.did(&event(&bench, delivery, "pickup", STORE)).await;
    device.hears().await;
    door.close().await;

    device.did(&event(&bench, delivery, "arrive_pickup", STORE)).await;
    bench.clock.advance(SignedDuration::from_secs(30));
    let door = Door::open(&bench, &broker);

    assert_eq!(device.hears().await.refused, None);
    assert_eq!(bench.state_of(delivery).await, "AT_PICKUP");
    door.close().await;
}
