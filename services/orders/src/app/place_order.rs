//! Placing an order.

use common::{
    mutants,
    types::{CartId, Class, CustomerId, Fault, OrderId, StoreId},
};
use dynamo_kit::DynamoError;
use event_kit::outbox;
use jiff::SignedDuration;
use postgres_kit::StoreError;
use service_kit::{Key, Problem, Stored, Undertaking};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{FindOrderError, wrong};
use crate::{
    App,
    domain::{self, Ask, FORWARD_S, NewOrder, Order, Owner, PriceError, State},
    events,
    store::{
        self,
        answers::{Claim, Scope},
        orders::Start,
    },
    wire,
};

/// Why an order was not taken. Nothing is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceOrderError {
    #[error("there is no such store")]
    NoSuchStore,
    #[error("there is no such cart")]
    NoSuchCart,
    #[error("an order names lines or a cart, not both")]
    LinesAndCart,
    #[error("{0}")]
    Price(#[from] PriceError),
    #[error("the price has changed")]
    PriceChanged,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("a request with this key is still being worked on")]
    KeyInUse,
    #[error("the cart could not be read")]
    Cart(#[source] DynamoError),
    #[error("the order could not be stored")]
    Store(#[from] StoreError),
    #[error("the answer could not be written")]
    Answer,
}

impl Fault for PlaceOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchStore | Self::NoSuchCart => Class::Missing,
            Self::Price(PriceError::StoreClosed) | Self::PriceChanged | Self::KeyInUse => {
                Class::Conflict
            }
            Self::LinesAndCart | Self::Price(_) | Self::KeyReused => Class::Invalid,
            Self::Cart(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Answer => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchStore => "no-such-store",
            Self::NoSuchCart => "no-such-cart",
            Self::LinesAndCart => "lines-and-cart",
            Self::Price(error) => code_of(error),
            Self::PriceChanged => "price-changed",
            Self::KeyReused => "key-reused",
            Self::KeyInUse => "key-in-use",
            Self::Cart(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Answer => "unwritable-answer",
        }
    }
}

const fn code_of(error: &PriceError) -> &'static str {
    match error {
        PriceError::StoreClosed => "store-closed",
        PriceError::LineCount => "line-count",
        PriceError::UnknownItem { .. } => "unknown-item",
        PriceError::UnknownOption { .. } => "unknown-option",
        PriceError::NoAddress => "no-address",
        PriceError::OutsideArea => "outside-area",
        PriceError::BelowMinimum(_) => "below-minimum",
        PriceError::TooDear => "total-too-large",
    }
}

/// What is placed.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) customer: CustomerId,
    pub(crate) store: StoreId,
    pub(crate) ask: Ask,
    pub(crate) cart: Option<CartId>,
    pub(crate) payment_method: String,
    /// Prices and total that an old client believes in; compared, never used.
    pub(crate) believed: Option<Believed>,
}

/// What an old client believes that its order costs.
#[derive(Debug, Clone)]
pub(crate) struct Believed {
    pub(crate) unit_minor: Vec<i64>,
    pub(crate) goods_minor: i64,
}

impl App {
    /// Takes an order and waits a moment for its decision: 201 confirmed, 402 declined, 409 out of
    /// stock; 202 where there is none yet. The same key is the same order and the same answer.
    #[tracing::instrument(name = "orders.place_order", skip_all, fields(order.id))]
    pub(crate) async fn place_order(
        &self,
        key: &Key,
        placement: Placement,
        undertaking: Undertaking,
    ) -> Result<Stored, PlaceOrderError> {
        let whose = if mutants::on("key_without_principal") {
            CustomerId::from_uuid(Uuid::nil())
        } else {
            placement.customer
        };
        let id = OrderId::derive(whose, &key.text);
        tracing::Span::current().record("order.id", tracing::field::display(id));
        let scope = Scope { principal: whose.as_uuid(), route: store::answers::PLACE };
        let order = match self.priced(id, placement).await {
            Ok(order) => order,
            // The menu may have changed since the key was first used: the first answer stands.
            Err(refusal) => return self.first_answer(scope, key).await?.ok_or(refusal),
        };

        let slot = self.free_slot();
        let now = self.clock.now();
        let start = Start {
            state: if slot.is_some() { State::Reserving } else { State::Received },
            worker: slot.is_some().then_some(self.worker),
            now,
            deadline_at: now.checked_add(SignedDuration::from_secs(FORWARD_S)).unwrap_or(now),
        };
        let (order, pending) = match self.accept(scope, key, &order, start).await? {
            Accepted::Order(order, pending) => (*order, pending),
            Accepted::Known(first_answer) => return Ok(first_answer),
        };

        let Some(slot) = slot else {
            self.undecided.keep(order.id, undertaking);
            self.wake_worker();
            return Ok(pending);
        };
        let (decided, decision) = oneshot::channel();
        slot.send(super::Begun { order, decided, undertaking });
        Ok(self.within_decision_wait(decision).await.unwrap_or(pending))
    }

