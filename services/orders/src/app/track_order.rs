//! Following an order.

use std::time::Duration;

use common::types::OrderId;
use postgres_kit::StoreError;
use tokio::sync::broadcast::{self, error::RecvError};

use super::FindOrderError;
use crate::{
    App,
    domain::{Order, Owner},
    store::{self, transitions::Transition},
};

/// Somebody follows an order.
pub(crate) struct Tracking {
    app: App,
    order: Order,
    after: i64,
    steps: broadcast::Receiver<OrderId>,
}

impl App {
    /// Begins to follow one of the owner's orders, after its step number `after`.
    pub(crate) async fn track_order(
        &self,
        owner: Owner<'_>,
        id: OrderId,
        after: i64,
    ) -> Result<Tracking, FindOrderError> {
        let steps = self.steps.subscribe();
        let order = self.find_order(owner, id).await?;
        Ok(Tracking { app: self.clone(), order, after, steps })
    }
}

impl Tracking {
    /// The order.
    pub(crate) const fn order(&self) -> &Order {
        &self.order
    }

    /// Steps not seen yet, at once.
    pub(crate) async fn news(&mut self) -> Result<Vec<Transition>, StoreError> {
        let mut db = self.app.db.acquire().await?;
        let news = store::transitions::list(&mut db, self.order.id, self.after).await?;
        if let Some(last) = news.last() {
            self.after = last.seq;
        }
        Ok(news)
    }

    /// Returns when there may be news: at a hint, or after a while, since another process may have taken the
    /// step. Many may follow at once, so that the while is long and not the same for all.
    #[expect(clippy::disallowed_methods, reason = "cuts off the wait for a hint, no work")]
    pub(crate) async fn maybe_news(&mut self) {
        let id = self.order.id;
        let hint = async {
            loop {
                match self.steps.recv().await {
                    Ok(stepped) if stepped != id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending::<()>().await,
                }
            }
        };
        let a_while = Duration::from_millis(rand::random_range(2_000..4_000));
        let _hint_or_time = tokio::time::timeout(a_while, hint).await;
    }
}
