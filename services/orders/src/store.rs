//! The tables of the orders database. Rows are locked in one order: idempotency, orders, ticket.

pub(crate) mod answers;
pub(crate) mod archive;
pub(crate) mod incidents;
mod line_doc;
pub(crate) mod measures;
pub(crate) mod menus;
pub(crate) mod orders;
pub(crate) mod projection;
pub(crate) mod saga_acts;
pub(crate) mod steps;
pub(crate) mod tickets;
pub(crate) mod transitions;
pub(crate) mod wrong;
pub(crate) mod xray;

use postgres_kit::{PgConnection, StoreError};

use crate::domain::Actor;

/// Whether somebody else held on to what was wanted for longer than `lock_timeout` (`SQLSTATE` 55P03).
pub(crate) fn is_held(error: &StoreError) -> bool {
    match error {
        StoreError::Postgres(sqlx::Error::Database(error)) => {
            error.code().as_deref() == Some("55P03")
        }
        _ => false,
    }
}

/// Tells the triggers of this transaction who acts; without it they write `machine`.
pub(crate) async fn act_as(tx: &mut PgConnection, actor: Actor) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('ce.actor', $1, true)").bind(actor.name()).execute(tx).await?;
    Ok(())
}
