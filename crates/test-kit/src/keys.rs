//! Keys of all services, made for one test.

use std::{sync::Arc, time::Duration};

use common::{telemetry::Scrape, types::SystemClock};
use secrecy::SecretString;
use service_kit::{
    Client, HttpConfig, Kit, Signer,
    client::{self, Patience},
    keys::{Jwks, generate},
};

const SERVICES: [&str; 8] =
    ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification", "cloudeats"];

/// A machine with many tests at once answers late, and no test is about that.
pub const PATIENCE: Patience =
    Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(10) };

/// A key pair for each service, and for one more name.
#[derive(Debug)]
pub struct TestKeys {
    private: Vec<(&'static str, SecretString)>,
    /// The public halves: what `CE_SERVICE_KEYS_FILE` holds.
    pub public: Jwks,
}

impl TestKeys {
    /// Keys of all services, `also` among them.
    #[must_use]
    pub fn new(also: &'static str) -> Self {
        let mut names = SERVICES.to_vec();
        if !names.contains(&also) {
            names.push(also);
        }
        let pairs: Vec<_> =
            names.into_iter().map(|name| (name, generate(name).expect("a key pair"))).collect();
        let public = Jwks::of(pairs.iter().map(|(_, pair)| pair.public.clone()).collect());
        let private = pairs.into_iter().map(|(name, pair)| (name, pair.private_pem)).collect();
        Self { private, public }
    }

    /// Signs as `service`.
    #[must_use]
    #[track_caller]
    pub fn signer(&self, service: &'static str) -> Signer {
        let found = self.private.iter().find(|(name, _)| *name == service);
        let (_, key) = found.unwrap_or_else(|| panic!("there is no service called {service}"));
        Signer::new(service, key, Arc::new(SystemClock)).expect("a key made a moment ago")
    }
}

/// A kit with keys of its own, for tests of `boot` and of what it hands to tasks.
#[must_use]
pub fn kit(name: &'static str) -> Kit {
    let keys = TestKeys::new(name);
    let signer = keys.signer(name);
    Kit::with_keys(name, HttpConfig::for_tests(), Scrape::empty(), signer, keys.public)
        .expect("a kit without files")
}

/// A client as `audience`'s neighbours have it, but patient, for tests against a stand-in at
/// `base_url`.
#[must_use]
pub fn client(base_url: &str, audience: &'static str) -> Client {
    let signer = TestKeys::new("test").signer("test");
    let http = client::inside(PATIENCE).expect("a client");
    Client::inside(http, base_url, audience, signer, PATIENCE).expect("an address")
}
