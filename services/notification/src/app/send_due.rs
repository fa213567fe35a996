//! Use case: send the letters that are due.

use event_kit::outbox;
use futures::{StreamExt, stream};
use notification_contract::events::SendChanged;
use postgres_kit::StoreError;

use crate::{
    App,
    clients::ContactError,
    domain::{Outcome, State, Verdict},
    store::{self, sends::Due},
};

/// Letters that one round claims; at their slowest they are through before the lease ends.
const CLAIMED_MAX: i64 = 64;
const PARALLEL_MAX: usize = 16;

impl App {
    /// Sends at most a batch of letters; how many it found. They share a transaction before and one
    /// after; between them no transaction is open.
    pub(crate) async fn send_due(&self) -> Result<usize, StoreError> {
        let due = store::sends::claim_due(&mut *self.db.acquire().await?, CLAIMED_MAX).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let verdicts: Vec<(Due, Verdict)> = stream::iter(due)
            .map(async |due| {
                let verdict = self.send(&due).await.verdict(due.attempts);
                (due, verdict)
            })
            .buffer_unordered(PARALLEL_MAX)
            .collect()
            .await;

        let mut tx = self.db.begin().await?;
        let recorded = store::sends::record(&mut tx, &verdicts).await?;
        let told = verdicts
            .iter()
            .filter(|(due, verdict)| verdict.state.is_final() && recorded.contains(&due.id));
        outbox::stage_all(&mut tx, told.map(|(due, verdict)| changed(due, verdict.state))).await?;
        tx.commit().await?;
        Ok(verdicts.len())
    }

    /// One attempt. Name and address are asked for now and forgotten with the letter.
    async fn send(&self, due: &Due) -> Outcome {
        let contact = match self.contacts.find(due.user).await {
            Ok(contact) => contact,
            Err(ContactError::Missing) => return Outcome::Refused("no-contact"),
            Err(ContactError::Away(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(send.id = %due.id, error, "the address could not be asked for");
                return Outcome::Away("no-answer-from-identity");
            }
        };
        let letter = due.template.letter(&due.facts, &contact.name);
        self.mailer.send(due.event, &contact, letter).await
    }
}

fn changed(due: &Due, state: State) -> SendChanged {
    SendChanged {
        send_id: due.id,
        order_id: Some(due.order),
        channel: "email".to_owned(),
        template: due.template.name().to_owned(),
        state: state.name().to_owned(),
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_letter_reaches_the_customer_under_the_name_of_its_event(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;

        bench.send().await;

        let letters = bench.letters();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].to, ["anna@example.com"]);
        assert_eq!(letters[0].subject, "Your order is confirmed");
        assert!(letters[0].text.starts_with("Hello Anna,"), "{}", letters[0].text);
        assert!(letters[0].text.contains("12.50 USD"), "{}", letters[0].text);
        let event = bench.event_of(order, "order_confirmed").await;
        assert_eq!(letters[0].message_id, format!("<{event}.email@cloudeats.example>"));
        bench.went(order, &["QUEUED told", "SENDING due", "SENT sent"]).await;
        bench.has_told(&["SENT"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_sent_is_not_sent_again(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.confirmed("delivery").await;

        bench.send().await;
        bench.send().await;

        assert_eq!(bench.letters().len(), 1);
        bench.has_told(&["SENT"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn somebody_whom_identity_does_not_know_gets_no_letter_and_we_say_why(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed_of_a_stranger().await;

        bench.send().await;

        assert_eq!(bench.letters().len(), 0);
        bench.went(order, &["QUEUED told", "SENDING due", "FAILED no-contact"]).await;
        bench.has_told(&["FAILED"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_mail_server_that_is_away_is_tried_again(db: PgPool) {
        let mut bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;
        bench.mail_server_goes_away();
        bench.send().await;
        bench.went(order, &["QUEUED told", "SENDING due", "QUEUED no-mail-server"]).await;
        bench.has_told(&[]).await;

        bench.mail_server_returns();
        bench.send().await;
        assert_eq!(bench.letters().len(), 0, "not before its time");
        bench.time_passes().await;
        bench.send().await;

        assert_eq!(bench.letters().len(), 1);
        bench.has_told(&["SENT"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn after_five_attempts_we_give_up_and_say_so(db: PgPool) {
        let mut bench = Bench::new(db).await;
        bench.confirmed("delivery").await;
        bench.mail_server_goes_away();

        for _attempt in 0..6 {
            bench.time_passes().await;
            bench.send().await;
        }

        bench.has_told(&["FAILED"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_sender_that_died_is_replaced_and_its_late_word_counts_for_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;
        let dead = bench.claim_and_die().await;

        bench.time_passes().await;
        bench.send().await;
        bench.record_late(dead).await;

        assert_eq!(bench.letters().len(), 1);
        bench.went(order, &["QUEUED told", "SENDING due", "SENT sent"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn two_senders_at_once_send_each_letter_once(db: PgPool) {
        let bench = Bench::new(db).await;
        for _order in 0..40 {
            bench.confirmed("delivery").await;
        }

        tokio::join!(bench.send(), bench.send(), bench.send());

        assert_eq!(bench.letters().len(), 40);
    }
}
