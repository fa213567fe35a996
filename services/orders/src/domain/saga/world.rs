//! Inventory, payment and fleet as the saga may rely on them, for models and simulations: the same call
//! again is the same answer, and an undo that comes first leaves a tombstone.

use std::collections::BTreeMap;

use super::{Call, Heard};

/// What three services hold for one order.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    stock: Stock,
    money: Money,
    recalled: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stock {
    #[default]
    Untouched,
    Held,
    Shipped,
    Released,
}

/// A provider that would charge for every generation it is asked for: that it does not is up to the saga.
#[derive(Debug, Clone, Default)]
struct Money {
    tries: BTreeMap<i32, Try>,
    /// Tries that were good for money at one moment, at most.
    good_at_once: usize,
    voided: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    Declined,
    Held,
    /// It stands, and its capture was refused for good.
    Worthless,
    Captured,
}

impl World {
    /// Does what is asked; `willing` decides where a service is free to.
    pub(crate) fn ask(&mut self, call: Call, generation: i32, willing: bool) -> Heard {
        match call {
            Call::Reserve | Call::Ship | Call::Release => self.stock.ask(call, willing),
            Call::Authorize => self.money.authorize(generation, willing),
            Call::Capture => self.money.capture(generation, willing),
            Call::Void => self.money.void(),
            Call::Deliver if self.recalled => refused("already-cancelled"),
            Call::Deliver => Heard::Done,
            Call::Recall => {
                self.recalled = true;
                Heard::Done
            }
        }
    }

    /// Whether goods are held or gone.
    pub(crate) fn holds_goods(&self) -> bool {
        matches!(self.stock, Stock::Held | Stock::Shipped)
    }

    /// Whether money is held or taken.
    pub(crate) fn holds_money(&self) -> bool {
        self.money.good() > 0
    }

    /// How often money was taken.
    pub(crate) fn captures(&self) -> usize {
        self.money.tries.values().filter(|one| **one == Try::Captured).count()
    }

    /// I2: how many tries were good for money at one moment, at most.
    pub(crate) fn authorizations(&self) -> usize {
        self.money.good_at_once
    }
}

impl Stock {
    fn ask(&mut self, call: Call, willing: bool) -> Heard {
        match (call, *self) {
            (Call::Release, Self::Shipped) => refused("already-shipped"),
            (Call::Release, _) => {
                *self = Self::Released;
                Heard::Done
            }
            (_, Self::Released) => refused("already-cancelled"),
            (Call::Reserve, Self::Untouched) if !willing => refused("out-of-stock"),
            (Call::Reserve, Self::Untouched) => {
                *self = Self::Held;
                Heard::Done
            }
            (Call::Ship, Self::Untouched) => refused("no-such-reservation"),
            (Call::Ship, _) => {
                *self = Self::Shipped;
                Heard::Done
            }
            _ => Heard::Done,
        }
    }
}

impl Money {
    fn good(&self) -> usize {
        self.tries.values().filter(|one| matches!(one, Try::Held | Try::Captured)).count()
    }

    fn authorize(&mut self, generation: i32, willing: bool) -> Heard {
        if self.voided {
            return refused("already-cancelled");
        }
        let fresh = if willing { Try::Held } else { Try::Declined };
        let found = *self.tries.entry(generation).or_insert(fresh);
        self.good_at_once = self.good_at_once.max(self.good());
        if found == Try::Declined { refused("payment-declined") } else { Heard::Done }
    }

    fn capture(&mut self, generation: i32, willing: bool) -> Heard {
        match self.tries.get_mut(&generation) {
            _ if self.voided => refused("already-cancelled"),
            Some(Try::Captured) => Heard::Done,
            Some(held @ Try::Held) => {
                *held = if willing { Try::Captured } else { Try::Worthless };
                if willing { Heard::Done } else { refused("capture-refused") }
            }
            Some(Try::Worthless) => refused("capture-refused"),
            Some(Try::Declined) | None => refused("not-authorized"),
        }
    }

    fn void(&mut self) -> Heard {
        if self.tries.values().any(|one| *one == Try::Captured) {
            return refused("already-captured");
        }
        self.tries.retain(|_, one| *one == Try::Declined);
        self.voided = true;
        Heard::Done
    }
}

fn refused(why: &str) -> Heard {
    Heard::Refused(why.to_owned())
}
