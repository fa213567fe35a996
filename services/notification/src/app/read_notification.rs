//! Use case: have read a message.

use common::types::{Class, Fault, NotificationId, UserId};
use postgres_kit::StoreError;

use super::Notification;
use crate::{App, store};

impl App {
    /// Notes when one of the user's messages was read for the first time.
    #[tracing::instrument(name = "notification.read_notification", skip_all, fields(notification.id = %id))]
    pub(crate) async fn read_notification(
        &self,
        user: UserId,
        id: NotificationId,
    ) -> Result<Notification, ReadNotificationError> {
        let mut db = self.db.acquire().await?;
        let read = store::inbox::update_read(&mut db, user, id, self.clock.now()).await?;
        read.ok_or(ReadNotificationError::NoSuchNotification)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadNotificationError {
    #[error("there is no such notification")]
    NoSuchNotification,
    #[error("the notification could not be marked as read")]
    Store(#[from] StoreError),
}

impl Fault for ReadNotificationError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchNotification => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchNotification => "no-such-notification",
            Self::Store(error) => error.code(),
        }
    }
}