    async fn priced(&self, id: OrderId, placement: Placement) -> Result<NewOrder, PlaceOrderError> {
        let Placement { customer, store, mut ask, cart, payment_method, believed } = placement;
        if let Some(cart) = cart {
            if !ask.lines.is_empty() {
                return Err(PlaceOrderError::LinesAndCart);
            }
            let cart = self.read_cart(customer, cart).await.map_err(PlaceOrderError::Cart)?;
            let cart = cart.filter(|cart| cart.store == store);
            ask.lines = cart.ok_or(PlaceOrderError::NoSuchCart)?.lines;
        }
        let menu = self.menu_of(store).await?.ok_or(PlaceOrderError::NoSuchStore)?;
        let now = self.clock.now();
        let priced = domain::price(&menu, &ask, now);
        if mutants::on("write_before_validate") && priced.is_err() {
            self.write_anyway(id, customer, store, &menu.terms).await?;
        }
        let (lines, totals, promise_at) = priced?;
        if believed.is_some_and(|believed| {
            let units = lines.iter().map(|line| line.unit_minor);
            !units.eq(believed.unit_minor) || believed.goods_minor != totals.subtotal_minor
        }) {
            return Err(PlaceOrderError::PriceChanged);
        }
        Ok(NewOrder {
            id,
            customer,
            store,
            cell: menu.terms.cell.clone(),
            fulfilment: ask.fulfilment,
            lines,
            totals,
            address: ask.address,
            payment_method,
            promise_at,
        })
    }

    /// One transaction: the key, the order, what may be asked of others, and the fact.
    async fn accept(
        &self,
        scope: Scope<'_>,
        key: &Key,
        order: &NewOrder,
        start: Start,
    ) -> Result<Accepted, PlaceOrderError> {
        let mut tx = self.db.begin().await?;
        let stored = match store::orders::insert(&mut tx, order, &key.body_sha, start).await {
            Ok(order) => order,
            Err(error) if error.constraint() == Some("orders_pkey") => {
                tx.rollback().await;
                return self.known(scope, key, order.id).await;
            }
            // It may have ended so long ago that it lies in the archive.
            Err(error @ StoreError::Stale { .. }) => {
                tx.rollback().await;
                let known = self.known(scope, key, order.id).await;
                return known.map_err(|_| error.into());
            }
            // A twin has inserted the order and not yet committed.
            Err(error) if store::is_held(&error) => {
                tx.rollback().await;
                return Err(PlaceOrderError::KeyInUse);
            }
            Err(error) => return Err(error.into()),
        };
        let location = Some(format!("/v1/orders/{}", stored.id));
        let pending =
            Stored::first(axum::http::StatusCode::ACCEPTED, &wire::order(&stored), location)
                .map_err(|_: Problem| PlaceOrderError::Answer)?;
        let claim = store::answers::claim(&mut tx, scope, key, stored.id, &pending).await?;
        if claim != Claim::First {
            tx.rollback().await;
            return answer_of(claim).map(Accepted::Known);
        }
        outbox::stage(&mut tx, &events::placed(&stored)).await?;
        if mutants::on("ack_before_commit") {
            wrong::commit_some_day(tx);
        } else {
            tx.commit().await?;
        }
        Ok(Accepted::Order(Box::new(stored), pending))
    }

    /// The order is there already: its key says what was answered; where the key is forgotten, the
    /// order itself does.
    async fn known(
        &self,
        scope: Scope<'_>,
        key: &Key,
        id: OrderId,
    ) -> Result<Accepted, PlaceOrderError> {
        if let Some(answer) = self.first_answer(scope, key).await? {
            return Ok(Accepted::Known(answer));
        }
        let owner = Owner::Customer(CustomerId::from_uuid(scope.principal));
        let order = self.find_order(owner, id).await.map_err(|error| match error {
            FindOrderError::NoSuchOrder => PlaceOrderError::KeyReused,
            FindOrderError::Store(error) => error.into(),
        })?;
        let answer = wire::decision(&order).ok_or(PlaceOrderError::Answer)?;
        Ok(Accepted::Known(Stored { replayed: true, ..answer }))
    }

    async fn first_answer(
        &self,
        scope: Scope<'_>,
        key: &Key,
    ) -> Result<Option<Stored>, PlaceOrderError> {
        let mut db = self.db.acquire().await?;
        store::answers::find(&mut db, scope, key).await?.map(answer_of).transpose()
    }

    #[expect(clippy::disallowed_methods, reason = "cuts off the wait; the saga goes on by itself")]
    async fn within_decision_wait(&self, decision: oneshot::Receiver<Stored>) -> Option<Stored> {
        tokio::time::timeout(self.decision_wait, decision).await.ok()?.ok()
    }
}

enum Accepted {
    /// The order is new, and this is what is said until it is decided.
    Order(Box<Order>, Stored),
    /// This was said the first time.
    Known(Stored),
}

fn answer_of(claim: Claim) -> Result<Stored, PlaceOrderError> {
    match claim {
        Claim::Again(stored) => Ok(stored),
        Claim::First | Claim::Reused => Err(PlaceOrderError::KeyReused),
    }
}
