//! A whole gateway before stand-ins of the services.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request},
    http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use common::{
    telemetry::Scrape,
    types::{Clock, Role, SystemClock},
};
use identity_contract::http::{AUDIENCE, AccessClaims, ISSUER};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use redis_kit::RedisConfig;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service_kit::{
    HttpConfig, Kit,
    keys::{Jwks, KeyPair, generate},
    token::ServiceClaims,
};
use test_kit::{Running, TestKeys, TestRequest, TestService};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    Access, App, Config, EdgeConfig, Neighbours, Pace, RateConfig, Upstreams, around, routes,
};

pub(crate) const ANNA: Uuid = Uuid::from_u128(0xa);

const PLENTY: RateConfig = RateConfig {
    rate_principal_per_min: 100_000,
    rate_guest_per_min: 100_000,
    rate_orders_per_min: 100_000,
    rate_auth_per_min: 100_000,
    rate_webhook_per_min: 100_000,
};

/// What is different in a test.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) rates: RateConfig,
    pub(crate) edge: EdgeConfig,
    /// Nobody listens where fleet should be.
    pub(crate) fleet_is_away: bool,
    /// Nor where orders should be.
    pub(crate) orders_is_away: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let (fleet_is_away, orders_is_away) = (false, false);
        Self { rates: PLENTY, edge: EdgeConfig::default(), fleet_is_away, orders_is_away }
    }
}

/// The keys that identity publishes; none while it is away.
type Published = Arc<Mutex<Option<Jwks>>>;

pub(crate) struct Bench {
    service: TestService,
    router: Router,
    published: Published,
    key: KeyPair,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let key = generate("first").unwrap();
        let published = Arc::new(Mutex::new(Some(Jwks::of(vec![key.public.clone()]))));
        let identity = url(stand(identity(Arc::clone(&published))).await);
        let services = url(stand(services()).await);
        let fleet = if setup.fleet_is_away { nobody().await } else { services.clone() };
        let orders = if setup.orders_is_away { nobody().await } else { services.clone() };
        let config = Config {
            redis: RedisConfig {
                redis_url: None,
                redis_roots_file: None,
                redis_prefix: String::new(),
            },
            rates: setup.rates,
            edge: setup.edge,
            identity_url: identity,
            inventory_url: services.clone(),
            orders_url: orders,
            payment_url: services.clone(),
            fleet_url: fleet,
            notification_url: services,
        };
        let router = router(&config).await;
        let service = TestService::new("gateway", router.clone());
        Self { service, router, published, key }
    }

    /// The same gateway behind a real port.
    pub(crate) async fn running(&self) -> Running {
        self.running_with(512).await
    }

    /// The same with room for so many requests at once.
    pub(crate) async fn running_with(&self, http_requests_max: usize) -> Running {
        let keys = TestKeys::new("gateway");
        let http = HttpConfig { http_requests_max, ..HttpConfig::for_tests() };
        let signer = keys.signer("gateway");
        let mut kit =
            Kit::with_keys("gateway", http, Scrape::empty(), signer, keys.public).unwrap();
        kit.serve_planned(routes::plan(), self.router.clone());
        Running::start(kit).await
    }

    pub(crate) fn publish(&self, keys: &[&KeyPair]) {
        let keys = keys.iter().map(|key| key.public.clone()).collect();
        *self.published.lock().unwrap() = Some(Jwks::of(keys));
    }

    pub(crate) fn identity_goes_away(&self) {
        *self.published.lock().unwrap() = None;
    }

    pub(crate) fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Anna's access token.
    pub(crate) fn token(&self) -> String {
        signed(&self.key, &header("first"), &claims())
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> TestRequest {
        self.service.as_nobody().request(method, path)
    }

    pub(crate) fn get(&self, path: &str) -> TestRequest {
        self.service.as_nobody().get(path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> TestRequest {
        self.service.as_nobody().post(path, body)
    }

    /// Asks as somebody who runs the platform.
    pub(crate) fn operator_asks(&self, method: Method, path: &str) -> TestRequest {
        let mut claims = claims();
        claims["roles"] = json!(["ops"]);
        let token = signed(&self.key, &header("first"), &claims);
        self.ask(method, path).header("authorization", &format!("Bearer {token}"))
    }

    /// Asks as Anna.
    pub(crate) fn anna_gets(&self, path: &str) -> TestRequest {
        self.get(path).header("authorization", &format!("Bearer {}", self.token()))
    }

    /// Posts as Anna.
    pub(crate) fn anna_posts(&self, path: &str, body: Value) -> TestRequest {
        self.post(path, body).header("authorization", &format!("Bearer {}", self.token()))
    }
}

pub(crate) fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(kid.to_owned());
    header
}

pub(crate) fn claims() -> Value {
    let now_s = SystemClock.now().as_second();
    let claims = AccessClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: ANNA,
        iat: now_s,
        exp: now_s + 900,
        jti: Uuid::from_u128(1),
        roles: vec![Role::Customer],
        stores: Vec::new(),
    };
    serde_json::to_value(claims).unwrap()
}

