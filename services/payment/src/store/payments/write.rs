//! What changes a payment: each act is one statement, fenced by lease, version and cell epoch.

use common::types::Clock;
use postgres_kit::{PgConnection, StoreError};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Held;
use crate::domain::{Asked, Changed, DeclineClass, Payment, Step};

/// The epoch of the cells that this process writes.
const WRITE_EPOCH: i64 = 1;
/// ISO 4217 for "no currency", where nobody said what it was about.
const NO_CURRENCY: &str = "XXX";

const OPEN: &str = "
    WITH fence AS (
        INSERT INTO cell_fence (cell, epoch)
        SELECT $5, $16
         WHERE $5 IS NOT NULL
            ON CONFLICT DO NOTHING
    ), opened AS (
        INSERT INTO payment (order_id, payment_id, customer_id, store_id, cell, method, asked_minor,
                             currency, generation, state, cause, actor, provider, work, lease_epoch,
                             lease_until, write_epoch, tries, capture_method)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1,
                CASE WHEN $14 IS NOT NULL THEN now() + interval '12 s' END, $16, $9, $21)
            ON CONFLICT (order_id) DO NOTHING
        RETURNING order_id
    ), asked AS (
        INSERT INTO payment_call (call_key, order_id, step, generation, amount_minor, fingerprint)
        SELECT c.call_key, opened.order_id, c.step, c.generation, c.amount_minor, $15
          FROM opened, unnest($17::text[], $18::text[], $19::int[], $20::bigint[])
                       AS c (call_key, step, generation, amount_minor)
    )
    SELECT count(*) FROM opened";

const SAVE: &str = "
    WITH saved AS (
        UPDATE payment
           SET state = $5, version = $6, cause = $7, actor = $8, work = $9, authorized_minor = $10,
               capturing_minor = $11, captured_minor = $12, captures = $13, provider_ref = $14,
               decline_class = $15, generation = $33, asked_minor = $34, method = $35, tries = $36,
               renewed = $37, wanted_minor = $38, surplus_generation = $39, surplus_ref = $40,
               surplus_minor = $41, surplus_booked = $42, parts_minor = $43, closing = $44, write_epoch = $4, attempts = 0,
               next_attempt_at = now(),
               lease_epoch = lease_epoch + CASE WHEN $9 IS NULL THEN 0 ELSE 1 END,
               lease_until = CASE WHEN $9 IS NOT NULL THEN now() + interval '12 s' END
         WHERE order_id = $1 AND version = $2 AND lease_epoch = $3
           AND (cell IS NULL OR EXISTS (SELECT 1 FROM cell_fence f WHERE f.cell = payment.cell AND f.epoch = $4))
        RETURNING order_id, lease_epoch
    ), asked AS (
        INSERT INTO payment_call (call_key, order_id, step, generation, amount_minor, fingerprint)
        SELECT c.call_key, saved.order_id, c.step, c.generation, c.amount_minor, $16
          FROM saved, unnest($17::text[], $18::text[], $19::int[], $20::bigint[])
                      AS c (call_key, step, generation, amount_minor)
    ), answered AS (
        UPDATE payment_call
           SET outcome = a.outcome, amount_minor = a.amount_minor, provider_ref = a.provider_ref::text,
               answered_at = now()
          FROM saved, unnest($21::text[], $22::text[], $23::bigint[], $24::uuid[])
                      AS a (call_key, outcome, amount_minor, provider_ref)
         WHERE payment_call.call_key = a.call_key
    ), booked AS (
        INSERT INTO ledger_tx (tx_id, order_id, what, lines)
        SELECT t.tx_id, saved.order_id, t.what, t.lines
          FROM saved, unnest($25::uuid[], $26::text[], $27::smallint[]) AS t (tx_id, what, lines)
        RETURNING tx_id
    ), lines AS (
        INSERT INTO ledger_line (tx_id, line, account, amount_minor, currency)
        SELECT booked.tx_id, l.line, l.account, l.amount_minor, l.currency
          FROM booked
          JOIN unnest($28::uuid[], $29::smallint[], $30::text[], $31::bigint[], $32::text[])
               AS l (tx_id, line, account, amount_minor, currency) USING (tx_id)
    )
    SELECT max(lease_epoch) FROM saved";

/// Inserts a payment and the calls that are about to be made, under a first lease. False: there is one.
pub(crate) async fn open(
    db: &mut PgConnection,
    payment: &Payment,
    changed: &Changed,
    actor: &str,
    provider: &str,
) -> Result<bool, StoreError> {
    let (terms, now) = (payment.terms(), payment.standing());
    let calls = Calls::new(payment, &changed.asked);
    let opened: i64 = sqlx::query_scalar(OPEN)
        .bind(payment.order().as_uuid())
        .bind(payment.id().as_uuid())
        .bind(terms.map(|terms| terms.customer.as_uuid()))
        .bind(terms.map(|terms| terms.store.as_uuid()))
        .bind(terms.map(|terms| terms.cell.as_str()))
        .bind(terms.map(|terms| terms.method.as_str()))
        .bind(terms.map_or(0, |terms| terms.amount_minor))
        .bind(payment.currency().as_ref().map_or(NO_CURRENCY, |currency| currency.as_str()))
        .bind(payment.generation())
        .bind(now.state.name())
        .bind(changed.cause)
        .bind(actor)
        .bind(provider)
        .bind(now.work.map(Step::name))
        .bind(fingerprint(payment))
        .bind(WRITE_EPOCH)
        .bind(calls.keys)
        .bind(calls.steps)
        .bind(calls.generations)
        .bind(calls.amounts)
        .bind(payment.method().name())
        .fetch_one(db)
        .await?;
    Ok(opened == 1)
}

