//! Everything that the people of the city share.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use common::types::{
    Clock, GeoPoint, ItemId, OrderId, Role, StoreId, SystemClock, Text, Timestamp,
};
use futures::{StreamExt, TryStreamExt};
use identity_contract::http::Register;
use inventory_contract::http::{Menu, MenuItem, PutStore, Store};
use secrecy::ExposeSecret;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::person::{patiently, pause_after};
use crate::api::{Answer, Api, Call, Person, again_after};
use crate::history::{History, Line, Logbook, Op, Outcome};
use crate::ports::Door;
use crate::seed::people::{self, Hired, Roster};
use crate::seed::stores::{RADIUS_M, STORES, StoreSeed};
use crate::seed::{can_be_priced, shop};
use crate::site::Site;

use super::city::City;
use super::{Options, Tally, Totals};

/// How long an operation is tried again while somebody is away.
const TRIES_MAX: Duration = Duration::from_secs(90);
const SCREENS: usize = 60;
/// Passwords are dear to check.
const SIGNED_IN_AT_ONCE: usize = 4;
/// Stores move only for a track that begins farther away.
const MOVED_M: f64 = 1.0;
/// Degrees between a store and its neighbour when the city is laid around a track.
const NEXT_DOOR_DEG: f64 = 0.003;

/// The city, its people and what they did.
#[derive(Debug)]
pub(super) struct World {
    pub(super) options: Options,
    pub(super) site: Site,
    pub(super) api: Api,
    pub(super) history: History,
    pub(super) logbook: Logbook,
    pub(super) stores: Vec<Shop>,
    pub(super) cities: BTreeMap<String, City>,
    pub(super) couriers: Vec<Rider>,
    pub(super) tally: Tally,
    /// No more orders are placed.
    pub(super) closing_time: CancellationToken,
    /// Everybody stops.
    pub(super) home_time: CancellationToken,
    pub(super) began: Instant,
    /// So many orders are watched on the stream at once.
    pub(super) screens: Semaphore,
    since: Timestamp,
    run: Uuid,
    customers: Vec<OnceCell<Person>>,
}

/// A store with those who work there.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) seed: &'static StoreSeed,
    pub(super) id: StoreId,
    pub(super) at: GeoPoint,
    pub(super) menu: Vec<MenuItem>,
    pub(super) cooks: Vec<Person>,
    pub(super) manager: Person,
    pub(super) supplies: Vec<Supply>,
}

/// Something that is bought in again when it runs low.
#[derive(Debug)]
pub(super) struct Supply {
    pub(super) item: ItemId,
    pub(super) opening: u32,
    pub(super) low: u32,
}

/// A courier with a vehicle.
#[derive(Debug)]
pub(super) struct Rider {
    pub(super) hired: Hired,
    pub(super) person: Person,
}

