//! `cloudeats simulate`: customers, cooks, managers and couriers who use the system as people do.
//!
//! Customers come when they come, whether or not the former ones were served (an open model), and
//! every operation that must survive is written to a history outside of the system.

mod city;
mod closing;
mod couriers;
mod customers;
mod device;
mod doubters;
mod gpx;
mod kitchen;
mod plan;
mod stockroom;
mod tally;
mod track;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Mood;
use crate::commands::{Which, told_to_stop};
use crate::site::Site;

pub use self::closing::closing;
pub use self::gpx::Track;
pub(crate) use self::tally::is_of;
pub use self::tally::{Tally, Totals};
use self::world::World;

/// How long orders on their way may take to end when no more are placed.
const DRAIN_MAX: Duration = Duration::from_mins(4);
/// Whoever says stop does not want to wait for them.
const LEAVE_MAX: Duration = Duration::from_secs(3);

/// Plays the demo city on a running, seeded stack.
#[derive(Debug, Clone, clap::Args)]
pub struct Simulate {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    city: CityArgs,
    /// Stop when so many orders are completed; without it, at Ctrl-C
    #[arg(long)]
    orders: Option<u64>,
    /// Orders per second, on average
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    rate: f64,
    /// Shortens preparation and roads alike
    #[arg(long, default_value_t = 20.0, value_parser = positive)]
    speed: f64,
}

/// What sort of city it is.
#[derive(Debug, Clone, clap::Args)]
pub struct CityArgs {
    /// Share of orders that are collected at the counter, in per cent
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u8).range(0..=100))]
    pickup_pct: u8,
    /// Share of orders that are put into a cart first, in per cent
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u8).range(0..=100))]
    cart_pct: u8,
    /// How many customers there are; more where the rate needs them
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=2000))]
    customers: u16,
    /// Makes the same city, the same orders and the same ways
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lay the city around this track (GPX 1.1) and have a courier drive it
    #[arg(long)]
    gpx: Option<PathBuf>,
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Options {
    /// Stop when so many orders are completed.
    pub orders: Option<u64>,
    /// Orders per second.
    pub rate: f64,
    /// Shortens preparation and roads alike.
    pub speed: f64,
    /// Share of orders that are collected, 0 to 1.
    pub pickup: f64,
    /// Share of orders that were in a cart, 0 to 1.
    pub carts: f64,
    /// How many customers there are.
    pub customers: usize,
    /// Makes the same city, orders and ways.
    pub seed: u64,
    /// The city is laid around it.
    pub track: Option<Track>,
}

impl CityArgs {
    /// What makes two runs alike.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The whole game.
    pub fn options(&self, orders: Option<u64>, rate: f64, speed: f64) -> anyhow::Result<Options> {
        let track = self.gpx.as_deref().map(Track::read).transpose()?;
        Ok(Options {
            orders,
            rate,
            speed,
            pickup: f64::from(self.pickup_pct) / 100.0,
            carts: f64::from(self.cart_pct) / 100.0,
            customers: usize::from(self.customers).max(customers_for(rate)),
            seed: self.seed,
            track,
        })
    }
}

impl Simulate {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let site = Site::open(self.which.layout()?)?;
        let options = self.city.options(self.orders, self.rate, self.speed)?;
        let stop = CancellationToken::new();
        let told = stop.clone();
        let tasks = TaskTracker::new();
        tasks.spawn(async move {
            if told_to_stop().await.is_ok() {
                told.cancel();
            }
        });
        let totals = play(&site, options, stop).await?;
        closing(&site, &totals).await
    }
}

/// Plays until enough orders are completed or `stop`, then lets those under way end.
pub async fn play(
    site: &Site,
    options: Options,
    stop: CancellationToken,
) -> anyhow::Result<Totals> {
    let game = Game::begin(site, options).await?;
    game.wait(&stop).await;
    game.end(&stop).await
}

/// A simulation under way.
#[derive(Debug)]
pub struct Game {
    world: Arc<World>,
    tasks: TaskTracker,
}

impl Game {
    /// Begins to play on a running, seeded stack.
    pub async fn begin(site: &Site, options: Options) -> anyhow::Result<Self> {
        let world = Arc::new(World::open(site, options).await?);
        let tasks = TaskTracker::new();
        for store in 0..world.stores.len() {
            tasks.spawn(kitchen::run(world.clone(), store));
            tasks.spawn(stockroom::run(world.clone(), store));
        }
        for courier in 0..world.couriers.len() {
            tasks.spawn(couriers::run(world.clone(), courier));
        }
        tasks.spawn(customers::run(world.clone(), tasks.clone()));
        tasks.spawn(tally::show(world.clone()));
        Ok(Self { world, tasks })
    }

    /// What has happened so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.world.tally
    }

    /// How everybody in the city behaves.
    #[must_use]
    pub fn mood(&self) -> &Mood {
        self.world.api.mood()
    }

    /// Waits until enough orders are completed, or until told to stop.
    pub async fn wait(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() && !self.world.has_enough() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Places no more orders, lets those under way end, sends everybody home. Told to `stop`, it does
    /// not wait for the orders: they stay where they are.
    pub async fn end(self, stop: &CancellationToken) -> anyhow::Result<Totals> {
        self.end_within(stop, DRAIN_MAX).await
    }

    /// The same; orders under way may take so long.
    pub async fn end_within(
        self,
        stop: &CancellationToken,
        drain_max: Duration,
    ) -> anyhow::Result<Totals> {
        let world = self.world;
        world.closing_time.cancel();
        let begun = Instant::now();
        let patience = || if stop.is_cancelled() { LEAVE_MAX } else { drain_max };
        while world.tally.under_way() > 0 && begun.elapsed() < patience() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.home_time.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        Ok(world.totals())
    }
}

/// A gateway lets one customer place 10 orders a minute.
fn customers_for(rate: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number"
    )]
    let needed = (rate * 9.0).ceil() as usize;
    needed
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1_000.0 => Ok(number),
        _ => Err("a number above 0, at most 1000".to_owned()),
    }
}
