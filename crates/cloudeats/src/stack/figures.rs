//! What each process of a stack took, for people.

use crate::process::supervisor::{Supervisor, Took};

const KIB_PER_MIB: u64 = 1024;

/// A line for each process, engines first, and the sum.
pub(super) fn table(supervisor: &Supervisor) -> String {
    let head = ["process", "ready after", "memory", "peak"].map(str::to_owned);
    let took: Vec<Took<'_>> = supervisor.took().collect();
    let sum = took.iter().filter_map(|took| took.memory).map(|memory| memory.resident_kib).sum();
    let sum = ["all together".to_owned(), String::new(), mib(Some(sum)), String::new()];
    let rows = took.iter().map(row);
    let lines = [head].into_iter().chain(rows).chain([sum]).map(|[name, ready, memory, peak]| {
        format!("\n  {name:<16}{ready:>14}{memory:>12}{peak:>12}")
    });
    lines.collect()
}

fn row(took: &Took<'_>) -> [String; 4] {
    let ready = took.ready_after.map(|after| format!("{} ms", after.as_millis()));
    [
        took.name.to_owned(),
        ready.unwrap_or_else(unknown),
        mib(took.memory.map(|memory| memory.resident_kib)),
        mib(took.memory.and_then(|memory| memory.peak_kib)),
    ]
}

fn mib(kib: Option<u64>) -> String {
    kib.map_or_else(unknown, |kib| format!("{} MiB", kib.div_ceil(KIB_PER_MIB)))
}

fn unknown() -> String {
    "-".to_owned()
}
