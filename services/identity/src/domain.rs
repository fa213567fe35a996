//! What is true of people and their proofs, on paper.

mod account;
mod attempts;
mod email;
mod password;
mod session;

pub(crate) use account::{Account, AccountError, NewAccount, sees_everybody};
pub(crate) use attempts::{Attempts, Blocked};
pub(crate) use email::Email;
pub(crate) use password::Password;
pub(crate) use session::{RefreshError, RefreshToken};
