//! `cloudeats chaos stock`: many buyers, few units, all at once (F14).
//!
//! Once for one item, once for two drinks that share their beans: exactly what is there is sold, and
//! whoever gets nothing is not charged.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use common::types::{
    Clock, CustomerId, ItemId, OrderId, Quantity, StoreId, SystemClock, Text, Timestamp,
};
use futures::{StreamExt, TryStreamExt};
use identity_contract::http::Register;
use inventory_contract::http::{SetStock, StockReason};
use orders_contract::http::{Fulfilment, OrderLine, PlaceOrder};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::{Api, Call, Person, again_after};
use crate::check::{Report, check};
use crate::commands::{down, say};
use crate::history::{History, Line, Op, Outcome};
use crate::layout::Layout;
use crate::look;
use crate::ports::Door;
use crate::run::{Keeper, Place, until_told};
use crate::seed;
use crate::seed::people::Roster;
use crate::seed::shop::levels;
use crate::seed::stores::{STORES, StoreSeed};
use crate::site::Site;
use crate::stack::{Options, Stack, Strain};

const STACK: &str = "chaos-stock";
const BUYERS: u16 = 1_000;
const UNITS: u16 = 50;
const QUIESCE_MAX: Duration = Duration::from_mins(2);
/// Accounts that are made at once.
const AT_ONCE: usize = 8;
/// Somebody who has no answer by then will not get one.
const DECIDED_MAX: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(250);

/// A flash sale on a stack of its own.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Stock {
    #[command(flatten)]
    place: Place,
    /// How many want some
    #[arg(long, default_value_t = BUYERS, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    buyers: u16,
    /// How much there is
    #[arg(long, default_value_t = UNITS, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    units: u16,
}

/// What is sold, and out of what.
struct Sale {
    name: &'static str,
    /// What lies on the shelf.
    shelf: &'static str,
    /// What buyers order, one after the other, and what each takes off the shelf.
    wanted: &'static [(&'static str, u32)],
}

const SALES: [Sale; 2] = [
    Sale { name: "one item", shelf: "cold-brew", wanted: &[("cold-brew", 1)] },
    Sale {
        name: "drinks that share beans",
        shelf: "beans",
        wanted: &[("espresso", 9), ("double-espresso", 18)],
    },
];

/// What was asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    order: OrderId,
    amount: u32,
    at: Timestamp,
}

/// What became of one buyer.
#[derive(Debug, Clone, Copy)]
struct Bought {
    order: OrderId,
    amount: u32,
    /// From the first try until it was decided.
    took: Duration,
    got_it: bool,
}

/// When and how orders were decided; a buyer may have been told only that the order is taken.
const DECIDED: &str = "
    SELECT order_id, to_state = 'CONFIRMED', extract(epoch FROM min(at))::float8
      FROM order_transition
     WHERE order_id = ANY ($1) AND to_state IN ('CONFIRMED', 'REJECTED')
     GROUP BY order_id, to_state";

impl Stock {
    /// As usual: a thousand want fifty.
    pub(super) const fn of(place: Place) -> Self {
        Self { place, buyers: BUYERS, units: UNITS }
    }

    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.hold(&until_told()).await
    }

    pub(super) async fn hold(self, stop: &CancellationToken) -> anyhow::Result<()> {
        let sale = FlashSale {
            options: self.place.options_of(STACK)?,
            buyers: self.buyers.into(),
            units: self.units.into(),
            environment: Vec::new(),
        };
        let Some(sold) = sale.hold(stop).await? else { return Ok(()) };
        say(sold.report.table());
        for wrong in &sold.wrong {
            say(format_args!("  {wrong}"));
        }
        sold.report.passed()?;
        ensure!(sold.wrong.is_empty(), "the sale was not fair");
        Ok(())
    }
}

/// What came of a sale.
pub(crate) struct Sold {
    pub(crate) report: Report,
    /// What whoever counts found.
    pub(crate) wrong: Vec<String>,
}

