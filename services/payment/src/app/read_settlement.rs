//! Use case: hold the provider's daily file beside the books, in both directions (PAY-13).

use common::types::{OrderId, Timestamp};
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};
use postgres_kit::{StoreError, Tx};

use super::{end, reconcile::ReconcileError};
use crate::{
    App,
    domain::Difference,
    metrics,
    store::{
        self,
        recon::Break,
        settlements::{Claimed, Differing, Unlisted},
    },
};

/// What is booked so late in a day may stand in the next day's file.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
/// A file that is not there so long after it was due is told to a person.
const LATE: SignedDuration = SignedDuration::from_hours(24);
/// And is asked for again so much later, behind the files of the days after it.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// One that could not be read is tried again so much later, behind the others, too.
const TRIED_AGAIN: SignedDuration = SignedDuration::from_mins(10);
const COMPARED_AT_ONCE: i64 = 500;

/// What became of a file.
enum Found {
    /// It was compared with the books.
    All,
    /// It is not there, and was passed over.
    Nothing,
    /// It may still come.
    NotYet,
}

impl App {
    /// Reads the files of the days that are over since `after`, each once and to its end, compares them with
    /// the books, and closes the breaks that have healed.
    #[tracing::instrument(name = "payment.read_settlement", skip_all)]
    pub(crate) async fn read_settlements(
        &self,
        after: SignedDuration,
    ) -> Result<(), ReconcileError> {
        let provider = self.provider.name();
        let due = self.clock.now() - after;
        let until = day_of(due).saturating_sub(1.day());
        let mut failed = None;
        loop {
            let now = self.clock.now();
            let mut db = self.db.acquire().await?;
            let claimed = store::settlements::claim(&mut db, provider, until, now).await?;
            drop(db);
            let Some(claimed) = claimed else { break };
            let outcome = self.read_settlement(&claimed, due).await;
            let mut db = self.db.acquire().await?;
            if let Err(error) = outcome {
                let again_at = now + TRIED_AGAIN;
                store::settlements::postpone(&mut db, provider, &claimed, again_at).await?;
                failed.get_or_insert(error);
            } else if matches!(outcome, Ok(Found::NotYet)) {
                store::settlements::release(&mut db, provider, &claimed).await?;
                break;
            }
            store::settlements::release(&mut db, provider, &claimed).await?;
        }
        let mut db = self.db.acquire().await?;
        let healed = store::settlements::heal(&mut db, provider, self.clock.now()).await?;
        if healed > 0 {
            tracing::info!(healed, "differences from the provider's files have healed");
        }
        metrics::breaks_open(store::recon::count_open(&mut db).await?);
        failed.map_or(Ok(()), Err)
    }

    /// Reads and compares one file.
    async fn read_settlement(
        &self,
        claimed: &Claimed,
        due: Timestamp,
    ) -> Result<Found, ReconcileError> {
        let (provider, day) = (self.provider.name(), claimed.day);
        let midnight = beginning(day.saturating_add(1.day()));
        let loaded = self.load(claimed).await;
        let late = due - LATE >= midnight;
        match loaded {
            Ok(true) => {}
            Ok(false) if !late => return Ok(Found::NotYet),
            Ok(false) => {
                self.report_no_file(claimed).await?;
                return Ok(Found::Nothing);
            }
            Err(error) => {
                // Whatever else went wrong is ours, and says nothing of the file.
                if late
                    && matches!(error, ReconcileError::Open(_) | ReconcileError::NotWhole { .. })
                {
                    self.report_no_file(claimed).await?;
                }
                return Err(error);
            }
        }
        self.compare_file(claimed).await?;
        let mut db = self.db.acquire().await?;
        let next_begun =
            store::settlements::is_begun(&mut db, provider, day.saturating_add(1.day())).await?;
        drop(db);
        // Where the file before was not read, nobody knows what stands in it. And where the next one was read before
        // this one, it left out what is looked for here.
        let from = if claimed.first { beginning(day) + GRACE } else { beginning(day) - GRACE };
        let to = if next_begun { midnight + GRACE } else { midnight - GRACE };
        self.compare_books(claimed, (from, to)).await?;
        let mut db = self.db.acquire().await?;
        mine(store::settlements::finish(&mut db, provider, claimed).await?)?;
        tracing::info!(file.day = %day, "the provider's file was compared with the books");
        Ok(Found::All)
    }

    /// Keeps the lines of a file, piece by piece, from where the last reader stopped.
    async fn load(&self, claimed: &Claimed) -> Result<bool, ReconcileError> {
        let (provider, day) = (self.provider.name(), claimed.day);
        let mut read_to = u64::try_from(claimed.read_to).unwrap_or_default();
        loop {
            let Some(piece) = self.provider.settlement(day, read_to).await? else {
                return Ok(false);
            };
            // The last line is read again by whoever goes on from here: it says that this is the end.
            let kept_to = if piece.end.is_some() { read_to } else { piece.next };
            let kept_to = i64::try_from(kept_to).unwrap_or(i64::MAX);
            let mut db = self.db.acquire().await?;
            mine(
                store::settlements::keep(&mut db, provider, claimed, &piece.rows, kept_to).await?,
            )?;
            if let Some(told) = piece.end {
                let found = store::settlements::count(&mut db, provider, day).await?;
                if found == told {
                    return Ok(true);
                }
                while store::settlements::restart(&mut db, provider, claimed).await? > 0 {}
                return Err(ReconcileError::NotWhole { found, told });
            }
            read_to = piece.next;
        }
    }

