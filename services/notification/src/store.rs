//! The tables of the notification database.

pub(crate) mod inbox;
pub(crate) mod sends;
pub(crate) mod xray;

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_illegal_step_is_refused_by_the_database_too(db: PgPool) {
        Bench::new(db.clone()).await.confirmed("delivery").await;

        for step in ["state = 'SENT', version = 2", "state = 'SENDING', version = 3", "version = 2"]
        {
            let statement = sqlx::AssertSqlSafe(format!("UPDATE send SET {step}"));
            let error = sqlx::query(statement).execute(&db).await.expect_err(step);
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("CE001"), "{step}");
        }
    }
}
