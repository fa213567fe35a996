//! What a database can answer instead of doing what it was asked to.

use common::types::{Class, Fault};

/// The database did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection, the pool or the server refused or failed.
    #[error("the database did not do it")]
    Postgres(#[from] sqlx::Error),
    /// Other requests had the connections for too long; nothing was begun.
    #[error("no connection was free in time")]
    Crowded,
    /// The connection died during a commit.
    #[error("the database did not say whether it committed")]
    CommitUnknown(#[source] sqlx::Error),
    /// A stored row breaks the rules of the domain.
    #[error("row {id} of {table} is corrupt")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The primary key.
        id: String,
    },
    /// An update met another number of rows than it should.
    #[error("{table} changed underneath")]
    Stale {
        /// The table.
        table: &'static str,
    },
    /// Something came before what it builds on; it can be tried again a little later.
    #[error("{what} came before what it builds on")]
    Early {
        /// What came.
        what: String,
    },
}

/// What an SQLSTATE says about repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Repeat,
    Busy,
    Away,
    Refused,
}

impl StoreError {
    /// The code of [`StoreError::Early`].
    pub const EARLY: &'static str = "event-too-early";
    /// The code of what a repetition of the whole transaction may cure.
    pub const REPEAT: &'static str = "transaction-conflict";
    /// The code of a database that is not there.
    pub const AWAY: &'static str = "database-unavailable";
    /// The code of [`StoreError::Crowded`].
    pub const CROWDED: &'static str = "overloaded";

    /// The name of the constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Postgres(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }

    /// Sorts the answer to a COMMIT: a refusal means that nothing happened, silence is not one.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        match verdict(&error) {
            Verdict::Away => Self::CommitUnknown(error),
            Verdict::Repeat | Verdict::Busy | Verdict::Refused => Self::Postgres(error),
        }
    }
}

impl Fault for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::Postgres(error) if verdict(error) == Verdict::Refused => Class::Broken,
            Self::Postgres(_) | Self::Crowded | Self::Early { .. } => Class::Unavailable,
            Self::CommitUnknown(_) => Class::Unknown,
            Self::Stale { .. } => Class::Conflict,
            Self::Corrupt { .. } => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Postgres(error) => match verdict(error) {
                Verdict::Repeat => Self::REPEAT,
                Verdict::Busy => "database-busy",
                Verdict::Away => Self::AWAY,
                Verdict::Refused => "database-refused",
            },
            Self::Crowded => Self::CROWDED,
            Self::CommitUnknown(_) => "commit-unknown",
            Self::Stale { .. } => "changed-underneath",
            Self::Corrupt { .. } => "corrupt-row",
            Self::Early { .. } => Self::EARLY,
        }
    }
}

/// `PostgreSQL` Appendix A. A violated constraint that nobody turned into a domain error is a bug.
fn verdict(error: &sqlx::Error) -> Verdict {
    let code = match error {
        sqlx::Error::Database(error) => error.code(),
        sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Encode(_)
        | sqlx::Error::Decode(_) => return Verdict::Refused,
        _ => return Verdict::Away,
    };
    match code.as_deref().unwrap_or_default() {
        "40001" | "40P01" => Verdict::Repeat,
        "55P03" | "57014" => Verdict::Busy,
        "25P03" | "25006" => Verdict::Away,
        code if ["08", "53", "57", "58", "XX"].iter().any(|class| code.starts_with(class)) => {
            Verdict::Away
        }
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use sqlx::{PgPool, postgres::PgPoolOptions};

    use super::*;
    use crate::Db;

    #[sqlx::test]
    async fn a_violated_constraint_is_known_by_its_name(db: PgPool) {
        let table = "CREATE TABLE note (n int CONSTRAINT note_n_positive CHECK (n > 0))";
        sqlx::query(table).execute(&db).await.unwrap();

        let refused = sqlx::query("INSERT INTO note VALUES (0)").execute(&db).await.unwrap_err();

        let fault = StoreError::from(refused);
        assert_eq!(fault.constraint(), Some("note_n_positive"));
        assert_eq!(fault.class(), Class::Broken);
    }

    #[sqlx::test]
    async fn waiting_too_long_is_unavailable(db: PgPool) {
        let mut slow = db.acquire().await.unwrap();
        sqlx::query("SET statement_timeout = '10ms'").execute(&mut *slow).await.unwrap();
        let fault = sqlx::query("SELECT pg_sleep(1)").execute(&mut *slow).await.unwrap_err();
        let fault = StoreError::from(fault);
        assert_eq!((fault.class(), fault.code()), (Class::Unavailable, "database-busy"));

        let options = sqlx::postgres::PgConnectOptions::clone(&db.connect_options());
        let one = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
        let one = Db::from_pool(one.connect_lazy_with(options));
        // On a busy machine the first tries may come to nothing, too.
        let held = loop {
            if let Ok(held) = one.acquire().await {
                break held;
            }
        };
        let fault = one.begin().await.unwrap_err();
        drop(held);
        assert_eq!((fault.class(), fault.code()), (Class::Unavailable, StoreError::AWAY));
    }
}
