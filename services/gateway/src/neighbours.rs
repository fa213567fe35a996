//! The services that the gateway asks for itself, rather than passing on what others ask.

use service_kit::Client;

use crate::Config;

/// One client for each.
#[derive(Clone)]
pub struct Neighbours {
    pub(crate) inventory: Client,
    pub(crate) orders: Client,
    pub(crate) payment: Client,
    pub(crate) fleet: Client,
    pub(crate) notification: Client,
}

impl Neighbours {
    /// Clients as `client` makes them from an address and a name.
    ///
    /// # Errors
    /// An address that is none.
    pub fn new(
        config: &Config,
        client: impl Fn(&str, &'static str) -> anyhow::Result<Client>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            inventory: client(&config.inventory_url, "inventory")?,
            orders: client(&config.orders_url, "orders")?,
            payment: client(&config.payment_url, "payment")?,
            fleet: client(&config.fleet_url, "fleet")?,
            notification: client(&config.notification_url, "notification")?,
        })
    }

    /// All of them with their names: those that keep something of an order.
    pub(crate) const fn all(&self) -> [(&'static str, &Client); 5] {
        [
            ("inventory", &self.inventory),
            ("orders", &self.orders),
            ("payment", &self.payment),
            ("fleet", &self.fleet),
            ("notification", &self.notification),
        ]
    }
}
