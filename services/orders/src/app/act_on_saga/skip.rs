//! A step whose answer is waited for no longer, once two persons say so.

use postgres_kit::{PgConnection, StoreError};

use super::{Act, ActOnSagaError, ByHand, Held, Written};
use crate::{
    App,
    domain::{self, Call, Heard, Order, Progress, SKIPPED},
    store,
};

impl App {
    /// Writes down who wishes to skip a step; when somebody else wishes the same in time, it is skipped.
    pub(super) async fn skip(
        &self,
        tx: &mut PgConnection,
        held: &mut Held,
        named: Option<Call>,
        who: ByHand<'_>,
    ) -> Result<Written, ActOnSagaError> {
        let Held { order, heard, late } = held;
        let step = order.skipped(heard, *late, named)?;
        match store::saga_acts::find_wish(tx, order, step).await? {
            None => Ok(self.write_down(tx, order, Act::Skip(named), Some(step), who).await?),
            Some(wish) if wish.asked_by == who.by => Err(ActOnSagaError::SamePerson),
            Some(wish) => {
                let agreed =
                    store::saga_acts::update_agreed(tx, wish.id, who.by, who.reason).await?;
                self.skip_now(tx, order, step).await?;
                Ok(agreed)
            }
        }
    }

    /// The step counts as refused, never as done, and what may be left of it is an incident: as after any other
    /// refusal of it. The worker then finds out by itself what follows.
    async fn skip_now(
        &self,
        tx: &mut PgConnection,
        order: &mut Order,
        step: Call,
    ) -> Result<(), StoreError> {
        store::orders::make_due(tx, order).await?;
        let skipped = Progress::from([(step, Heard::Refused(SKIPPED.to_owned()))]);
        let answered = store::steps::update_answered(tx, order, &skipped).await?;
        if answered.is_empty() {
            return Err(StoreError::Stale { table: "saga_step" });
        }
        self.open_incidents(tx, order, &domain::incidents_in(order, &answered)).await
    }
}
