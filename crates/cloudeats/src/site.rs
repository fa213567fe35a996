//! A stack as its users see it, whether or not it runs: addresses and passwords.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};

use crate::authority::Authority;
use crate::layout::Layout;
use crate::ports::{ADMIN_ABOVE, Door, Ports};
use crate::secrets::Secrets;

/// The services, in the order of their ports.
pub const SERVICES: [Service; 7] = [
    Service { name: "gateway", door: Door::Gateway, has_database: false },
    Service { name: "identity", door: Door::Identity, has_database: true },
    Service { name: "inventory", door: Door::Inventory, has_database: true },
    Service { name: "orders", door: Door::Orders, has_database: true },
    Service { name: "payment", door: Door::Payment, has_database: true },
    Service { name: "fleet", door: Door::Fleet, has_database: true },
    Service { name: "notification", door: Door::Notification, has_database: true },
];

/// The database of the PostgreSQL event log.
pub const EVENT_LOG: &str = "event_log";

/// The role that may read everything and write nothing.
pub const CHECKER: &str = "checker";

/// The e-mail address of the first administrator.
pub const ADMIN_EMAIL: &str = "admin@cloudeats.example";

/// A service of ours.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its name: of its binary, its key and its database.
    pub name: &'static str,
    /// Where it listens.
    pub door: Door,
    /// Whether it owns one.
    pub has_database: bool,
}

/// The addresses and passwords of one stack.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its folders.
    pub layout: Layout,
    /// Its ports.
    pub ports: Ports,
    /// Its passwords.
    pub secrets: Secrets,
    /// Who vouches for its engines, where they speak nothing but TLS.
    pub authority: Option<Authority>,
}

impl Site {
    /// A stack on these ports, which are written down for [`Site::open`]. Its engines speak plainly.
    pub fn new(layout: Layout, ports: Ports) -> anyhow::Result<Self> {
        ports.write(&layout.ports_file())?;
        let secrets = Secrets::open(&layout)?;
        Authority::forget(&layout)?;
        Ok(Self { layout, ports, secrets, authority: None })
    }

    /// The same, with engines that PostgreSQL's, Redis' and MQTT's clients reach by TLS alone.
    pub fn secured(self) -> anyhow::Result<Self> {
        let authority = Some(Authority::make(&self.layout)?);
        Ok(Self { authority, ..self })
    }

    /// The stack that was started from this folder.
    pub fn open(layout: Layout) -> anyhow::Result<Self> {
        let file = layout.ports_file();
        ensure!(file.is_file(), "the stack `{}` was never started", layout.stack());
        let (ports, secrets) = (Ports::read(&file)?, Secrets::open(&layout)?);
        let authority = Authority::of(&layout)?;
        Ok(Self { layout, ports, secrets, authority })
    }

    /// The same, where the ways to some doors lead through other ports.
    #[must_use]
    pub fn by(&self, detours: &BTreeMap<Door, u16>) -> Self {
        Self { ports: self.ports.with(detours), ..self.clone() }
    }

    /// `http://127.0.0.1:<port>` of a door that speaks HTTP.
    #[must_use]
    pub fn http_url(&self, door: Door) -> String {
        format!("http://127.0.0.1:{}", self.ports.of(door))
    }

    /// The port with `/livez`, `/readyz` and `/metrics` of a service.
    #[must_use]
    pub fn admin_port(&self, service: &Service) -> u16 {
        self.ports.of(service.door).saturating_add(ADMIN_ABOVE)
    }

    /// A database as one of its roles: `<db>_owner`, `<db>` or `checker`.
    pub fn database_url(&self, database: &str, role: &str) -> anyhow::Result<SecretString> {
        self.postgres_url(database, role, &self.role_password(role)?)
    }

    /// A database as the superuser.
    pub fn superuser_url(&self, database: &str) -> anyhow::Result<SecretString> {
        self.postgres_url(database, "postgres", &self.secrets.get("postgres")?)
    }

    /// Redis with its password.
    pub fn redis_url(&self) -> anyhow::Result<SecretString> {
        let (password, port) = (self.secrets.get("redis")?, self.ports.of(Door::Redis));
        let scheme = if self.authority.is_some() { "rediss" } else { "redis" };
        Ok(format!("{scheme}://:{}@127.0.0.1:{port}", password.expose_secret()).into())
    }

    /// The MQTT broker.
    #[must_use]
    pub fn mqtt_url(&self) -> String {
        let scheme = if self.authority.is_some() { "mqtts" } else { "mqtt" };
        format!("{scheme}://127.0.0.1:{}", self.ports.of(Door::Mosquitto))
    }

    /// The SMTP server of the mailbox.
    #[must_use]
    pub fn smtp_url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.ports.of(Door::Smtp))
    }

    /// The journals of the world outside.
    #[must_use]
    pub fn sandbox_folder(&self) -> PathBuf {
        self.layout.folder().join("sandbox")
    }

    /// The private key of a service.
    #[must_use]
    pub fn key_file(&self, service: &str) -> PathBuf {
        self.layout.keys().join(format!("{service}.pem"))
    }

    /// The public keys of all services.
    #[must_use]
    pub fn key_set_file(&self) -> PathBuf {
        self.layout.keys().join("services.jwks.json")
    }

    /// The key with which `identity` signs the tokens of people.
    #[must_use]
    pub fn signing_key_file(&self) -> PathBuf {
        self.layout.keys().join("tokens.pem")
    }

    pub(crate) fn role_password(&self, role: &str) -> anyhow::Result<SecretString> {
        self.secrets.get(&format!("postgres_{role}"))
    }

    fn postgres_url(
        &self,
        database: &str,
        role: &str,
        password: &SecretString,
    ) -> anyhow::Result<SecretString> {
        let (port, password) = (self.ports.of(Door::Postgres), password.expose_secret());
        let url = format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}");
        let Some(authority) = &self.authority else { return Ok(url.into()) };
        let root = authority.root();
        let root = root.to_str().context("the path of the stack is not UTF-8")?;
        let secured = [("sslmode", "verify-full"), ("sslrootcert", root)];
        Ok(reqwest::Url::parse_with_params(&url, secured)?.to_string().into())
    }
}
