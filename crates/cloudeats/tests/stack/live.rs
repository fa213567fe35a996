//! Each story has a stack of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cloudeats::engines::Durability;
use cloudeats::mqtt::Passwords;
use cloudeats::ports::{Door, Ports};
use cloudeats::process::Ready;
use cloudeats::site::{SERVICES, Site};
use cloudeats::stack::{Options, Pace, Stack};
use nix::sys::signal::Signal;
use redis_kit::{Limit, Limiter, RedisConfig};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, Transport};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, Executor, PgConnection};

/// How long something may take before it surely hangs; how fast it is, `cloudeats kill-each` measures.
const PATIENCE: Duration = Duration::from_mins(1);

fn options(stack: &str) -> Options {
    // The engines' packages are shared with every other stack of the workspace.
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local");
    let folder = local.join(stack);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let cloudeats = PathBuf::from(env!("CARGO_BIN_EXE_cloudeats"));
    Options {
        local,
        stack: stack.to_owned(),
        ports: Ports::free().unwrap(),
        bin_folder: cloudeats.parent().unwrap().to_owned(),
        services: Vec::new(),
        durability: Durability::Volatile,
        pace: Pace::Public,
        observe: None,
        secured: false,
    }
}

async fn connect(url: &SecretString) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(url.expose_secret()).await
}

#[track_caller]
fn is_refused<T>(outcome: Result<T, sqlx::Error>, code: &str) {
    let error = outcome.err().expect("it should be refused");
    let found = error.as_database_error().and_then(|error| error.code().map(Into::into));
    assert_eq!(found, Some(code.to_owned()), "{error}");
}

