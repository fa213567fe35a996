//! What may never happen, as queries for the rows that would show it (RELIABILITY, 3).

mod events;
mod keys;
mod machines;
mod money;
mod orders;
mod refunds;
mod stock;
mod telemetry;
mod upkeep;

/// Something that is promised, and how a broken promise would show.
#[derive(Debug)]
pub(super) struct Invariant {
    pub(super) id: &'static str,
    pub(super) promise: &'static str,
    /// Counts what is looked at.
    pub(super) judged: &'static str,
    pub(super) rules: Vec<Rule>,
}

/// Rows that may not be.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) offenders: String,
}

/// Every invariant that can be judged by now.
pub(super) fn all() -> [Invariant; 13] {
    [
        money::adds_up(),
        money::is_taken_once(),
        stock::is_counted(),
        stock::is_not_oversold(),
        orders::endure(),
        orders::are_no_phantoms(),
        orders::do_not_hang(),
        machines::take_legal_paths(),
        events::arrive(),
        orders::are_undone_whole(),
        telemetry::never_goes_back(),
        keys::stand_for_one_thing(),
        upkeep::keeps_up(),
    ]
}

fn rule(name: &'static str, offenders: impl Into<String>) -> Rule {
    Rule { name, offenders: offenders.into() }
}