/// Replaces the standing of a payment that is held, with all that the change brings about: calls asked and
/// answered, acts in the books. Answers the lease under which it is held from now on; `None`: lease or
/// cell was lost, and nothing happened.
pub(crate) async fn save(
    tx: &mut PgConnection,
    before: &Held,
    payment: &Payment,
    changed: &Changed,
    actor: &str,
    clock: &dyn Clock,
) -> Result<Option<i64>, StoreError> {
    let (terms, now, surplus) = (payment.terms(), payment.standing(), payment.standing().surplus);
    let asked = Calls::new(payment, &changed.asked);
    let answers = &changed.answers;
    let books = Books::new(changed, clock);
    let saved: Option<i64> = sqlx::query_scalar(SAVE)
        .bind(payment.order().as_uuid())
        .bind(before.payment.standing().version)
        .bind(before.lease_epoch)
        .bind(WRITE_EPOCH)
        .bind(now.state.name())
        .bind(now.version)
        .bind(changed.cause)
        .bind(actor)
        .bind(now.work.map(Step::name))
        .bind(now.authorized_minor)
        .bind(now.capturing_minor)
        .bind(now.captured_minor)
        .bind(now.captures)
        .bind(now.reference)
        .bind(now.decline.map(DeclineClass::name))
        .bind(fingerprint(payment))
        .bind(asked.keys)
        .bind(asked.steps)
        .bind(asked.generations)
        .bind(asked.amounts)
        .bind(answers.iter().map(|answer| answer.key.as_str()).collect::<Vec<_>>())
        .bind(answers.iter().map(|answer| answer.outcome.name()).collect::<Vec<_>>())
        .bind(answers.iter().map(|answer| answer.amount_minor).collect::<Vec<_>>())
        .bind(answers.iter().map(|answer| answer.reference).collect::<Vec<_>>())
        .bind(books.ids)
        .bind(books.whats)
        .bind(books.counts)
        .bind(books.line_ids)
        .bind(books.numbers)
        .bind(books.accounts)
        .bind(books.amounts)
        .bind(books.currencies)
        .bind(payment.generation())
        .bind(terms.map_or(0, |terms| terms.amount_minor))
        .bind(terms.map(|terms| terms.method.as_str()))
        .bind(now.tries)
        .bind(now.renewed)
        .bind(now.wanted_minor)
        .bind(surplus.map(|surplus| surplus.generation))
        .bind(surplus.map(|surplus| surplus.reference))
        .bind(surplus.map_or(0, |surplus| surplus.amount_minor))
        .bind(surplus.is_some_and(|surplus| surplus.booked))
        .bind(&now.parts)
        .bind(now.closing)
        .fetch_one(tx)
        .await?;
    Ok(saved)
}

/// Calls as columns.
struct Calls {
    keys: Vec<String>,
    steps: Vec<&'static str>,
    generations: Vec<i32>,
    amounts: Vec<i64>,
}

impl Calls {
    fn new(payment: &Payment, asked: &[Asked]) -> Self {
        Self {
            keys: asked
                .iter()
                .map(|call| call.step.key(payment.order(), call.generation))
                .collect(),
            steps: asked.iter().map(|call| call.step.name()).collect(),
            generations: asked.iter().map(|call| call.generation).collect(),
            amounts: asked.iter().map(|call| call.amount_minor).collect(),
        }
    }
}

/// Ledger transactions and their lines as columns.
#[derive(Default)]
struct Books<'a> {
    ids: Vec<Uuid>,
    whats: Vec<&'a str>,
    counts: Vec<i16>,
    line_ids: Vec<Uuid>,
    numbers: Vec<i16>,
    accounts: Vec<&'a str>,
    amounts: Vec<i64>,
    currencies: Vec<&'a str>,
}

impl<'a> Books<'a> {
    fn new(changed: &'a Changed, clock: &dyn Clock) -> Self {
        let mut books = Self::default();
        for posting in &changed.postings {
            let id = clock.new_id();
            books.ids.push(id);
            books.whats.push(&posting.what);
            let mut count = 0;
            for line in &posting.lines {
                count += 1;
                books.line_ids.push(id);
                books.numbers.push(count);
                books.accounts.push(&line.account);
                books.amounts.push(line.amount_minor);
                books.currencies.push(posting.currency.as_str());
            }
            books.counts.push(count);
        }
        books
    }
}

/// What was asked for with the keys of this payment.
fn fingerprint(payment: &Payment) -> Vec<u8> {
    let words = payment.terms().map_or_else(
        || "tombstone".to_owned(),
        |terms| format!("{}/{}", terms.canonical(), payment.standing().capturing_minor),
    );
    Sha256::digest(words).to_vec()
}