pub(crate) fn signed(key: &KeyPair, header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_ec_pem(key.private_pem.expose_secret().as_bytes()).unwrap();
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

/// What a token between services says; its signature is the kit's affair.
pub(crate) fn read_service_token(token: &str) -> ServiceClaims {
    jsonwebtoken::dangerous::insecure_decode_claims(token).unwrap()
}

async fn router(config: &Config) -> Router {
    let signer = TestKeys::new("gateway").signer("gateway");
    let upstreams = Upstreams::new(config, signer).unwrap();
    let access =
        Access::new(test_kit::client(&config.identity_url, "identity"), Arc::new(SystemClock));
    let redis = redis_kit::connect(&config.redis).await.unwrap();
    let pace = Pace::new(&redis, config.rates, config.edge.trusted_proxies);
    let neighbours = Neighbours::new(config, |url, name| Ok(test_kit::client(url, name))).unwrap();
    let app = App::new(upstreams, access, pace, neighbours);
    around(routes::router().unwrap().with_state(app), &config.edge).unwrap()
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    url(listener.local_addr().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a stand-in lives as long as its test")]
async fn stand(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn identity(published: Published) -> Router {
    let keys = async move || match &*published.lock().unwrap() {
        Some(keys) => serde_json::to_string(keys).unwrap().into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    Router::new().route("/.well-known/jwks.json", get(keys)).fallback(echo)
}

/// All other services in one: it says what it was asked, and knows one order, number 7.
fn services() -> Router {
    Router::new()
        .route("/v1/orders/{id}", any(order))
        .route("/v1/orders/active", get(active))
        .route("/v1/menu", any(menu))
        .route("/v1/internal/xray/{id}", get(xray))
        .route("/v1/internal/dead-letters", get(letters))
        .route("/v1/internal/dead-letters/{id}/redrive", post(redrive))
        .route("/v1/internal/streams/orders/{id}", get(events))
        .route("/v1/internal/deliveries/by-order/{id}", get(delivery))
        .route("/v1/kitchen/slow", any(async || tokio::time::sleep(Duration::from_secs(30)).await))
        .route("/v1/kitchen/odd", any(odd))
        .fallback(echo)
}

/// The menu of the store `cafe`; for all others it says what it was asked.
async fn menu(request: Request) -> Response {
    match request.uri().query() {
        Some("store_id=cafe") => {
            let id = Uuid::from_u128(1);
            let menu = json!({
                "store_id": id, "menu_version": 4, "currency": "USD", "categories": [],
            });
            menu.to_string().into_response()
        }
        Some("store_id=gone") => problem("no-such-store"),
        _ => echo(request).await,
    }
}

fn problem(code: &str) -> Response {
    (StatusCode::NOT_FOUND, json!({"code": code, "status": 404}).to_string()).into_response()
}

async fn active(headers: HeaderMap) -> String {
    let claims = read_service_token(headers["x-ce-token"].to_str().unwrap());
    assert_eq!(claims.principal.id, ANNA);
    json!({"orders": [], "source": "projection"}).to_string()
}

/// What each service knows of order 7, and nothing of others.
async fn xray(Path(id): Path<String>, headers: HeaderMap) -> Response {
    let claims = read_service_token(headers["x-ce-token"].to_str().unwrap());
    assert!(claims.principal.has(Role::Service));
    if claims.aud == "orders" && !is_seven(&id) {
        return problem("no-such-order");
    }
    let names: &[&str] = match claims.aud.as_str() {
        "orders" => &["saga", "kitchen"],
        "inventory" => &["stock"],
        "payment" => &["money"],
        "fleet" => &["courier"],
        _ => &["messages"],
    };
    let entry = json!({"at": "2026-11-21T12:00:00Z", "what": format!("{} did", claims.aud)});
    let entries = if is_seven(&id) { vec![entry] } else { Vec::new() };
    let lanes: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "entries": entries})).collect();
    json!({ "lanes": lanes }).to_string().into_response()
}

/// Each service has two letters, put there in the same second by all of them.
async fn letters(request: Request) -> String {
    let claims = read_service_token(request.headers()["x-ce-token"].to_str().unwrap());
    let query = request.uri().query().unwrap();
    assert!(query.starts_with("limit=3"), "{query}");
    let letter = |id: u128, second: u8| {
        json!({
            "id": Uuid::from_u128(id), "consumer": claims.aud, "source": "orders", "key": "k", "seq": 1,
            "type": "com.cloudeats.orders.order_confirmed.v1", "event_id": Uuid::nil(),
            "code": "unreadable-event", "attempts": 5, "at": format!("2026-11-21T12:00:0{second}Z"),
        })
    };
    let letters = if query.contains("&at=") { vec![] } else { vec![letter(2, 2), letter(1, 1)] };
    json!({ "letters": letters }).to_string()
}

async fn redrive(Path(id): Path<Uuid>) -> Response {
    if id == Uuid::from_u128(1) {
        return StatusCode::NO_CONTENT.into_response();
    }
    problem("no-such-letter")
}

async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 10_000_000).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let lines = parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let lines: BTreeMap<&str, &str> = lines.collect();
    let asked = parts.uri.path_and_query().unwrap().as_str();
    let said = json!({
        "method": parts.method.as_str(), "asked": asked, "headers": lines, "bytes": body.len(),
    });
    (StatusCode::CREATED, [("etag", "\"3\"")], said.to_string()).into_response()
}

