//! The table `notification`, and the first row of `send`.

use common::types::{NotificationId, OrderId, Timestamp, UserId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Facts, Kind, Letter, State, Template};

/// A message in somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) id: NotificationId,
    pub(crate) kind: String,
    pub(crate) words: Letter,
    pub(crate) order: OrderId,
    pub(crate) created_at: Timestamp,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) version: i64,
}

/// A message that is about to be put there.
#[derive(Debug)]
pub(crate) struct NewNotification<'a> {
    pub(crate) id: NotificationId,
    pub(crate) user: Uuid,
    pub(crate) order: OrderId,
    pub(crate) kind: Kind,
    pub(crate) words: Letter,
    pub(crate) facts: &'a Facts,
    pub(crate) at: Timestamp,
}

/// A letter that is about to be queued.
#[derive(Debug)]
pub(crate) struct NewSend {
    pub(crate) id: Uuid,
    pub(crate) event: Uuid,
    pub(crate) template: Template,
}

#[derive(sqlx::FromRow)]
struct Row {
    notification_id: Uuid,
    kind: String,
    title: String,
    body: String,
    order_id: Uuid,
    created_at: jiff_sqlx::Timestamp,
    read_at: Option<jiff_sqlx::Timestamp>,
    version: i64,
}

impl From<Row> for Notification {
    fn from(row: Row) -> Self {
        Self {
            id: NotificationId::from_uuid(row.notification_id),
            kind: row.kind,
            words: Letter { title: row.title, body: row.body },
            order: OrderId::from_uuid(row.order_id),
            created_at: row.created_at.to_jiff(),
            read_at: row.read_at.map(jiff_sqlx::Timestamp::to_jiff),
            version: row.version,
        }
    }
}

/// Puts a message into an inbox and queues its letter, unless the order has one of this kind.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    new: &NewNotification<'_>,
    letter: Option<&NewSend>,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH told AS (
             INSERT INTO notification (notification_id, user_id, kind, title, body, facts, order_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT ON CONSTRAINT notification_once DO NOTHING
             RETURNING notification_id
         )
         INSERT INTO send (send_id, notification_id, event_id, channel, template, state, cause)
         SELECT $9, told.notification_id, $10, 'email', $11, $12, 'told'
           FROM told
          WHERE $9 IS NOT NULL",
    )
    .bind(new.id.as_uuid())
    .bind(new.user)
    .bind(new.kind.name())
    .bind(&new.words.title)
    .bind(&new.words.body)
    .bind(Json(new.facts.as_map()))
    .bind(new.order.as_uuid())
    .bind(new.at.to_sqlx())
    .bind(letter.map(|letter| letter.id))
    .bind(letter.map(|letter| letter.event))
    .bind(letter.map(|letter| letter.template.name()))
    .bind(State::Queued.name())
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether the customer collects the order, as its confirmation said.
pub(crate) async fn is_pickup(tx: &mut PgConnection, order: OrderId) -> Result<bool, StoreError> {
    let fulfilment: Option<Option<String>> = sqlx::query_scalar(
        "SELECT facts ->> 'fulfilment' FROM notification WHERE order_id = $1 AND kind = $2",
    )
    .bind(order.as_uuid())
    .bind(Kind::Confirmed.name())
    .fetch_optional(tx)
    .await?;
    Ok(fulfilment.flatten().as_deref() == Some("pickup"))
}

/// At most `limit` messages of a user older than `before`, newest first.
pub(crate) async fn list(
    db: &mut PgConnection,
    user: UserId,
    before: Option<NotificationId>,
    limit: i64,
) -> Result<Vec<Notification>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT notification_id, kind, title, body, order_id, created_at, read_at, version
           FROM notification
          WHERE user_id = $1 AND ($2::uuid IS NULL OR notification_id < $2)
          ORDER BY notification_id DESC
          LIMIT $3",
    )
    .bind(user.as_uuid())
    .bind(before.map(NotificationId::as_uuid))
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Notification::from).collect())
}

/// How many messages a user has not read.
pub(crate) async fn count_unread(db: &mut PgConnection, user: UserId) -> Result<i64, StoreError> {
    let unread = sqlx::query_scalar(
        "SELECT count(*) FROM notification WHERE user_id = $1 AND read_at IS NULL",
    )
    .bind(user.as_uuid())
    .fetch_one(db)
    .await?;
    Ok(unread)
}

/// Notes when a user's message was first read; later times change nothing.
pub(crate) async fn update_read(
    db: &mut PgConnection,
    user: UserId,
    id: NotificationId,
    now: Timestamp,
) -> Result<Option<Notification>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE notification
            SET read_at = coalesce(read_at, $3),
                version = version + CASE WHEN read_at IS NULL THEN 1 ELSE 0 END
          WHERE notification_id = $1 AND user_id = $2
         RETURNING notification_id, kind, title, body, order_id, created_at, read_at, version",
    )
    .bind(id.as_uuid())
    .bind(user.as_uuid())
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    Ok(row.map(Notification::from))
}
