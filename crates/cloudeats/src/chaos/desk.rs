//! A help desk that gives money back while faults strike, and counts what was promised to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use common::types::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::json;
use sqlx::Connection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::{Api, Call, Person};
use crate::look;
use crate::ports::Door;
use crate::seed::people::admin;
use crate::site::Site;

const PAUSE: Duration = Duration::from_millis(1_500);
/// Less than needs a second person.
const PART_MAX: i64 = 200;

/// Somebody's order of which something is left to be given back.
const TAKEN: &str = "
    SELECT payment_id, least(captured_minor - refunded_minor - refunding_minor, $1)
      FROM payment
     WHERE state = 'CAPTURED' AND captured_minor > refunded_minor + refunding_minor
     ORDER BY random()
     LIMIT 1";

const KEPT: &str = "SELECT refund_id, amount_minor FROM refund WHERE asked_by = $1";

/// A desk that serves until it is closed.
pub(super) struct Desk {
    clerk: Arc<Person>,
    book: Arc<Mutex<Book>>,
    over: CancellationToken,
    tasks: TaskTracker,
}

/// What the desk was told.
#[derive(Debug, Default, Clone)]
pub(super) struct Book {
    /// Refunds that were taken on, each with its amount.
    promised: Vec<(Uuid, i64)>,
    /// Refunds of which nobody knows whether they were taken on.
    open: usize,
}

#[derive(Deserialize)]
struct Refund {
    refund_id: Uuid,
}

impl Desk {
    /// Begins to serve.
    pub(super) fn open(site: &Site) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let clerk = Arc::new(admin(site, &api)?);
        let (book, over) = (Arc::<Mutex<Book>>::default(), CancellationToken::new());
        let tasks = TaskTracker::new();
        tasks.spawn(serve(site.clone(), clerk.clone(), book.clone(), over.clone()));
        Ok(Self { clerk, book, over, tasks })
    }

    /// Serves nobody any more. Answers what is told, and what is wrong.
    pub(super) async fn close(self, site: &Site) -> anyhow::Result<(String, Vec<String>)> {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(clerk) = self.clerk.known_id() else {
            return Ok(("refunds: nobody could ask for any".to_owned(), Vec::new()));
        };
        let mut payment = look::into(site, "payment").await?;
        let kept: Vec<(Uuid, i64)> =
            sqlx::query_as(KEPT).bind(clerk).fetch_all(&mut payment).await?;
        Ok((book.words(), book.wrong(&kept)))
    }
}

impl Book {
    fn words(&self) -> String {
        format!("refunds: {} taken on, {} without an answer", self.promised.len(), self.open)
    }

    /// What was taken on is there, and nothing that nobody asked for.
    fn wrong(&self, kept: &[(Uuid, i64)]) -> Vec<String> {
        let lost = self.promised.iter().filter(|promise| !kept.contains(promise));
        let mut wrong: Vec<String> =
            lost.map(|(id, minor)| format!("the refund {id} over {minor} is lost")).collect();
        let more = kept.len().saturating_sub(self.promised.len() + self.open);
        if more > 0 {
            wrong.push(format!("{more} refunds were made that nobody asked for"));
        }
        wrong
    }
}

async fn serve(site: Site, clerk: Arc<Person>, book: Arc<Mutex<Book>>, over: CancellationToken) {
    while over.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_some() {
        if let Err(error) = give_back(&site, &clerk, &book).await {
            tracing::info!(error = format!("{error:#}"), "nothing was given back");
        }
    }
}

/// Asks for a part of somebody's money, with one key until it is decided.
async fn give_back(site: &Site, clerk: &Person, book: &Mutex<Book>) -> anyhow::Result<()> {
    let mut payment = look::into(site, "payment").await?;
    let found: Option<(Uuid, i64)> =
        sqlx::query_as(TAKEN).bind(PART_MAX).fetch_optional(&mut payment).await?;
    payment.close().await?;
    let Some((id, minor)) = found else { return Ok(()) };
    let body = json!({ "amount_minor": minor, "reason": "quality", "liable": "platform" });
    let key = format!("desk-{}", SystemClock.new_id().simple());
    let call = Call::post(format!("/v1/payments/{id}/refunds"), &body)?.key(key);
    clerk.id().await?;

    let asked = clerk.ask(&call).await;
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    match asked {
        Ok(answer) if answer.is_ok() => {
            let refund: Refund = answer.json().context("no refund")?;
            book.promised.push((refund.refund_id, minor));
        }
        // Decided against: nothing may have come of it.
        Ok(answer) if matches!(answer.status, 400..500) && !matches!(answer.status, 401 | 429) => {}
        Ok(_) | Err(_) => book.open += 1,
    }
    drop(book);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_is_not_kept_is_wrong_and_so_is_a_gift() {
        let [one, two, three] = [1, 2, 3].map(|n| (Uuid::from_u128(n), 50));
        let book = Book { promised: vec![one, two], open: 0 };
        assert_eq!(book.wrong(&[two, one]), Vec::<String>::new());
        assert_eq!(book.wrong(&[one]).len(), 1);
        assert_eq!(book.wrong(&[one, (two.0, 49)]).len(), 1);
        assert_eq!(book.wrong(&[one, two, three]).len(), 1);
        let unsure = Book { open: 1, ..book };
        assert_eq!(unsure.wrong(&[one, two, three]), Vec::<String>::new());
    }
}
