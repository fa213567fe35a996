//! What the database itself refuses.

use sqlx::PgPool;

use crate::domain::{RefundState, State};

const LINES: &str =
    "INSERT INTO ledger_line (tx_id, line, account, amount_minor, currency) VALUES ";

async fn refused(db: &PgPool, statements: &str, code: &str) {
    let error = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(db).await;
    let error = error.expect_err(statements);
    let found = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    assert_eq!(found.as_deref(), Some(code), "{error}");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn the_table_of_legal_steps_is_the_one_of_the_domain(db: PgPool) {
    let stored: Vec<(String, String)> =
        sqlx::query_as("SELECT from_state, to_state FROM payment_legal")
            .fetch_all(&db)
            .await
            .unwrap();
    let mut stored: Vec<_> = stored
        .iter()
        .map(|(from, to)| (State::parse(from).unwrap(), State::parse(to).unwrap()))
        .collect();
    stored.sort_unstable();

    let mut known: Vec<_> = State::ALL
        .into_iter()
        .flat_map(|from| from.next().iter().map(move |to| (from, *to)))
        .collect();
    known.sort_unstable();

    assert_eq!(stored, known);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn the_legal_steps_of_refunds_are_those_of_the_domain(db: PgPool) {
    let stored: Vec<(String, String)> =
        sqlx::query_as("SELECT from_state, to_state FROM refund_legal")
            .fetch_all(&db)
            .await
            .unwrap();
    let mut stored: Vec<_> = stored
        .iter()
        .map(|(from, to)| (RefundState::parse(from).unwrap(), RefundState::parse(to).unwrap()))
        .collect();
    stored.sort_unstable();

    let mut known: Vec<_> = RefundState::ALL
        .into_iter()
        .flat_map(|from| from.next().iter().map(move |to| (from, *to)))
        .collect();
    known.sort_unstable();

    assert_eq!(stored, known);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn no_more_can_be_promised_than_was_taken_whatever_the_code_says(db: PgPool) {
    sqlx::raw_sql(
        "INSERT INTO payment (order_id, payment_id, customer_id, store_id, cell, method, currency, state, cause,
                              actor, provider, authorized_minor, captured_minor)
         VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'east-a', 'pm',
                 'USD', 'AUTHORIZED', 'test', 'test', 'sandbox', 10, 10)",
    )
    .execute(&db)
    .await
    .unwrap();

    refused(&db, "UPDATE payment SET refunding_minor = 11", "23514").await;
    refused(&db, "UPDATE payment SET refunding_minor = 6, refunded_minor = 5", "23514").await;
    refused(&db, "UPDATE payment SET refunding_minor = -1", "23514").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn an_illegal_step_is_refused_by_the_database_too(db: PgPool) {
    sqlx::raw_sql(
        "INSERT INTO payment (order_id, payment_id, customer_id, store_id, cell, method, currency, state, cause,
                              actor, provider)
         VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'east-a', 'pm',
                 'USD', 'AUTHORIZING', 'test', 'test', 'sandbox')",
    )
    .execute(&db)
    .await
    .unwrap();

    refused(&db, "UPDATE payment SET state = 'CAPTURED', version = 2", "CE001").await;
    refused(&db, "UPDATE payment SET version = 3", "CE001").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn books_that_do_not_balance_cannot_be_committed(db: PgPool) {
    let open = |lines: u8| {
        format!("BEGIN; INSERT INTO ledger_tx (tx_id, what, lines) VALUES ('{ID}', 't', {lines}); ")
    };
    let one_leg = format!("{}{LINES}('{ID}', 1, 'a', 5, 'USD'); COMMIT", open(2));
    let unequal = format!(
        "{}{LINES}('{ID}', 1, 'a', 5, 'USD'), ('{ID}', 2, 'b', -4, 'USD'); COMMIT",
        open(2)
    );
    let currencies = format!(
        "{}{LINES}('{ID}', 1, 'a', 5, 'USD'), ('{ID}', 2, 'b', -5, 'EUR'); COMMIT",
        open(2)
    );
    let too_many = format!("{}{LINES}('{ID}', 3, 'a', 5, 'USD'); COMMIT", open(2));

    refused(&db, &one_leg, "CE010").await;
    refused(&db, &unequal, "CE010").await;
    refused(&db, &currencies, "CE010").await;
    refused(&db, &too_many, "CE011").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_is_written_stays_written(db: PgPool) {
    let written = format!(
        "BEGIN; INSERT INTO ledger_tx (tx_id, what, lines) VALUES ('{ID}', 't', 2);
         {LINES}('{ID}', 1, 'a', 5, 'USD'), ('{ID}', 2, 'b', -5, 'USD'); COMMIT"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(written)).execute(&db).await.unwrap();

    refused(&db, "UPDATE ledger_line SET amount_minor = 6", "CE012").await;
    refused(&db, "DELETE FROM ledger_line", "CE012").await;
    let more = format!("{LINES}('{ID}', 3, 'a', 5, 'USD')");
    refused(&db, &more, "CE011").await;
}

const ID: &str = "0191e4b0-0000-7000-8000-00000000000a";
