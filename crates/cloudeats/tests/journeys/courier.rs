//! A courier with a device that speaks MQTT.

use std::time::Duration;

use cloudeats::api::Call;
use cloudeats::ports::Door;
use cloudeats::seed::people::Hired;
use common::types::{Clock, Role, SystemClock};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS};
use serde_json::{Value, json};

use crate::caller::{Caller, Expect, text};
use crate::wishes::cafe;
use crate::world::{World, eventually};

/// A courier at work.
pub(crate) struct Courier {
    pub(crate) caller: Caller,
    vehicle: String,
    password: String,
}

/// The device on the handlebar.
pub(crate) struct Device {
    client: AsyncClient,
    events: EventLoop,
    vehicle: String,
    boot: String,
    said: i64,
}

impl Courier {
    /// The first courier of the café's cell; nobody else is at work.
    pub(crate) async fn begins(world: &World) -> Self {
        let here =
            |hired: &&Hired| hired.vehicle.as_ref().is_some_and(|ride| ride.cell == cafe().cell);
        let hired = world.roster.with_role(Role::Courier, None).find(here).unwrap();
        let ride = hired.vehicle.as_ref().unwrap();
        let caller = world.hired(hired).await;
        let begin = Call::put("/v1/couriers/me/availability", &json!({"available": true}));
        caller.send(begin.unwrap()).await.is(200);
        Self { caller, vehicle: ride.vehicle_id.to_string(), password: ride.mqtt_password.clone() }
    }

    /// The delivery of an order, as soon as it is this courier's.
    pub(crate) async fn is_given(&self, order: &str) -> Value {
        eventually("a delivery for the courier", async || {
            let mine = self.caller.get("/v1/deliveries?state=OPEN").await.is(200);
            mine["deliveries"]
                .as_array()
                .unwrap()
                .iter()
                .find(|it| it["order_id"] == order)
                .cloned()
        })
        .await
    }

    /// Says by REST what was done.
    pub(crate) async fn reports(&self, delivery: &str, kind: &str, at: (f64, f64)) -> Value {
        let fact = json!({
            "event_id": SystemClock.new_id(),
            "kind": kind,
            "device_time": SystemClock.now(),
            "seq": 1,
            "position": {"lat": at.0, "lon": at.1},
        });
        let path = format!("/v1/deliveries/{delivery}/events");
        self.caller.post(&path, fact).await.is(200)
    }

    /// Switches the device on.
    pub(crate) async fn device(&self, world: &World) -> Device {
        let port = world.stack.site().ports.of(Door::Mosquitto);
        let mut options = MqttOptions::new(self.vehicle.as_str(), ("127.0.0.1", port));
        options.set_credentials(self.vehicle.as_str(), self.password.clone());
        let (client, events) = AsyncClient::builder(options).capacity(16).build();
        let boot = SystemClock.new_id().to_string();
        let mut device = Device { client, events, vehicle: self.vehicle.clone(), boot, said: 0 };
        let topic = device.topic("ack");
        device.client.subscribe(topic, QoS::AtLeastOnce).await.unwrap();
        device.until(|packet| matches!(packet, Packet::SubAck(_)).then_some(())).await;
        device
    }
}

impl Device {
    /// Says where it is.
    pub(crate) async fn is_at(&mut self, at: (f64, f64)) {
        self.said += 1;
        let words = json!({
            "boot_id": self.boot, "seq": self.said, "device_time": SystemClock.now(),
            "lat": at.0, "lon": at.1, "speed_mps": 5.0,
        });
        self.say("tel", &words).await;
        self.until(|packet| matches!(packet, Packet::PubAck(_)).then_some(())).await;
        // A device may speak ten times a second.
        tokio::time::sleep(Duration::from_millis(120)).await;
    }

    /// Says what was done; answers why it was refused, if it was.
    pub(crate) async fn tells(
        &mut self,
        delivery: &str,
        kind: &str,
        at: (f64, f64),
    ) -> Option<String> {
        self.said += 1;
        let id = SystemClock.new_id().to_string();
        let words = json!({
            "event_id": id, "boot_id": self.boot, "seq": self.said,
            "device_time": SystemClock.now(), "kind": kind, "delivery_id": delivery,
            "position": {"lat": at.0, "lon": at.1},
        });
        self.say("evt", &words).await;
        let ack = self.until(|packet| {
            let Packet::Publish(message) = packet else { return None };
            let ack: Value = serde_json::from_slice(&message.payload).unwrap();
            (text(&ack, "event_id") == id).then_some(ack)
        });
        ack.await["refused"].as_str().map(str::to_owned)
    }

    fn topic(&self, kind: &str) -> String {
        format!("v1/fleet/{}/{kind}", self.vehicle)
    }

    async fn say(&self, kind: &str, words: &Value) {
        let words = serde_json::to_vec(words).unwrap();
        self.client
            .publish(self.topic(kind), words, PublishOptions::at_least_once())
            .await
            .unwrap();
    }

    async fn until<T>(&mut self, mut look: impl FnMut(&Packet) -> Option<T>) -> T {
        loop {
            if let Event::Incoming(packet) = self.events.poll().await.unwrap()
                && let Some(seen) = look(&packet)
            {
                return seen;
            }
        }
    }
}
