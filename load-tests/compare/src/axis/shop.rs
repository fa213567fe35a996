//! What is sold and who buys, set up through the public API.

use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use cloudeats::api::person::patiently;
use cloudeats::api::{Api, Call, Person};
use cloudeats::ports::Door;
use cloudeats::secrets::Secrets;
use cloudeats::seed::people;
use cloudeats::site::Site;
use common::types::{
    Cell, Clock, Currency, GeoPoint, ItemId, Quantity, StoreId, SystemClock, Text,
};
use hyper::header::HeaderValue;
use identity_contract::http::Register;
use inventory_contract::http::{PublishMenu, PutItem, PutStore, SetStock, StockReason, Unit};
use orders_contract::http::{Fulfilment, OrderLine, PlaceOrder};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use uuid::Uuid;

use super::customer::{Customer, Promises};
use crate::client::Wire;

/// What lies there at the beginning.
pub(super) const STOCK: u32 = 1_000_000;
const CUSTOMERS: usize = 32;
const PRICED_MAX: Duration = Duration::from_mins(1);

/// A store with one item, and its customers.
pub(super) struct Shop {
    pub(super) store: StoreId,
    pub(super) wire: Wire,
    /// What everybody orders.
    pub(super) order: Bytes,
    people: Vec<Person>,
    pub(super) promises: Promises,
}

impl Shop {
    /// Opens the store and waits until it takes orders.
    pub(super) async fn open(site: &Site) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let admin = people::admin(site, &api)?;
        let (store, item) = (StoreId::from_uuid(fresh()), ItemId::from_uuid(fresh()));
        furnish(&admin, store, item).await?;

        let mut people = Vec::new();
        for number in 0..CUSTOMERS {
            people.push(register(&api, &site.secrets, number).await?);
        }
        let shop = Self {
            store,
            wire: Wire::new(&site.http_url(Door::Gateway))?,
            order: Bytes::from(serde_json::to_vec(&one_of(store, item)?)?),
            people,
            promises: Promises::default(),
        };
        shop.takes_orders().await?;
        Ok(shop)
    }

    /// So many hands, each ordering for one of the customers, whose tokens are good for another minute.
    pub(super) async fn customers(&self, hands: usize) -> anyhow::Result<Vec<Customer>> {
        let tokens = self.bearers().await?;
        let customers = tokens.into_iter().cycle().take(hands).map(|bearer| {
            Customer::new(self.wire.clone(), bearer, self.order.clone(), self.promises.clone())
        });
        Ok(customers.collect())
    }

    /// What each customer proves with who they are, good for another minute.
    pub(super) async fn bearers(&self) -> anyhow::Result<Vec<HeaderValue>> {
        let mut bearers = Vec::new();
        for person in &self.people {
            bearers.push(format!("Bearer {}", person.token().await?).try_into()?);
        }
        Ok(bearers)
    }

    /// Everybody signs in anew: what they prove is good for a quarter of an hour then.
    pub(super) async fn sign_in(&mut self, site: &Site) -> anyhow::Result<()> {
        for person in &mut self.people {
            *person = Person::new(person.api(), person.email(), site.secrets.get("customers")?);
        }
        self.bearers().await?;
        Ok(())
    }

    /// The till hears of a new menu a moment after the counter.
    async fn takes_orders(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let Some(mut customer) = self.customers(1).await?.pop() else { bail!("no customers") };
        while let Err(failure) = crate::client::Operate::once(&mut customer).await {
            if begun.elapsed() > PRICED_MAX {
                bail!("no order is confirmed: {}", failure.0);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

async fn furnish(admin: &Person, store: StoreId, item: ItemId) -> anyhow::Result<()> {
    let call = Call::put(format!("/v1/stores/{store}"), &a_store()?)?;
    admin.ask(&call).await?.expect_ok("no store")?;
    let call = Call::post("/v1/menu", &an_item(store, item)?)?.key(key());
    admin.ask(&call).await?.expect_ok("no item")?;
    let stock =
        SetStock { store_id: store, on_hand: Some(STOCK), delta: None, reason: StockReason::Count };
    let call = Call::put(format!("/v1/inventory/{item}"), &stock)?.key(key());
    admin.ask(&call).await?.expect_ok("no stock")?;
    let call = Call::post("/v1/menu/publish", &PublishMenu { store_id: store })?.key(key());
    admin.ask(&call).await?.expect_ok("no menu")?;
    Ok(())
}

async fn register(api: &Api, secrets: &Secrets, number: usize) -> anyhow::Result<Person> {
    let (email, password) = (format!("bench-{number}@example.com"), secrets.get("customers")?);
    let body = Register {
        email: Text::new(&email)?,
        password: Text::new(password.expose_secret())?,
        name: Text::new("Bench")?,
    };
    let call = Call::post("/v1/auth/register", &body)?.key(key());
    patiently(api, &call).await?.expect_ok("no account")?;
    Ok(Person::new(api, email, password))
}

fn a_store() -> anyhow::Result<PutStore> {
    Ok(PutStore {
        slug: Text::new("bench")?,
        name: Text::new("Bench")?,
        partner_id: fresh(),
        cell: Cell::parse("east-a")?,
        currency: Currency::USD,
        time_zone: Text::new("America/New_York")?,
        location: GeoPoint::new(40.7290, -73.9870)?,
        open: true,
        radius_m: 3_000,
        delivery_fee_minor: 290,
        order_min_minor: 0,
        tax_bp: 800,
        accepts_automatically: true,
    })
}

fn an_item(store: StoreId, item: ItemId) -> anyhow::Result<PutItem> {
    Ok(PutItem {
        store_id: store,
        item_id: Some(item),
        slug: Text::new("filter-coffee")?,
        name: Text::new("Filter coffee")?,
        description: Text::new("From the pot")?,
        category: Text::new("Coffee")?,
        price_minor: 300,
        station: Text::new("bar")?,
        prep_s: 60,
        allergens: Vec::new(),
        components: Vec::new(),
        options: Vec::new(),
        on_menu: true,
        low_at: 10,
        unit: Unit::Pieces,
    })
}

/// Collected at the counter: no courier is measured here.
fn one_of(store: StoreId, item: ItemId) -> anyhow::Result<PlaceOrder> {
    let quantity = Quantity::try_from(1)?;
    Ok(PlaceOrder {
        store_id: store,
        fulfilment: Fulfilment::Pickup,
        lines: vec![OrderLine { item_id: item, quantity, options: Vec::new(), note: None }],
        cart_id: None,
        address: None,
        payment_method_id: Text::new("pm_approved")?,
        tip_minor: 0,
    })
}

fn fresh() -> Uuid {
    SystemClock.new_id()
}

fn key() -> String {
    fresh().to_string()
}
