//! What the provider said takes effect: one way for its answers, its webhooks and its list.

use event_kit::outbox;
use postgres_kit::{StoreError, Tx};

use crate::{
    App,
    domain::{Applied, Changed, News, Payment, Told},
    events,
    store::{self, payments::Held},
};

/// Who made a change that the provider decided.
pub(super) const PROVIDER: &str = "provider";

/// What came of it.
pub(super) enum Advanced {
    Saved(Box<Next>),
    /// Somebody else has the payment now.
    Lost,
    Stale,
    Contradiction,
}

/// The payment from now on.
pub(super) struct Next {
    pub(super) held: Held,
    /// Whether a refund was begun.
    pub(super) give_back: bool,
}

impl App {
    /// Applies what was said, and all that follows from it by itself, in the caller's transaction.
    pub(super) async fn advance(
        &self,
        tx: &mut Tx,
        held: &Held,
        told: &Told,
    ) -> Result<Advanced, StoreError> {
        let mut payment = held.payment.clone();
        let mut changed = match payment.apply(told, self.provider.name()) {
            Applied::Changed(changed) => changed,
            Applied::Stale => return Ok(Advanced::Stale),
            Applied::Contradiction => return Ok(Advanced::Contradiction),
        };
        let (mut held, mut give_back) = (held.clone(), false);
        loop {
            let saved = self.save(tx, &held, payment, &changed, PROVIDER).await?;
            let Some(saved) = saved else { return Ok(Advanced::Lost) };
            if changed.give_back {
                give_back = self.give_back(tx, &saved.payment, PROVIDER).await?.is_some();
            }
            held = saved;
            payment = held.payment.clone();
            match payment.go_on() {
                Some(next) => changed = next,
                None => return Ok(Advanced::Saved(Box::new(Next { held, give_back }))),
            }
        }
    }

    /// Stores a change and stages what the others are told.
    pub(super) async fn save(
        &self,
        tx: &mut Tx,
        before: &Held,
        payment: Payment,
        changed: &Changed,
        actor: &str,
    ) -> Result<Option<Held>, StoreError> {
        let saved =
            store::payments::save(tx, before, &payment, changed, actor, &*self.clock).await?;
        let Some(lease_epoch) = saved else { return Ok(None) };
        if let Some(news) = changed.news {
            self.tell(tx, &payment, news).await?;
        }
        Ok(Some(Held { payment, lease_epoch }))
    }

    pub(super) async fn tell(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        news: News,
    ) -> Result<(), StoreError> {
        let provider = self.provider.name();
        let Some(told) = events::Told::of(payment, provider) else { return Ok(()) };
        match news {
            News::Authorized => outbox::stage(tx, &told.authorized()).await,
            News::Declined => outbox::stage(tx, &told.declined()).await,
            News::Captured => outbox::stage(tx, &told.captured()).await,
            News::Voided => outbox::stage(tx, &told.voided()).await,
            News::Expired => outbox::stage(tx, &told.expired()).await,
            News::Owed => outbox::stage(tx, &told.owed()).await,
        }
    }
}