    /// What the file says, and the books do not.
    async fn compare_file(&self, claimed: &Claimed) -> Result<(), ReconcileError> {
        let (provider, day) = (self.provider.name(), claimed.day);
        let mut after = String::new();
        loop {
            let mut db = self.db.acquire().await?;
            mine(store::settlements::extend(&mut db, provider, claimed).await?)?;
            let to =
                store::settlements::end_of_page(&mut db, provider, day, &after, COMPARED_AT_ONCE);
            let Some(to) = to.await? else { return Ok(()) };
            let page =
                store::settlements::list_differing(&mut db, provider, day, (&after, &to)).await?;
            drop(db);
            after = to;
            if page.is_empty() {
                continue;
            }
            let mut tx = self.db.begin().await?;
            let outcome = self.report_differing(&mut tx, claimed, &page).await;
            end(tx, outcome).await?;
        }
    }

    async fn report_differing(
        &self,
        tx: &mut Tx,
        claimed: &Claimed,
        page: &[Differing],
    ) -> Result<(), ReconcileError> {
        let day = claimed.day;
        mine(store::settlements::extend(tx, self.provider.name(), claimed).await?)?;
        for line in page {
            let difference = match (line.booked_minor, &line.booked_currency) {
                (None, _) => Difference::MissingHere,
                (_, Some(booked)) if *booked != line.currency => Difference::CurrencyDiffers,
                _ => Difference::AmountDiffers,
            };
            let found = self.seen_in(tx, day, difference, &line.call_key, line.order()).await?;
            let ours =
                line.booked_currency.as_ref().map(|currency| format!("booked in {currency}"));
            let found = Break {
                ours: ours.unwrap_or_else(|| "nothing".to_owned()),
                ours_minor: line.booked_minor,
                theirs: line.theirs(),
                theirs_minor: Some(line.amount_minor),
                ..found
            };
            self.insert_break(tx, &found).await?;
        }
        Ok(())
    }

    /// What the books say, and no file.
    async fn compare_books(
        &self,
        claimed: &Claimed,
        window: (Timestamp, Timestamp),
    ) -> Result<(), ReconcileError> {
        let provider = self.provider.name();
        let mut after = None;
        loop {
            let mut db = self.db.acquire().await?;
            mine(store::settlements::extend(&mut db, provider, claimed).await?)?;
            let to = store::settlements::end_of_acts(&mut db, window, after, COMPARED_AT_ONCE);
            let Some(to) = to.await? else { return Ok(()) };
            let page =
                store::settlements::list_unlisted(&mut db, provider, window.0, (after, to)).await?;
            drop(db);
            after = Some(to);
            if page.is_empty() {
                continue;
            }
            let mut tx = self.db.begin().await?;
            let outcome = self.report_unlisted(&mut tx, claimed, &page).await;
            end(tx, outcome).await?;
        }
    }

    async fn report_unlisted(
        &self,
        tx: &mut Tx,
        claimed: &Claimed,
        page: &[Unlisted],
    ) -> Result<(), ReconcileError> {
        let day = claimed.day;
        mine(store::settlements::extend(tx, self.provider.name(), claimed).await?)?;
        for act in page {
            let order = OrderId::from_uuid(act.order_id);
            let key = format!("{order}:{}", act.what);
            let found = self.seen_in(tx, day, Difference::MissingThere, &key, Some(order)).await?;
            let found = Break {
                ours: "booked".to_owned(),
                ours_minor: act.booked_minor,
                theirs: "nothing".to_owned(),
                ..found
            };
            self.insert_break(tx, &found).await?;
        }
        Ok(())
    }

    async fn report_no_file(&self, claimed: &Claimed) -> Result<(), ReconcileError> {
        let (day, again_at) = (claimed.day, self.clock.now() + ASKED_AGAIN);
        let mut tx = self.db.begin().await?;
        let key = format!("settlement:{day}");
        let outcome = async {
            let provider = self.provider.name();
            mine(store::settlements::postpone(&mut tx, provider, claimed, again_at).await?)?;
            let kind = Difference::FileMissing;
            let found = self.seen_in(&mut tx, day, kind, &key, None).await?;
            let found = Break { theirs: "no file".to_owned(), ..found };
            Ok(self.insert_break(&mut tx, &found).await?)
        };
        let outcome = outcome.await;
        end(tx, outcome).await
    }

    async fn seen_in(
        &self,
        tx: &mut Tx,
        day: Date,
        difference: Difference,
        key: &str,
        order: Option<OrderId>,
    ) -> Result<Break, StoreError> {
        let payment = match order {
            Some(order) => store::payments::find(tx, order).await?,
            None => None,
        };
        let found = self.broken(difference, key, payment.as_ref());
        Ok(Break { order: found.order.or(order), file_day: Some(day), ..found })
    }
}

/// Who lost the lease stops.
const fn mine(held: bool) -> Result<(), ReconcileError> {
    if held { Ok(()) } else { Err(ReconcileError::Superseded) }
}

/// The day of a moment, in UTC as the provider's files have it.
fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The first moment of a day.
fn beginning(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

#[cfg(test)]
mod live;
