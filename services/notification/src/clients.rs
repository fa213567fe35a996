//! Who knows addresses, and who carries letters, in our words.

mod contacts;
mod mailer;

pub use contacts::Contacts;
pub(crate) use contacts::{Contact, ContactError};
pub use mailer::{Mailer, PATIENCE};
