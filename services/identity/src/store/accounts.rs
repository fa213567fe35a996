//! The `account` table.

use common::types::{Principal, Role, StoreId, Timestamp, UserId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Account, Email, sees_everybody};

#[derive(sqlx::FromRow)]
struct AccountRow {
    user_id: Uuid,
    email: String,
    name: String,
    roles: Json<Vec<Role>>,
    stores: Vec<Uuid>,
}

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    #[sqlx(flatten)]
    account: AccountRow,
    password_hash: String,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: UserId::from_uuid(row.user_id),
            email: row.email,
            name: row.name,
            roles: row.roles.0,
            stores: row.stores.into_iter().map(StoreId::from_uuid).collect(),
        }
    }
}

/// Adds an account; `false` where its address is taken.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    account: &Account,
    email: &Email,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO account (user_id, email, email_folded, name, password_hash, roles, stores, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT ON CONSTRAINT account_email_is_unique DO NOTHING",
    )
    .bind(account.id.as_uuid())
    .bind(email.as_str())
    .bind(email.folded())
    .bind(&account.name)
    .bind(password_hash)
    .bind(Json(&account.roles))
    .bind(account.stores.iter().map(|store| store.as_uuid()).collect::<Vec<_>>())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Finds an account as far as `principal` may see it: its own, or any as admin or service.
pub(crate) async fn find(
    db: &mut PgConnection,
    principal: &Principal,
    id: UserId,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT user_id, email, name, roles, stores
           FROM account
          WHERE user_id = $1 AND (user_id = $2 OR $3)",
    )
    .bind(id.as_uuid())
    .bind(principal.id)
    .bind(sees_everybody(principal))
    .fetch_optional(db)
    .await?;
    Ok(row.map(Account::from))
}

/// Finds the account of a session that a refresh token has proved.
pub(crate) async fn find_of_session(
    tx: &mut PgConnection,
    session: Uuid,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT a.user_id, a.email, a.name, a.roles, a.stores
           FROM account a
           JOIN session s USING (user_id)
          WHERE s.session_id = $1",
    )
    .bind(session)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Account::from))
}

/// Finds the account that signs in by `email`, and the hash of its password.
pub(crate) async fn find_credentials(
    db: &mut PgConnection,
    email: &Email,
) -> Result<Option<(Account, String)>, StoreError> {
    let row: Option<CredentialsRow> = sqlx::query_as(
        "SELECT user_id, email, name, roles, stores, password_hash
           FROM account
          WHERE email_folded = $1",
    )
    .bind(email.folded())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (Account::from(row.account), row.password_hash)))
}

/// Whether there is an admin.
pub(crate) async fn has_admin(db: &mut PgConnection) -> Result<bool, StoreError> {
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM account WHERE roles @> '[\"admin\"]')")
            .fetch_one(db)
            .await?;
    Ok(known)
}

/// Holds off others who would make the first admin, until the transaction ends.
pub(crate) async fn lock_for_admin(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('identity.ensure_admin'))")
        .execute(tx)
        .await?;
    Ok(())
}