async fn odd() -> Response {
    let lines = [("x-ce-token", "secret"), ("server", "odd/1.0"), ("x-ce-outcome", "unknown")];
    (StatusCode::SERVICE_UNAVAILABLE, lines, "").into_response()
}

fn is_seven(id: &str) -> bool {
    id == Uuid::from_u128(7).to_string()
}

async fn order(Path(id): Path<String>) -> Response {
    if !is_seven(&id) {
        let problem = json!({"code": "no-such-order", "status": 404});
        return (StatusCode::NOT_FOUND, problem.to_string()).into_response();
    }
    let order = json!({
        "order_id": id, "number": 1, "customer_id": ANNA, "store_id": Uuid::nil(), "cell": "east-a",
        "fulfilment": "delivery", "state": "DISPATCHED", "status": "on_the_way", "lines": [],
        "totals": {
            "subtotal_minor": 0, "tax_minor": 0, "delivery_fee_minor": 0, "tip_minor": 0,
            "total_minor": 0, "currency": "USD",
        },
        "promise_at": null, "created_at": "2026-11-21T12:00:00Z", "version": 3,
    });
    order.to_string().into_response()
}

async fn delivery(Path(id): Path<String>) -> String {
    let place = json!({"lat": 42.5, "lon": 1.5});
    json!({
        "delivery_id": Uuid::nil(), "order_id": id, "store_id": Uuid::nil(), "cell": "east-a",
        "state": "PICKED_UP", "courier_id": null, "vehicle_id": null, "pickup": place,
        "pickup_name": "Café", "dropoff": place, "dropoff_text": "Street 1", "ready": true,
        "promise_at": null, "created_at": "2026-11-21T12:00:00Z", "version": 1,
    })
    .to_string()
}

/// Steps where orders is asked (for somebody), positions where fleet is asked (for a service).
async fn events(Path(id): Path<String>, headers: HeaderMap) -> Response {
    let claims = read_service_token(headers["x-ce-token"].to_str().unwrap());
    if !is_seven(&id) {
        let problem = json!({"code": "no-such-order", "status": 404});
        return (StatusCode::NOT_FOUND, problem.to_string()).into_response();
    }
    let body = if claims.aud == "fleet" {
        let position = json!({
            "order_id": id, "position": {"lat": 42.5, "lon": 1.5}, "at": "2026-11-21T12:00:00Z",
        });
        format!("event: position\nid: 99\ndata: {position}\n\n")
    } else {
        assert_eq!(claims.principal.id, ANNA);
        let after = headers.get("last-event-id").map_or("0", |id| id.to_str().unwrap());
        let after: u32 = after.parse().unwrap();
        let steps = (after + 1..=5).map(|seq| {
            format!("event: state\nid: {seq}\ndata: {{\"seq\":{seq},\"ended\":{}}}\n\n", seq == 5)
        });
        steps.collect()
    };
    let blocks: Vec<String> = body.split_inclusive("\n\n").map(str::to_owned).collect();
    let stream = futures::stream::unfold(blocks.into_iter(), async |mut blocks| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, std::convert::Infallible>(blocks.next()?), blocks))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}