/// The sale itself.
pub(crate) struct FlashSale {
    pub(crate) options: Options,
    pub(crate) buyers: usize,
    pub(crate) units: u32,
    /// What every service is told besides.
    pub(crate) environment: Vec<(String, String)>,
}

impl FlashSale {
    /// Holds it on a new stack; nothing where told to stop before it was up.
    pub(crate) async fn hold(self, stop: &CancellationToken) -> anyhow::Result<Option<Sold>> {
        let options = self.options.clone();
        drop(Keeper::mark(&options)?);
        let layout = Layout::new(&options.local, &options.stack)?;
        down::end_all(&layout.marks()).await?;
        layout.clear()?;
        let mark = Keeper::mark(&options)?;
        // A thousand accounts are not what is measured: their passwords are cheap.
        let cheap = ("CE_ARGON2_MEMORY_KIB".to_owned(), "1024".to_owned());
        let environment = [vec![cheap], self.environment.clone()].concat();
        let strain = Strain { environment, ..Strain::default() };
        let stack = match Box::pin(Stack::up_under(options, &strain, stop)).await {
            Err(_given_up) if stop.is_cancelled() => return Ok(None),
            started => started?,
        };
        let selling = Box::pin(self.sell(stack.site()));
        let outcome = stop.run_until_cancelled(selling).await;
        say("stopping");
        stack.stop().await;
        drop(mark);
        outcome.context("told to stop")?.map(Some)
    }

    async fn sell(&self, site: &Site) -> anyhow::Result<Sold> {
        seed::seed(site).await?;
        let api = Api::new(site.http_url(Door::Gateway))?;
        let buyers = buyers(&api, self.buyers).await?;
        let history = History::open(&History::file(site))?;
        let [store, ..] = &STORES;
        let mut wrong = Vec::new();
        for sale in &SALES {
            let there = self.units * sale.smallest();
            lay_in(site, &api, store, sale.shelf, there).await?;
            let found = match rush(&history, store, sale, &buyers).await {
                Ok(asked) => count(site, &api, store, sale, there, &asked).await,
                Err(error) => Err(error),
            };
            // However it ended, what is there is judged.
            wrong.extend(found.unwrap_or_else(|error| vec![format!("{}: {error:#}", sale.name)]));
        }
        // Nothing is fetched, so no vehicle says anything.
        let report = check(site, QUIESCE_MAX).await?.without("I12");
        Ok(Sold { report, wrong })
    }
}

impl Sale {
    /// The least that a buyer wants.
    fn smallest(&self) -> u32 {
        self.wanted.iter().map(|(_, amount)| *amount).min().unwrap_or(1)
    }
}

