//! What the requests name: people with tokens, and things that are there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use common::types::{OrderId, Role, StoreId, SystemClock};
use serde_json::{Value, json};
use service_kit::Signer;
use tokio::time::Instant;

use crate::api::person::patiently;
use crate::api::{Api, Call, Person};
use crate::ports::Door;
use crate::seed::people::{self, Roster};
use crate::seed::stores::STORES;
use crate::site::{SERVICES, Site};

const EMAIL: &str = "bruno@customers.example";
const PASSWORD: &str = "correct horse battery";
const ITEM: &str = "espresso";
/// How long the world may take to follow: a courier, a ticket, a message.
const FOLLOWS_MAX: Duration = Duration::from_secs(30);

/// Names and values for `--env-var`.
pub(super) struct Variables(Vec<(&'static str, String)>);

impl Variables {
    /// Registers a customer who orders twice, for the counter and for the door.
    pub(super) async fn make(site: &Site) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let store = STORES.first().context("no store is seeded")?;
        let roster = Roster::open(site)?;
        let of_role = |role, store| -> anyhow::Result<Person> {
            let hired = roster.with_role(role, store).next();
            Ok(hired.with_context(|| format!("nobody is hired as {role:?}"))?.person(&api))
        };
        let admin = people::admin(site, &api)?;
        let kitchen = of_role(Role::Kitchen, Some(store.slug))?;
        let courier = of_role(Role::Courier, None)?;
        let vehicle = roster.with_role(Role::Courier, None).next();
        let vehicle = vehicle.and_then(|hired| hired.vehicle.as_ref()).context("no vehicle")?;
        let customer = register(&api).await?;

        let begins = Call::put("/v1/couriers/me/availability", &json!({"available": true}))?;
        done(&courier, &begins).await?;
        let item = store.item_id(ITEM);
        let lines = json!([{"item_id": item, "quantity": 1}]);
        let shop = Shop { store: StoreId::from_uuid(store.id()), lines, customer: &customer };
        let cart = shop.fills_a_cart().await?;
        let order = shop.orders("bruno-orders-at-counter", &Value::Null).await?;
        let place = done(&customer, &Call::get(format!("/v1/stores/{}", store.slug))).await?;
        let door = json!({
            "lat": place.pointer("/location/lat"),
            "lon": place.pointer("/location/lon"),
            "text": "2 Main Street",
        });
        let brought = shop.orders("bruno-orders-at-a-door", &door).await?;

        let tickets = format!("/v1/kitchen/tickets?store_id={}&limit=100", store.id());
        let ticket = found(&kitchen, &tickets, "tickets", order).await?;
        let delivery = found(&courier, "/v1/deliveries?state=OPEN", "deliveries", brought).await?;
        found(&customer, "/v1/notifications", "notifications", order).await?;
        let payment = done(&customer, &Call::get(format!("/v1/payments?order_id={order}"))).await?;

        Ok(Self(vec![
            ("baseUrl", site.http_url(Door::Gateway)),
            ("customerToken", customer.token().await?),
            ("customerId", customer.id().await?.to_string()),
            ("kitchenToken", kitchen.token().await?),
            ("courierToken", courier.token().await?),
            ("courierId", courier.id().await?.to_string()),
            ("adminToken", admin.token().await?),
            ("storeId", store.id().to_string()),
            ("storeSlug", store.slug.to_owned()),
            ("itemId", item.to_string()),
            ("orderId", order.to_string()),
            ("cartId", text(&cart, "cart_id")?),
            ("ticketId", text(&ticket, "ticket_id")?),
            ("deliveryId", text(&delivery, "delivery_id")?),
            ("vehicleId", vehicle.vehicle_id.to_string()),
            ("paymentId", text(&payment, "payment_id")?),
        ]))
    }

    /// For what the gateway shows.
    pub(super) fn outside(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// For what services ask of one another, as `orders` and `payment` would ask.
    pub(super) fn inside(&self, site: &Site) -> anyhow::Result<Vec<(&'static str, String)>> {
        const NAMES: [(&str, &str, &str); 6] = [
            ("fleet", "fleetUrl", "fleetToken"),
            ("identity", "identityUrl", "identityToken"),
            ("inventory", "inventoryUrl", "inventoryToken"),
            ("notification", "notificationUrl", "notificationToken"),
            ("orders", "ordersUrl", "ordersToken"),
            ("payment", "paymentUrl", "paymentToken"),
        ];
        let key = std::fs::read_to_string(site.key_file("orders"))?;
        let signer = Signer::new("orders", &key.into(), Arc::new(SystemClock))?;
        let mut variables = self.0.clone();
        for (name, url, token) in NAMES {
            let service = SERVICES.iter().find(|service| service.name == name);
            let service = service.with_context(|| format!("no service {name}"))?;
            variables.push((url, site.http_url(service.door)));
            let value = signer.token(name, signer.own_principal())?;
            variables.push((token, value.to_str()?.to_owned()));
        }
        Ok(variables)
    }
}

struct Shop<'a> {
    store: StoreId,
    lines: Value,
    customer: &'a Person,
}

impl Shop<'_> {
    async fn fills_a_cart(&self) -> anyhow::Result<Value> {
        let body = json!({"store_id": self.store, "lines": self.lines});
        done(self.customer, &Call::post("/v1/carts", &body)?.key("bruno-fills-a-cart-1")).await
    }

    /// Places an order and waits until it is confirmed; to a door, if there is one.
    async fn orders(&self, key: &str, door: &Value) -> anyhow::Result<OrderId> {
        let body = json!({
            "store_id": self.store,
            "fulfilment": if door.is_null() { "pickup" } else { "delivery" },
            "address": door,
            "lines": self.lines,
            "payment_method_id": "pm_approved",
        });
        let placed = done(self.customer, &Call::post("/v1/orders", &body)?.key(key)).await?;
        let order: OrderId = text(&placed, "order_id")?.parse()?;
        let started = Instant::now();
        loop {
            let found = done(self.customer, &Call::get(format!("/v1/orders/{order}"))).await?;
            if text(&found, "state")? == "CONFIRMED" {
                return Ok(order);
            }
            ensure!(started.elapsed() < FOLLOWS_MAX, "an order is not confirmed: {found}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn register(api: &Api) -> anyhow::Result<Person> {
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Bruno"});
    let call = Call::post("/v1/auth/register", &body)?;
    patiently(api, &call).await?.expect_ok("nobody is registered")?;
    Ok(Person::new(api, EMAIL, PASSWORD.to_owned().into()))
}

async fn done(person: &Person, call: &Call) -> anyhow::Result<Value> {
    person.ask(call).await?.expect_ok("what the requests need is not there")?.json()
}

/// What is about an order in a list, as soon as it is there.
async fn found(person: &Person, path: &str, list: &str, order: OrderId) -> anyhow::Result<Value> {
    let order = order.to_string();
    let started = Instant::now();
    while started.elapsed() < FOLLOWS_MAX {
        let answer = done(person, &Call::get(path)).await?;
        let all = answer.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let is_about = |it: &Value| it.get("order_id").is_some_and(|id| *id == order.as_str());
        if let Some(found) = all.into_iter().find(is_about) {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{path} never shows the order {order}")
}

fn text(body: &Value, field: &str) -> anyhow::Result<String> {
    let text = body.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {field} in {body}"))?.to_owned())
}
