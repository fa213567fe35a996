//! One stream of an order's steps and its courier's positions, merged from those who know them.

mod events;
mod merge;

pub(crate) use events::{Blocks, data};
pub(crate) use merge::merged;