impl World {
    pub(super) async fn open(site: &Site, options: Options) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let roster = Roster::open(site)?;
        let run = SystemClock.new_id();
        if let Some(track) = &options.track {
            let first = track.first().context("the track has no beginning")?;
            let reach_m = track.points().iter().map(|point| first.distance_m(*point));
            move_city(site, &api, first, reach_m.fold(0.0, f64::max), run).await?;
        }
        let mut stores = Vec::new();
        for seed in &STORES {
            stores.push(Shop::open(&api, &roster, seed).await?);
        }
        let mut cities = BTreeMap::new();
        for store in &stores {
            let cell = store.seed.cell;
            let places = stores.iter().filter(|other| other.seed.cell == cell);
            let places: Vec<GeoPoint> = places.map(|store| store.at).collect();
            cities.insert(cell.to_owned(), City::around(&places, options.seed));
        }
        let couriers = roster.with_role(Role::Courier, None);
        let couriers = couriers.map(|it| Rider { hired: it.clone(), person: it.person(&api) });
        let couriers: Vec<Rider> = couriers.collect();
        sign_in(&stores, &couriers).await?;
        Ok(Self {
            couriers,
            history: History::open(&History::file(site))?,
            logbook: Logbook::open(&Logbook::file(site))?,
            site: site.clone(),
            api,
            stores,
            cities,
            tally: Tally::default(),
            closing_time: CancellationToken::new(),
            home_time: CancellationToken::new(),
            began: Instant::now(),
            screens: Semaphore::new(SCREENS),
            since: SystemClock.now(),
            run,
            customers: (0..options.customers).map(|_| OnceCell::new()).collect(),
            options,
        })
    }

    /// Whether as many orders are completed as were wanted.
    pub(super) fn has_enough(&self) -> bool {
        self.options.orders.is_some_and(|wanted| self.tally.completed.get() >= wanted)
    }

    /// A customer, who opens an account when there is something to order.
    pub(super) async fn customer(&self, nth: usize) -> anyhow::Result<&Person> {
        let customer = self.customers.get(nth).context("no such customer")?;
        customer.get_or_try_init(|| self.register(nth)).await
    }

    async fn register(&self, nth: usize) -> anyhow::Result<Person> {
        let email = format!("customer-{nth}@people.example");
        let password = people::password(&self.site, &email)?;
        let body = Register {
            email: Text::new(&email)?,
            password: Text::new(password.expose_secret())?,
            name: Text::new(&format!("Customer {nth}"))?,
        };
        let answer = patiently(&self.api, &Call::post("/v1/auth/register", &body)?).await?;
        if answer.code() != "email-taken" {
            answer.expect_ok("no account")?;
        }
        Ok(Person::new(&self.api, email, password))
    }

    /// A key that no other operation of any run has.
    pub(super) fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.run.simple())
    }

    /// Asks for something that must survive, as often as it takes, and writes each try down. Nothing
    /// where it is still unknown when patience ends.
    pub(super) async fn surely(
        &self,
        who: &Person,
        what: Operation<'_>,
    ) -> anyhow::Result<Option<Answer>> {
        let principal = who.id().await?;
        let started = Instant::now();
        for tries in 0.. {
            let line = Line {
                idem_key: what.key.map(str::to_owned),
                order_id: what.order,
                ..Line::begun(who.email(), what.op, principal, what.call)
            };
            self.history.write(&line).await?;
            let answer = who.try_once(what.call).await?;
            let done = line.done(&answer);
            self.history.write(&done).await?;

            let own = again_after(tries);
            let pause = match &answer {
                Ok(answer) if answer.status == 401 || done.outcome == Outcome::Info => {
                    Some(answer.retry_after().unwrap_or_default().max(own))
                }
                Ok(answer) => pause_after(answer, own),
                Err(_silence) => Some(own),
            };
            if pause.is_none() && what.op == Op::Create {
                self.tally.waits.add(started);
            }
            let Some(pause) = pause else { return Ok(answer.ok()) };
            self.tally.troubles.add();
            if started.elapsed() > TRIES_MAX || self.pause(pause).await.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Waits; nothing when everybody goes home meanwhile.
    pub(super) async fn pause(&self, time: Duration) -> Option<()> {
        self.home_time.run_until_cancelled(tokio::time::sleep(time)).await
    }

    /// A time in the city as it passes here.
    pub(super) fn shortened(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds / self.options.speed).max(0.0))
    }

    pub(super) fn totals(&self) -> Totals {
        let people = self.customers.iter().filter_map(OnceCell::get);
        let tally = &self.tally;
        Totals {
            since: self.since,
            took: self.began.elapsed(),
            speed: self.options.speed,
            customers: people.filter_map(Person::known_id).collect(),
            placed: tally.placed.get(),
            completed: tally.completed.get(),
            left: tally.given_up.get() + tally.under_way(),
            track_points: self
                .options
                .track
                .as_ref()
                .map(|_| (tally.track_points_driven.get(), tally.track_points_seen.get())),
        }
    }
}

/// An operation for the history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) op: Op,
    pub(super) call: &'a Call,
    pub(super) key: Option<&'a str>,
    pub(super) order: Option<OrderId>,
}

