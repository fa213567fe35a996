//! What the orders service can do, whoever asks.

mod act_on_saga;
mod archive_orders;
mod cancel_order;
mod change_cart;
mod complete_order;
mod create_cart;
mod decide_undelivered;
mod find_cart;
mod find_order;
mod find_standing;
mod forget_keys;
mod incidents;
mod keys;
mod list_active_orders;
mod list_orders;
mod list_tickets;
mod measure_orders;
mod menus;
mod move_ticket;
mod order_step;
mod place_old_order;
mod place_order;
mod project_orders;
mod record_delivery;
mod settle_order;
mod take_menu;
mod track_order;
mod undecided;
mod work;
mod wrong;
mod xray;

use std::{sync::Arc, time::Duration};

use common::types::{Clock, OrderId};
use dynamo_kit::Dynamo;
use postgres_kit::Db;
use tokio::sync::{Notify, broadcast, mpsc};
use uuid::Uuid;

pub(crate) use act_on_saga::{Act, ByHand};
pub(crate) use cancel_order::Cancellation;
pub(crate) use change_cart::CartChange;
pub(crate) use decide_undelivered::Settlement;
pub(crate) use find_cart::FindCartError;
pub(crate) use find_order::FindOrderError;
pub(crate) use list_active_orders::ActiveOf;
pub(crate) use menus::Menus;
pub(crate) use move_ticket::Whither;
pub(crate) use place_old_order::{OldLine, OldPlacement};
pub(crate) use place_order::{PlaceOrderError, Placement};
pub(crate) use project_orders::TURN;
pub(crate) use record_delivery::{DeliveryFact, RecordDeliveryError};
pub(crate) use settle_order::Settled;
pub(crate) use take_menu::TakeMenuError;
pub(crate) use track_order::Tracking;
pub(crate) use undecided::Undecided;
pub(crate) use work::Begun;

/// The orders service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    dynamo: Dynamo,
    menus: Menus,
    /// This process, as leases name it.
    worker: Uuid,
    /// Hands a just accepted order to the saga's worker; a free place is a free slot.
    begun: mpsc::Sender<Begun>,
    /// Tells the saga's worker that something is due.
    due: Arc<Notify>,
    /// Tells those who follow an order that it took a step.
    steps: broadcast::Sender<OrderId>,
    pub(crate) undecided: Undecided,
    decision_wait: Duration,
}

/// Finished parts of which an [`App`] is made.
pub struct Parts {
    /// The service's own database.
    pub db: Db,
    /// Carts, menus and the projection.
    pub dynamo: Dynamo,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// How long a customer waits for the decision.
    pub decision_wait: Duration,
    /// How many orders may be worked on at once.
    pub slots: usize,
}

const FOLLOWERS_BEHIND_MAX: usize = 4_096;

impl App {
    /// Puts the finished parts together; the receiver belongs to the saga's worker.
    #[must_use]
    pub fn new(parts: Parts) -> (Self, Inbox) {
        let (begun, receiver) = mpsc::channel(parts.slots.max(1));
        let app = Self {
            worker: parts.clock.new_id(),
            menus: Menus::default(),
            begun,
            due: Arc::new(Notify::new()),
            undecided: Undecided::default(),
            steps: broadcast::Sender::new(FOLLOWERS_BEHIND_MAX),
            db: parts.db,
            clock: parts.clock,
            dynamo: parts.dynamo,
            decision_wait: parts.decision_wait,
        };
        (app, Inbox(receiver))
    }
}

/// Just accepted orders on their way to the saga's worker.
pub struct Inbox(pub(crate) mpsc::Receiver<Begun>);
