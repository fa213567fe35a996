//! Use case: look into one's own inbox.

use common::types::{NotificationId, UserId};
use postgres_kit::StoreError;

use super::Notification;
use crate::{App, store};

impl App {
    /// At most `limit` messages older than `before`, newest first, and how many are unread in all.
    pub(crate) async fn list_notifications(
        &self,
        user: UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<(Vec<Notification>, i64), StoreError> {
        let mut db = self.db.acquire().await?;
        let notifications = store::inbox::list(&mut db, user, before, limit.into()).await?;
        let unread = store::inbox::count_unread(&mut db, user).await?;
        Ok((notifications, unread))
    }
}
