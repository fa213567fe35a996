//! A place that sells.

use common::types::{Cell, Currency, GeoPoint, StoreId, Timestamp};
use uuid::Uuid;

use super::words::is_slug;

/// A store, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Store {
    pub(crate) id: StoreId,
    pub(crate) version: i64,
    /// Counts every change of its items.
    pub(crate) catalogue: i64,
    /// The menu that customers see; 0 where none was published.
    pub(crate) menu_version: i64,
    pub(crate) since: Timestamp,
    pub(crate) draft: StoreDraft,
}

/// What an admin says about a store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoreDraft {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) partner_id: Uuid,
    pub(crate) cell: Cell,
    pub(crate) currency: Currency,
    pub(crate) time_zone: String,
    pub(crate) location: GeoPoint,
    pub(crate) open: bool,
    pub(crate) radius_m: i64,
    pub(crate) delivery_fee_minor: i64,
    pub(crate) order_min_minor: i64,
    pub(crate) tax_bp: i64,
    pub(crate) accepts_automatically: bool,
}

/// How a store is named in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreNamed {
    Id(StoreId),
    Slug(String),
    /// Not at all: the oldest that is open.
    Default,
}

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidStore {
    #[error("a slug is 1 to 60 of a-z, 0-9 and -, and no UUID")]
    Slug,
    #[error("a store has a name")]
    Name,
    #[error("a time zone is a name of the IANA database, such as Europe/Andorra")]
    TimeZone,
    #[error("a store delivers 0 to 100000 metres far")]
    Radius,
    #[error("a tax is 0 to 10000 basis points")]
    Tax,
}

/// What never changes in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreFixed {
    #[error("a store never changes its cell")]
    Cell,
    #[error("a store never changes its currency")]
    Currency,
}

impl StoreNamed {
    /// Reads an id or a slug; nothing is the default.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text {
            None => Self::Default,
            Some(text) => text.parse().map_or_else(|_| Self::Slug(text.to_owned()), Self::Id),
        }
    }
}

impl StoreDraft {
    /// The draft, if a store may be so.
    pub(crate) fn checked(self) -> Result<Self, InvalidStore> {
        let zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if !is_slug(&self.slug) {
            Err(InvalidStore::Slug)
        } else if self.name.trim().is_empty() {
            Err(InvalidStore::Name)
        } else if self.time_zone.is_empty() || !self.time_zone.chars().all(zone) {
            Err(InvalidStore::TimeZone)
        } else if !(0..=100_000).contains(&self.radius_m) {
            Err(InvalidStore::Radius)
        } else if !(0..=10_000).contains(&self.tax_bp) {
            Err(InvalidStore::Tax)
        } else {
            Ok(self)
        }
    }
}

impl Store {
    /// A store that nobody knew before.
    pub(crate) const fn new(id: StoreId, draft: StoreDraft, since: Timestamp) -> Self {
        Self { id, version: 1, catalogue: 1, menu_version: 0, since, draft }
    }

    /// Takes new words, but for those that never change.
    pub(crate) fn change(&mut self, draft: StoreDraft) -> Result<(), StoreFixed> {
        if draft.cell != self.draft.cell {
            return Err(StoreFixed::Cell);
        }
        if draft.currency != self.draft.currency {
            return Err(StoreFixed::Currency);
        }
        self.draft = draft;
        self.version += 1;
        Ok(())
    }
}
