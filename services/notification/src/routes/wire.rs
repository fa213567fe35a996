//! Domain words to wire words.

use service_kit::{Page, Problem};

pub(super) use notification_contract::http::{Notification, Notifications};

use crate::app;

impl From<app::Notification> for Notification {
    fn from(notification: app::Notification) -> Self {
        Self {
            notification_id: notification.id,
            kind: notification.kind,
            title: notification.words.title,
            body: notification.words.body,
            order_id: Some(notification.order),
            created_at: notification.created_at,
            read_at: notification.read_at,
            version: notification.version,
        }
    }
}

/// The rows of a page, and the cursor that leads to what follows them, if anything does.
pub(super) fn page(
    page: &Page,
    mut found: Vec<app::Notification>,
) -> Result<(Vec<app::Notification>, Option<String>), Problem> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let cursor = match found.last() {
        Some(last) if more => Some(page.cursor_for(&last.id)?),
        _ => None,
    };
    Ok((found, cursor))
}
