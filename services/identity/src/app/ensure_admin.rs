//! The first admin.

use anyhow::{Context, anyhow};
use common::types::{Role, UserId};
use event_kit::outbox;
use secrecy::ExposeSecret;

use crate::{AdminConfig, App, domain::NewAccount, events, store};

impl App {
    /// Makes the configured admin while there is none. Later starts change nothing, whatever is
    /// configured by then.
    pub async fn ensure_admin(&self, config: AdminConfig) -> anyhow::Result<()> {
        let AdminConfig {
            bootstrap_admin_email: Some(email),
            bootstrap_admin_password: Some(password),
        } = config
        else {
            return Ok(());
        };
        let new = NewAccount::with_roles(
            &email,
            password.expose_secret(),
            "Administrator",
            vec![Role::Admin],
            Vec::new(),
        )
        .context("CE_BOOTSTRAP_ADMIN_EMAIL, CE_BOOTSTRAP_ADMIN_PASSWORD")?;
        if store::accounts::has_admin(&mut *self.db.acquire().await?).await? {
            return Ok(());
        }
        let hash = self.passwords.hash(new.password.clone()).await?;
        let account = new.named(UserId::from_uuid(self.clock.new_id()));

        let mut tx = self.db.begin().await?;
        store::accounts::lock_for_admin(&mut tx).await?;
        if store::accounts::has_admin(&mut tx).await? {
            tx.rollback().await;
            return Ok(());
        }
        if !store::accounts::insert(&mut tx, &account, &new.email, &hash, self.clock.now()).await? {
            tx.rollback().await;
            return Err(anyhow!("CE_BOOTSTRAP_ADMIN_EMAIL belongs to an account that is no admin"));
        }
        outbox::stage(&mut tx, &events::registered(&account)).await?;
        tx.commit().await?;

        tracing::info!(user.id = %account.id, "first admin made");
        Ok(())
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::{AdminConfig, bench::Bench};

    fn config(email: &str) -> AdminConfig {
        AdminConfig {
            bootstrap_admin_email: Some(email.to_owned()),
            bootstrap_admin_password: Some("a long password".to_owned().into()),
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn one_admin_is_made_however_often_and_by_however_many_it_is_asked_for(db: PgPool) {
        let bench = Bench::new(db);

        let (one, two) = tokio::join!(
            bench.app().ensure_admin(config("root@example.com")),
            bench.app().ensure_admin(config("other@example.com")),
        );
        one.unwrap();
        two.unwrap();
        bench.app().ensure_admin(config("third@example.com")).await.unwrap();

        assert_eq!(bench.count("account").await, 1);
        bench.has_told(1).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_becomes_admin_by_having_the_address(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("root@example.com").await;

        assert!(bench.app().ensure_admin(config("Root@Example.com")).await.is_err());
    }
}
