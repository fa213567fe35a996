//! How each fault is injected, and how it is seen to have landed.

pub(super) mod clients;
pub(super) mod clock;
pub(super) mod crash;
pub(super) mod crowds;
pub(super) mod database;
pub(super) mod disk;
pub(super) mod engines;
pub(super) mod events;
pub(super) mod freeze;
pub(crate) mod links;
pub(super) mod lossy;
pub(crate) mod provider;