impl Shop {
    async fn open(api: &Api, roster: &Roster, seed: &'static StoreSeed) -> anyhow::Result<Self> {
        let manager = roster.with_role(Role::StoreManager, Some(seed.slug)).next();
        let manager = manager.with_context(|| format!("{} has no manager", seed.slug))?.person(api);
        let store = manager.ask(&Call::get(format!("/v1/stores/{}", seed.id()))).await?;
        let store: Store = store.expect_ok("no store")?.json()?;
        let menu = manager.ask(&Call::get(format!("/v1/menu?store_id={}", seed.id()))).await?;
        let menu: Menu = menu.expect_ok("no menu")?.json()?;
        let supplies = seed.items().into_iter().filter_map(|stocked| {
            let (item, opening) = (stocked.item.item_id?, stocked.opening?);
            Some(Supply { item, opening, low: stocked.item.low_at })
        });
        let cooks = roster.with_role(Role::Kitchen, Some(seed.slug));
        Ok(Self {
            seed,
            id: store.store_id,
            at: store.location,
            menu: menu.categories.into_iter().flat_map(|category| category.items).collect(),
            cooks: cooks.map(|cook| cook.person(api)).collect(),
            manager,
            supplies: supplies.collect(),
        })
    }
}

/// Before the first customer comes, everybody who works is there.
async fn sign_in(stores: &[Shop], couriers: &[Rider]) -> anyhow::Result<()> {
    let cooks = stores.iter().flat_map(|store| &store.cooks);
    let all: Vec<&Person> = cooks.chain(couriers.iter().map(|it| &it.person)).collect();
    let signing = futures::stream::iter(all).map(async |person| person.id().await);
    signing.buffer_unordered(SIGNED_IN_AT_ONCE).try_collect::<Vec<Uuid>>().await?;
    Ok(())
}

/// Lays the stores of the first cell around the beginning of a track, and tells orders.
async fn move_city(
    site: &Site,
    api: &Api,
    to: GeoPoint,
    reach_m: f64,
    run: Uuid,
) -> anyhow::Result<()> {
    let admin = people::admin(site, api)?;
    let city = STORES.first().map(|store| store.cell);
    let here = STORES.iter().filter(|store| Some(store.cell) == city);
    for (nth, store) in (0_u32..).zip(here) {
        let path = format!("/v1/stores/{}", store.id());
        let there = admin.ask(&Call::get(path.as_str())).await?.expect_ok("no store")?;
        let there: Store = there.json()?;
        let at = GeoPoint::new(to.lat() + f64::from(nth) * NEXT_DOOR_DEG, to.lon())?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let reach_m = (reach_m * 1.2).clamp(f64::from(RADIUS_M), 100_000.0) as u32;
        if there.location.distance_m(at) < MOVED_M && there.radius_m >= i64::from(reach_m) {
            continue;
        }
        let put = moved(&there, at, reach_m)?;
        let call = Call::put(path, &put)?.if_match(there.version);
        admin.ask(&call).await?.expect_ok("the store does not move")?;
        let name = format!("move/{}/{run}", store.slug);
        let version = shop::publish(&admin, store.id(), &name).await?;
        can_be_priced(site, store.id(), version).await?;
    }
    Ok(())
}

fn moved(there: &Store, location: GeoPoint, radius_m: u32) -> anyhow::Result<PutStore> {
    Ok(PutStore {
        slug: Text::new(&there.slug)?,
        name: Text::new(&there.name)?,
        partner_id: there.partner_id,
        cell: there.cell.clone(),
        currency: there.currency,
        time_zone: Text::new(&there.time_zone)?,
        location,
        open: there.open,
        radius_m,
        delivery_fee_minor: there.delivery_fee_minor.try_into()?,
        order_min_minor: there.order_min_minor.try_into()?,
        tax_bp: there.tax_bp.try_into()?,
        accepts_automatically: there.accepts_automatically,
    })
}