/// People with accounts, signed in.
async fn buyers(api: &Api, many: usize) -> anyhow::Result<Vec<Person>> {
    let begun = Instant::now();
    let made = futures::stream::iter(0..many).map(async |nth| {
        let email = format!("buyer-{nth}@people.example");
        let password = SecretString::from(format!("{}-{nth}", SystemClock.new_id()));
        let body = Register {
            email: Text::new(&email)?,
            password: Text::new(password.expose_secret())?,
            name: Text::new(&format!("Buyer {nth}"))?,
        };
        let call = Call::post("/v1/auth/register", &body)?;
        crate::api::person::patiently(api, &call).await?.expect_ok("no account")?;
        let person = Person::new(api, email, password);
        person.id().await?;
        anyhow::Ok(person)
    });
    let people = made.buffer_unordered(AT_ONCE).try_collect::<Vec<Person>>().await?;
    say(format_args!("{many} accounts after {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(people)
}

/// So much lies on the shelf, and nothing of it is held.
async fn lay_in(
    site: &Site,
    api: &Api,
    store: &StoreSeed,
    shelf: &str,
    there: u32,
) -> anyhow::Result<()> {
    let manager = manager(site, api, store)?;
    let body = SetStock {
        store_id: StoreId::from_uuid(store.id()),
        on_hand: Some(there),
        delta: None,
        reason: StockReason::Count,
    };
    let path = format!("/v1/inventory/{}", store.item_id(shelf));
    let key = format!("flash-sale-{}", SystemClock.new_id().simple());
    manager.ask(&Call::put(path, &body)?.key(key)).await?.expect_ok("nothing to sell")?;
    Ok(())
}

/// Everybody at once.
async fn rush(
    history: &History,
    store: &StoreSeed,
    sale: &Sale,
    buyers: &[Person],
) -> anyhow::Result<Vec<Asked>> {
    let wanted = sale.wanted.iter().cycle();
    let all = buyers
        .iter()
        .zip(wanted)
        .map(async |(person, (slug, amount))| buy(history, person, store, slug, *amount).await);
    futures::future::try_join_all(all).await
}

/// Orders one of something, and asks with the same key until the order is taken or refused.
async fn buy(
    history: &History,
    person: &Person,
    store: &StoreSeed,
    slug: &str,
    amount: u32,
) -> anyhow::Result<Asked> {
    let principal = person.id().await?;
    let key = format!("flash-{}", SystemClock.new_id().simple());
    let order = OrderId::derive(CustomerId::from_uuid(principal), &key);
    let call = Call::post("/v1/orders", &one(store, slug)?)?.key(key.as_str());
    let (begun, asked) = (Instant::now(), Asked { order, amount, at: SystemClock.now() });
    for tries in 0.. {
        let line = Line {
            idem_key: Some(key.clone()),
            order_id: Some(order),
            ..Line::begun(person.email(), Op::Create, principal, &call)
        };
        history.write(&line).await?;
        let answer = person.try_once(&call).await?;
        let done = line.done(&answer);
        history.write(&done).await?;
        match done.outcome {
            Outcome::Ok | Outcome::Refused => return Ok(asked),
            Outcome::Fail if !matches!(done.http, None | Some(401 | 429)) => {
                bail!("a buyer was told {:?}", answer.map(|it| it.code()));
            }
            Outcome::Fail | Outcome::Info => {}
        }
        let waited_s = begun.elapsed().as_secs();
        ensure!(waited_s < DECIDED_MAX.as_secs(), "a buyer was told nothing for {waited_s} s");
        let later = answer.ok().and_then(|answer| answer.retry_after()).unwrap_or_default();
        tokio::time::sleep(later.max(again_after(tries))).await;
    }
    bail!("a buyer asked too often")
}

/// Waits until every order is confirmed or rejected.
async fn decided(site: &Site, asked: &[Asked]) -> anyhow::Result<Vec<Bought>> {
    let ids: Vec<Uuid> = asked.iter().map(|asked| asked.order.as_uuid()).collect();
    let mut orders = look::into(site, "orders").await?;
    let begun = Instant::now();
    loop {
        let rows: Vec<(Uuid, bool, f64)> =
            sqlx::query_as(DECIDED).bind(&ids).fetch_all(&mut orders).await?;
        if rows.len() >= asked.len() {
            let rows: HashMap<Uuid, (bool, f64)> =
                rows.into_iter().map(|(id, won, at_s)| (id, (won, at_s))).collect();
            let bought = asked.iter().map(|asked| asked.decided(&rows));
            return bought.collect::<Option<_>>().context("an order is missing");
        }
        let left = asked.len() - rows.len();
        ensure!(begun.elapsed() < DECIDED_MAX, "{left} orders are not decided");
        tokio::time::sleep(LOOK).await;
    }
}

impl Asked {
    fn decided(&self, rows: &HashMap<Uuid, (bool, f64)>) -> Option<Bought> {
        let (got_it, at_s) = *rows.get(&self.order.as_uuid())?;
        let took_s = at_s - self.at.as_duration().as_secs_f64();
        let took = Duration::from_secs_f64(took_s.max(0.0));
        Some(Bought { order: self.order, amount: self.amount, took, got_it })
    }
}

fn one(store: &StoreSeed, slug: &str) -> anyhow::Result<PlaceOrder> {
    Ok(PlaceOrder {
        store_id: StoreId::from_uuid(store.id()),
        fulfilment: Fulfilment::Pickup,
        cart_id: None,
        lines: vec![OrderLine {
            item_id: ItemId::from_uuid(store.item_id(slug)),
            quantity: Quantity::new(1)?,
            options: Vec::new(),
            note: None,
        }],
        address: None,
        payment_method_id: Text::new("pm_approved")?,
        tip_minor: 0,
    })
}

/// Exactly what was there is sold; nobody else was asked for money. Answers what is wrong.
async fn count(
    site: &Site,
    api: &Api,
    store: &StoreSeed,
    sale: &Sale,
    there: u32,
    asked: &[Asked],
) -> anyhow::Result<Vec<String>> {
    let bought = decided(site, asked).await?;
    let sold: u32 = bought.iter().filter(|it| it.got_it).map(|it| it.amount).sum();
    let winners = bought.iter().filter(|it| it.got_it).count();
    let mut took: Vec<Duration> = bought.iter().map(|it| it.took).collect();
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    let last = took.last().copied().unwrap_or_default();
    let shelf = ItemId::from_uuid(store.item_id(sale.shelf));
    let manager = manager(site, api, store)?;
    let level = levels(&manager, store.id(), &[shelf]).await?.levels.into_iter().next();
    let level = level.context("the shelf is gone")?;
    let charged = losers_charged(site, &bought).await?;
    say(format_args!(
        "\n{}: {there} there, {} buyers at once: {winners} bought {sold}, {} refused, {charged} of them \
         charged\n  on hand {}, held {}; decided after p50 {} ms, p99 {} ms, last {} ms; {:.0} decisions/s",
        sale.name,
        bought.len(),
        bought.len() - winners,
        level.on_hand,
        level.reserved,
        at(50).as_millis(),
        at(99).as_millis(),
        last.as_millis(),
        f64::from(u32::try_from(bought.len())?) / last.as_secs_f64().max(0.001),
    ));
    // Whoever wanted the smallest was refused only when there was not even that.
    let smallest = sale.smallest();
    let wanted: u32 = bought.iter().map(|it| it.amount).sum();
    let left = there.saturating_sub(sold);
    let kept = level.reserved + (i64::from(there) - level.on_hand);
    let rules = [
        (sold <= there, format!("{sold} sold of {there}")),
        (
            wanted <= there || left < smallest,
            format!("{left} were left though somebody wanted them"),
        ),
        (i64::from(sold) <= kept, format!("{sold} sold, {kept} kept for those who bought")),
        (charged == 0, format!("{charged} who got nothing were charged")),
    ];
    let broken = rules.into_iter().filter(|(kept, _)| !kept);
    Ok(broken.map(|(_, wrong)| format!("{}: {wrong}", sale.name)).collect())
}

/// How many of those who got nothing the provider was asked about.
async fn losers_charged(site: &Site, bought: &[Bought]) -> anyhow::Result<usize> {
    let losers: Vec<Uuid> =
        bought.iter().filter(|it| !it.got_it).map(|it| it.order.as_uuid()).collect();
    let mut payment = look::into(site, "payment").await?;
    let asked: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM payment WHERE order_id = ANY ($1) AND authorized_minor > 0",
    )
    .bind(&losers)
    .fetch_one(&mut payment)
    .await?;
    Ok(usize::try_from(asked)?)
}

fn manager(site: &Site, api: &Api, store: &StoreSeed) -> anyhow::Result<Person> {
    let roster = Roster::open(site)?;
    let hired = roster.with_role(common::types::Role::StoreManager, Some(store.slug)).next();
    Ok(hired.with_context(|| format!("{} has no manager", store.slug))?.person(api))
}
