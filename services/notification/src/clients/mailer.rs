//! E-mail by SMTP.

use std::time::Duration;

use anyhow::Context;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::PoolConfig,
};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::Contact;
use crate::domain::{Letter, Outcome};

const CONNECTIONS_MAX: u32 = 16;
/// How long a mail server may take for one word. The lease of a letter is longer than all words of a round.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A mail server, through a few connections that stay open.
#[derive(Clone)]
pub struct Mailer {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Names the server, and how long it may take for one word; it is first spoken to when there is a letter.
    ///
    /// # Errors
    /// An address that is none.
    pub fn connect(
        smtp_url: &SecretString,
        from: &str,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp_url.expose_secret())
            .context("CE_SMTP_URL")?
            .timeout(Some(patience))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX))
            .build();
        let from = from.parse().with_context(|| format!("CE_MAIL_FROM: `{from}`"))?;
        Ok(Self { smtp, from })
    }

    /// Hands a letter over. The event is its name outside: whoever gets it twice can tell.
    pub(crate) async fn send(&self, event: Uuid, to: &Contact, letter: Letter) -> Outcome {
        let Ok(address) = to.email.parse::<Address>() else {
            return Outcome::Refused("bad-address");
        };
        let message = Message::builder()
            .message_id(Some(format!("<{event}.email@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(Some(to.name.clone()), address))
            .subject(letter.title)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body);
        let Ok(message) = message else { return Outcome::Refused("bad-letter") };
        match self.smtp.send(message).await {
            Ok(_taken) => Outcome::Sent,
            Err(error) if error.is_permanent() => Outcome::Refused("refused-by-mail-server"),
            Err(error) => {
                // The server's words may quote the address.
                let transient = error.is_transient();
                tracing::warn!(event.id = %event, transient, "the mail server did not take a letter");
                Outcome::Away("no-mail-server")
            }
        }
    }
}
