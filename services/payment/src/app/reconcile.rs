//! Use case: hold the provider's books beside ours, in both directions (PAY-13).

use std::collections::HashSet;

use common::types::Timestamp;
use event_kit::outbox;
use jiff::SignedDuration;
use postgres_kit::{StoreError, Tx};

use super::end;
use crate::{
    App,
    clients::{NotDecided, Window},
    domain::{CallKey, Difference, Fact, Known, Operation, Payment, Verdict, compare},
    events, metrics,
    store::{
        self,
        notices::Outcome,
        recon::{Break, known},
    },
};

/// A provider that was never walked is walked from so long ago.
const FIRST: SignedDuration = SignedDuration::from_hours(24);
/// What is done now may not be booked here yet.
const LAG: SignedDuration = SignedDuration::from_secs(10);
/// At most so much is held in memory at once.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Its clock and ours may differ by so much.
const DRIFT: SignedDuration = SignedDuration::from_secs(60);
const BOOKED_AT_ONCE: i64 = 500;
const PARKED_AT_ONCE: i64 = 100;

/// Why a walk ended early; the next goes on from there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error("the provider does not say what it did")]
    Open(#[from] NotDecided),
    #[error("the file is not whole: {found} lines of {told}")]
    NotWhole { found: i64, told: i64 },
    #[error("another process took the file over")]
    Superseded,
    #[error("what was found could not be stored")]
    Store(#[from] StoreError),
}

impl App {
    /// Walks what the provider did since the last walk, and what we booked. Calls that are open here are
    /// decided by it, holds that nobody wants are let go, and what differs waits for a person.
    #[tracing::instrument(name = "payment.reconcile", skip_all)]
    pub(crate) async fn reconcile(&self) -> Result<(), ReconcileError> {
        let (provider, now) = (self.provider.name(), self.clock.now());
        let mut db = self.db.acquire().await?;
        let claimed = store::recon::claim_walk(&mut db, provider, now - FIRST).await?;
        drop(db);
        let Some((walked_to, theirs)) = claimed else { return Ok(()) };
        let outcome = self.walk(walked_to, now.min(theirs) - LAG).await;
        let mut db = self.db.acquire().await?;
        store::recon::end_walk(&mut db, provider).await?;
        metrics::breaks_open(store::recon::count_open(&mut db).await?);
        drop(db);
        self.unpark_all(now - FIRST).await?;
        outcome
    }

    async fn walk(&self, mut from: Timestamp, until: Timestamp) -> Result<(), ReconcileError> {
        while from < until {
            let to = (from + WINDOW).min(until);
            self.compare_window(Window { from, to }).await?;
            let mut db = self.db.acquire().await?;
            store::recon::keep_walk(&mut db, self.provider.name(), to).await?;
            from = to;
        }
        Ok(())
    }

    async fn compare_window(&self, window: Window) -> Result<(), ReconcileError> {
        let wider = Window { from: window.from - DRIFT, to: window.to + DRIFT };
        let mut theirs = HashSet::new();
        let mut after = None;
        loop {
            let page = self.provider.list(wider, after.as_deref()).await?;
            let keys: Vec<String> =
                page.operations.iter().map(|operation| operation.key.clone()).collect();
            let ours = known(&mut *self.db.acquire().await?, &keys).await?;
            for operation in &page.operations {
                self.compare_one(ours.get(&operation.key), operation).await?;
            }
            theirs.extend(keys);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.look_for_missing(window, &theirs).await
    }

    async fn compare_one(
        &self,
        ours: Option<&Known>,
        operation: &Operation,
    ) -> Result<(), StoreError> {
        let difference = match compare(ours, operation) {
            Verdict::Same => return Ok(()),
            Verdict::Open => None,
            Verdict::Differs(difference) => Some(difference),
        };
        let mut tx = self.db.begin().await?;
        let outcome = self.settle_difference(&mut tx, ours, operation, difference).await;
        end(tx, outcome).await
    }

    async fn settle_difference(
        &self,
        tx: &mut Tx,
        ours: Option<&Known>,
        operation: &Operation,
        difference: Option<Difference>,
    ) -> Result<(), StoreError> {
        // Money that is held and should not be is let go, whatever a person makes of it later.
        let acts = matches!(operation.fact, Fact::Authorized { .. } | Fact::Expired);
        let heard = match difference {
            Some(_) if !acts => Outcome::Ignored,
            _ => self.take_in(tx, operation).await?,
        };
        let explained =
            operation.fact == Fact::Expired && matches!(heard, Outcome::Applied | Outcome::Stale);
        let Some(difference) = difference.filter(|_| !explained) else { return Ok(()) };

        let order = CallKey::parse(&operation.key).map(|call| call.order);
        let payment = match order.or(ours.map(|known| known.order)) {
            Some(order) => store::payments::find(tx, order).await?,
            None => None,
        };
        let mut found = self.broken(difference, &operation.key, payment.as_ref());
        found.order = found.order.or(order);
        found.theirs = format!("{:?}", operation.fact);
        found.theirs_minor = Some(operation.amount_minor);
        if let Some(known) = ours {
            known.outcome.name().clone_into(&mut found.ours);
            found.ours_minor = Some(known.amount_minor);
        }
        self.insert_break(tx, &found).await
    }

    /// What we booked in the window, and the provider does not list: it is asked for each.
    async fn look_for_missing(
        &self,
        window: Window,
        theirs: &HashSet<String>,
    ) -> Result<(), ReconcileError> {
        let mut after = None;
        loop {
            let mut db = self.db.acquire().await?;
            let Window { from, to } = window;
            let booked =
                store::ledger::calls_booked(&mut db, from, to, after, BOOKED_AT_ONCE).await?;
            drop(db);
            let Some((last, _)) = booked.last() else { return Ok(()) };
            after = Some(*last);
            for (_, key) in booked {
                if !theirs.contains(&key) && self.provider.find(&key).await?.is_none() {
                    self.report_missing(&key).await?;
                }
            }
        }
    }

    async fn report_missing(&self, key: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.report_missing_in(&mut tx, key).await;
        end(tx, outcome).await
    }

    async fn report_missing_in(&self, tx: &mut Tx, key: &str) -> Result<(), StoreError> {
        let ours = known(tx, &[key.to_owned()]).await?;
        let payment = store::payments::find_by_key(tx, key).await?;
        let mut found = self.broken(Difference::MissingAtProvider, key, payment.as_ref());
        "nothing".clone_into(&mut found.theirs);
        if let Some(known) = ours.get(key) {
            known.outcome.name().clone_into(&mut found.ours);
            found.ours_minor = Some(known.amount_minor);
        }
        self.insert_break(tx, &found).await
    }

    /// Writes down that what the provider says does not fit, once for each kind and key.
    pub(super) async fn break_found(
        &self,
        tx: &mut Tx,
        difference: Difference,
        key: &str,
        payment: Option<&Payment>,
        (theirs, theirs_minor): (String, Option<i64>),
    ) -> Result<(), StoreError> {
        let found = self.broken(difference, key, payment);
        self.insert_break(tx, &Break { theirs, theirs_minor, ..found }).await
    }

    pub(super) fn broken(
        &self,
        difference: Difference,
        key: &str,
        payment: Option<&Payment>,
    ) -> Break {
        let state = payment.map_or("nothing", |payment| payment.state().name());
        Break {
            id: self.clock.new_id(),
            provider: self.provider.name().to_owned(),
            difference,
            call_key: key.to_owned(),
            order: payment.map(Payment::order),
            payment: payment.map(Payment::id),
            ours: state.to_owned(),
            ours_minor: None,
            theirs: String::new(),
            theirs_minor: None,
            found_at: self.clock.now(),
            file_day: None,
            resolved: None,
        }
    }

    /// Stores a break and tells of it, unless it was found before.
    pub(super) async fn insert_break(&self, tx: &mut Tx, found: &Break) -> Result<(), StoreError> {
        if store::recon::insert(tx, found).await? {
            tracing::error!(
                call.key = found.call_key,
                difference = found.difference.name(),
                "the provider's books and ours differ"
            );
            outbox::stage(tx, &events::broken(found)).await?;
        }
        Ok(())
    }

    async fn unpark_all(&self, after: Timestamp) -> Result<(), StoreError> {
        let mut db = self.db.acquire().await?;
        let provider = self.provider.name();
        let parked = store::notices::list_parked(&mut db, provider, after, PARKED_AT_ONCE).await?;
        drop(db);
        for (id, body) in parked {
            self.unpark(&id, &body).await?;
        }
        Ok(())
    }
}
