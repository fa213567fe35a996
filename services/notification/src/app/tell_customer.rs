//! Use case: put something into somebody's inbox, and a letter on its way.

use common::types::{CustomerId, NotificationId, OrderId};
use event_kit::{Heard, inbox};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Facts, Kind},
    store::{self, inbox::NewNotification},
};

/// What there is to tell about an order.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) customer: CustomerId,
    pub(crate) order: OrderId,
    pub(crate) kind: Kind,
    pub(crate) facts: Facts,
}

impl App {
    /// Tells a customer, once: the event is claimed in the transaction of its effect, and an order has
    /// each kind of news at most once.
    #[tracing::instrument(name = "notification.tell_customer", skip_all, fields(order.id = %news.order))]
    pub(crate) async fn tell_customer<E>(
        &self,
        heard: &Heard<E>,
        news: News,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, heard).await? {
            tx.rollback().await;
            return Ok(());
        }
        // Only some facts say how the order leaves; what was told first is remembered.
        let known = news.facts.get("fulfilment");
        let pickup = match (news.kind, known) {
            (Kind::Ready, None) => store::inbox::is_pickup(&mut tx, news.order).await?,
            _ => known == Some("pickup"),
        };

        let (template, by_letter) = news.kind.template(pickup);
        let notification = NewNotification {
            id: NotificationId::from_uuid(self.clock.new_id()),
            user: news.customer.as_uuid(),
            order: news.order,
            kind: news.kind,
            words: template.inbox(&news.facts),
            facts: &news.facts,
            at: self.clock.now(),
        };
        let letter = by_letter.then(|| store::inbox::NewSend {
            id: self.clock.new_id(),
            event: heard.id,
            template,
        });

        store::inbox::insert(&mut tx, &notification, letter.as_ref()).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_event_that_comes_twice_is_told_once(db: PgPool) {
        let bench = Bench::new(db).await;

        bench.confirmed_twice().await;
        bench.send().await;

        bench.inbox_is(&["order_confirmed"]).await;
        assert_eq!(bench.letters().len(), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_brings_three_letters_and_five_messages(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;
        bench.preparing(order).await;
        bench.ready(order).await;
        bench.dispatched(order).await;
        bench.delivered(order).await;
        bench.completed(order).await;
        bench.send().await;

        let kinds = [
            "order_confirmed",
            "order_preparing",
            "order_ready",
            "order_dispatched",
            "order_delivered",
        ];
        bench.inbox_is(&kinds).await;
        bench.letters_are(&[
            "You have your order",
            "Your order is confirmed",
            "Your order is on its way",
        ]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn who_collects_an_order_is_called_when_it_is_ready(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("pickup").await;
        bench.ready(order).await;
        bench.completed(order).await;
        bench.send().await;

        bench.letters_are(&[
            "You have your order",
            "Your order is confirmed",
            "Your order is ready to be collected",
        ]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refusal_and_a_cancellation_say_why_in_words(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.rejected("out-of-stock").await;
        bench.cancelled("customer_changed_mind").await;
        bench.send().await;

        let texts: Vec<_> = bench.letters().into_iter().map(|letter| letter.text).collect();
        assert!(texts.iter().any(|text| text.contains("Reason: out of stock.")), "{texts:?}");
        assert!(
            texts.iter().any(|text| text.contains("Reason: customer changed mind.")),
            "{texts:?}"
        );
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nothing_that_is_kept_holds_a_name_or_an_address(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.confirmed("delivery").await;
        bench.send().await;

        let kept = bench.everything_kept().await;

        assert!(kept.contains("order_confirmed"));
        assert!(!kept.contains("anna") && !kept.contains("Anna"), "{kept}");
    }
}
