//! The rules of the fleet, as they would be true on paper.

mod courier;
mod delivery;
mod fact;
mod fix;
mod nearest;
mod presence;
mod vehicle;

pub(crate) use courier::{Courier, CourierBusy, CourierState};
pub(crate) use delivery::{
    AlreadyPickedUp, AssignError, Delivery, Errand, Holder, Kept, NEARBY_M, State, Step, Verdict,
    Which,
};
pub(crate) use fact::{CANCELLED_ON_THE_WAY, Fact, FactKind, Refusal};
pub(crate) use fix::{Cause, Fix, Reading};
pub(crate) use nearest::{Candidate, sort_by_nearness};
pub(crate) use presence::Presence;
pub(crate) use vehicle::{SeenVehicle, Vehicle, VehicleKind};

/// Makes an enum whose words are shown.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// The word.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}

/// Makes an enum whose words are kept, too.
macro_rules! kept_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $crate::domain::words! {
            $(#[$doc])* $name { $($(#[$variant_doc])* $variant = $word),+ }
        }

        impl $name {
            /// Every word.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Reads a word.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == word)
            }
        }
    };
}
use {kept_words, words};