#[tokio::test]
async fn a_service_has_its_database_without_ddl_and_no_other() {
    const DENIED: &str = "42501";
    const READ_ONLY: &str = "25006";
    let stack = Stack::up(options("journey-roles")).await.unwrap();
    let site = stack.site();

    let mut owner = connect(&site.database_url("orders", "orders_owner").unwrap()).await.unwrap();
    owner.execute("CREATE TABLE note (text text); INSERT INTO note VALUES ('a')").await.unwrap();
    let mut service = connect(&site.database_url("orders", "orders").unwrap()).await.unwrap();
    service.execute("UPDATE note SET text = 'b'").await.unwrap();
    is_refused(service.execute("CREATE TABLE mine (text text)").await, DENIED);
    is_refused(service.execute("TRUNCATE note").await, DENIED);
    is_refused(service.execute("DROP TABLE note").await, DENIED);
    is_refused(connect(&site.database_url("payment", "orders").unwrap()).await, DENIED);

    let mut checker = connect(&site.database_url("orders", "checker").unwrap()).await.unwrap();
    checker.execute("SELECT text FROM note").await.unwrap();
    is_refused(checker.execute("DELETE FROM note").await, READ_ONLY);
    checker.execute("SET default_transaction_read_only = off").await.unwrap();
    is_refused(checker.execute("DELETE FROM note").await, DENIED);

    let guess =
        format!("postgres://postgres:postgres@127.0.0.1:{}/", site.ports.of(Door::Postgres));
    is_refused(connect(&guess.into()).await, "28P01");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_killed_is_back_and_a_second_start_finds_everything() {
    let options = options("journey-kill");
    let stack = Stack::up(options.clone()).await.unwrap();
    let url = stack.site().database_url("orders", "orders_owner").unwrap();
    let mut owner = connect(&url).await.unwrap();
    owner.execute("CREATE TABLE note (text text)").await.unwrap();

    let provider = Ready::Http(options.ports.of(Door::Provider), "/livez");
    let dynamo = Ready::Tcp(options.ports.of(Door::Dynamo));
    for (name, ready) in [("sandbox", provider), ("dynamo", dynamo)] {
        let before = stack.process(name).unwrap();
        before.send(Signal::SIGKILL).unwrap();
        assert!(before.gone(PATIENCE).await);
        ready.wait(PATIENCE, || None).await.unwrap();
        // It may answer before whoever started it again has written down which process it is.
        let started = Instant::now();
        while stack.process(name).is_none_or(|now| now.pid == before.pid) {
            assert!(started.elapsed() < PATIENCE, "nobody knows the new {name}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stack.process("postgres").unwrap().send(Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    while connect(&url).await.is_err() {
        assert!(killed.elapsed() < PATIENCE, "postgres does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let refused = Stack::up(options.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("cloudeats down --stack journey-kill"), "{refused}");
    let elsewhere = Options { stack: "journey-other".to_owned(), ..options.clone() };
    let refused = Stack::up(elsewhere).await.unwrap_err().to_string();
    assert!(refused.contains("of the stack `journey-kill`"), "{refused}");
    stack.stop().await;

    let stack = Stack::up(options).await.unwrap();
    connect(&url).await.unwrap().execute("SELECT text FROM note").await.unwrap();
    stack.stop().await;
}

#[tokio::test]
async fn a_stack_that_is_observed_has_a_prometheus_that_knows_the_alarms() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../observability/prometheus");
    let options = Options { observe: Some(folder), ..options("journey-observed") };
    let stack = Stack::up(options).await.unwrap();

    assert!(stack.process("prometheus").is_some());
    let address = format!("{}/api/v1/rules?type=alert", stack.site().http_url(Door::Prometheus));
    let rules = reqwest::get(address).await.unwrap().text().await.unwrap();
    for alarm in ["Watchdog", "OutboxLag", "ErrorBudgetBurnsFast"] {
        assert!(rules.contains(&format!("\"name\":\"{alarm}\"")), "{alarm}: {rules}");
    }
    stack.stop().await;
}

struct Speaker {
    client: AsyncClient,
    events: EventLoop,
}

impl Speaker {
    fn new(port: u16, user: &str, password: &SecretString) -> Self {
        let mut options = MqttOptions::new(user, ("127.0.0.1", port));
        options.set_credentials(user, password.expose_secret().to_owned());
        let (client, events) = AsyncClient::builder(options).capacity(16).build();
        Self { client, events }
    }

    async fn listen(&mut self, topic: &str) {
        self.client.subscribe(topic, QoS::AtLeastOnce).await.unwrap();
        while !matches!(self.events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
    }

    /// Says something on each topic and waits until the broker has taken it all.
    async fn say(&mut self, topics: &[&str]) {
        for topic in topics {
            self.client.publish(*topic, "x", PublishOptions::at_least_once()).await.unwrap();
        }
        let mut taken = 0;
        while taken < topics.len() {
            if matches!(self.events.poll().await.unwrap(), Event::Incoming(Packet::PubAck(_))) {
                taken += 1;
            }
        }
    }

    /// The topics heard until `last` is heard.
    async fn hear(&mut self, last: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|topic| topic != last) {
            if let Event::Incoming(Packet::Publish(message)) = self.events.poll().await.unwrap() {
                heard.push(String::from_utf8(message.topic.to_vec()).unwrap());
            }
        }
        heard
    }
}

#[tokio::test]
async fn a_vehicle_speaks_for_itself_alone() {
    let stack = Stack::up(options("journey-mqtt")).await.unwrap();
    let site = stack.site();
    let port = site.ports.of(Door::Mosquitto);
    let (ours, theirs) = (SecretString::from("ours"), SecretString::from("theirs"));
    let vehicles = [("v-1".to_owned(), ours.clone()), ("v-2".to_owned(), theirs)];
    Passwords::of(&site.layout).unwrap().add_vehicles(&vehicles).unwrap();

    let mut fleet = Speaker::new(port, "fleet", &site.secrets.get("mqtt_fleet").unwrap());
    fleet.listen("v1/fleet/+/tel").await;
    fleet.listen("v1/fleet/+/evt").await;
    let mut vehicle = Speaker::new(port, "v-1", &ours);
    vehicle.listen("v1/fleet/+/ack").await;
    vehicle.listen("#").await;

    vehicle
        .say(&["v1/fleet/v-2/tel", "v1/fleet/v-1/ack", "v1/fleet/v-1/tel", "v1/fleet/v-1/evt"])
        .await;
    assert_eq!(fleet.hear("v1/fleet/v-1/evt").await, ["v1/fleet/v-1/tel", "v1/fleet/v-1/evt"]);
    fleet.say(&["v1/fleet/v-2/ack", "v1/fleet/v-1/tel", "v1/fleet/v-1/ack"]).await;
    let heard = vehicle.hear("v1/fleet/v-1/ack").await;
    assert!(heard.iter().all(|topic| topic == "v1/fleet/v-1/ack"), "{heard:?}");

    let mut thief = Speaker::new(port, "v-2", &ours);
    assert!(thief.events.poll().await.is_err());
    let (_client, mut nobody) =
        AsyncClient::builder(MqttOptions::new("x", ("127.0.0.1", port))).capacity(1).build();
    assert!(nobody.poll().await.is_err());
    stack.stop().await;
}

/// Which part of a URL the test asks for something else.
fn with(url: &SecretString, from: &str, to: &str) -> SecretString {
    let url = url.expose_secret();
    assert!(url.contains(from), "{from}");
    url.replace(from, to).into()
}

/// Whether two clients of Redis count together, as they do once both have reached it.
async fn two_share_a_limit(url: &SecretString, roots: &Path, within: Duration) -> bool {
    let connect = async || {
        let config = RedisConfig {
            redis_url: Some(url.clone()),
            redis_roots_file: Some(roots.to_owned()),
            redis_prefix: String::new(),
        };
        Limiter::new(&redis_kit::connect(&config).await.unwrap(), "tls")
    };
    let (one, other) = (connect().await, connect().await);
    let limit = Limit { count: 1, per_s: 60 };
    let started = Instant::now();
    for nth in 0.. {
        let key = nth.to_string();
        let both = [one.check(&key, limit).await, other.check(&key, limit).await];
        if both.iter().any(|decision| !decision.allowed) {
            return true;
        }
        if started.elapsed() > within {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Whether the broker lets the service in that comes so.
async fn is_let_in(site: &Site, transport: Transport) -> bool {
    let port = site.ports.of(Door::Mosquitto);
    let password = site.secrets.get("mqtt_fleet").unwrap();
    let mut fleet = Speaker::new(port, "fleet", &password);
    fleet.events.mqtt_options.set_transport(transport);
    matches!(fleet.events.poll().await, Ok(Event::Incoming(Packet::ConnAck(_))))
}

#[tokio::test]
async fn engines_that_speak_tls_let_in_nobody_who_does_not_and_all_services_who_do() {
    let services = SERVICES.to_vec();
    let options = Options { services, secured: true, ..options("journey-tls") };
    // The services are ready, so each has reached its database and the log of events.
    let stack = Stack::up(options).await.unwrap();
    let site = stack.site();
    let authority = site.authority.clone().unwrap();

    let url = site.database_url("orders", "orders").unwrap();
    let mut orders = connect(&url).await.unwrap();
    let secured = "SELECT version FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()";
    let version: String = sqlx::query_scalar(secured).fetch_one(&mut orders).await.unwrap();
    assert_eq!(version, "TLSv1.3");
    is_refused(connect(&with(&url, "verify-full", "disable")).await, "28000");
    // By another name it is somebody else; and whom nobody vouches for is nobody.
    assert!(connect(&with(&url, "127.0.0.1", "127.0.0.2")).await.is_err());
    assert!(connect(&with(&url, "root.pem", "clients.pem")).await.is_err());

    let url = site.redis_url().unwrap();
    assert!(two_share_a_limit(&url, &authority.root(), PATIENCE).await);
    let little = Duration::from_secs(2);
    assert!(!two_share_a_limit(&with(&url, "rediss", "redis"), &authority.root(), little).await);
    assert!(!two_share_a_limit(&url, &authority.clients().certificate, little).await);

    let certificate = std::fs::read(authority.root()).unwrap();
    assert!(is_let_in(site, authority.transport().unwrap()).await);
    assert!(!is_let_in(site, Transport::tls(certificate, None, None)).await, "no certificate");
    assert!(!is_let_in(site, Transport::Tcp).await, "in plain words");
    stack.stop().await;
}
