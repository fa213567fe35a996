//! Which process used how much of the processors, and of the memory.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// The kernel counts in hundredths of a second wherever user programs read it (`USER_HZ`).
const TICK_MS: u64 = 10;

/// Processes that are watched.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    alone: Vec<(String, u32)>,
    families: Vec<(String, u32)>,
}

/// How much each had used at one moment, in ms, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading(BTreeMap<String, u64>);

struct Stat {
    parent: u32,
    own_ms: u64,
    /// Of children that have ended and were waited for.
    reaped_ms: u64,
}

impl Meter {
    /// Watches processes by themselves, and others together with all their children.
    pub(crate) const fn new(alone: Vec<(String, u32)>, families: Vec<(String, u32)>) -> Self {
        Self { alone, families }
    }

    /// Watches these too, by themselves.
    pub(crate) fn and(&self, more: impl IntoIterator<Item = (String, u32)>) -> Self {
        let alone = self.alone.iter().cloned().chain(more).collect();
        Self { alone, families: self.families.clone() }
    }

    /// Reads all counters; an error where a process is gone.
    pub(crate) fn read(&self) -> anyhow::Result<Reading> {
        let mut reading = BTreeMap::new();
        for (name, pid) in &self.alone {
            let stat = stat(*pid).with_context(|| format!("`{name}` is gone"))?;
            reading.insert(name.clone(), stat.own_ms);
        }
        for (name, pid) in &self.families {
            let head = stat(*pid).with_context(|| format!("`{name}` is gone"))?;
            // One that ends between the two looks is counted twice or not at all: less than a tick.
            let living: u64 = children(*pid)?.iter().map(|child| child.own_ms).sum();
            reading.insert(name.clone(), head.own_ms + head.reaped_ms + living);
        }
        Ok(Reading(reading))
    }

    /// The most memory that each process that is watched by itself ever had, in MB.
    pub(crate) fn peaks_mb(&self) -> BTreeMap<String, u64> {
        self.memory_kb("VmHWM").map(|(name, kb)| (name.to_owned(), kb.div_ceil(1024))).collect()
    }

    /// The memory that each process that is watched by itself has now, in kB; 0 where it is gone.
    pub(crate) fn resident_kb(&self) -> BTreeMap<String, u64> {
        self.memory_kb("VmRSS").map(|(name, kb)| (name.to_owned(), kb)).collect()
    }

    fn memory_kb(&self, field: &str) -> impl Iterator<Item = (&str, u64)> {
        self.alone.iter().map(move |(name, pid)| {
            let text = super::field(format!("/proc/{pid}/status"), field);
            (name.as_str(), text.map_or(0, |text| super::kb(&text)))
        })
    }
}

impl Reading {
    /// What was used since an earlier reading, in ms, by name.
    pub(crate) fn since(&self, earlier: &Self) -> BTreeMap<String, u64> {
        let before = |name| earlier.0.get(name).copied().unwrap_or(0);
        self.0.iter().map(|(name, ms)| (name.clone(), ms.saturating_sub(before(name)))).collect()
    }
}

/// The memory of a process, in kB, its part of what it shares with others; nothing where it is gone.
pub(crate) fn proportional_kb(pid: u32) -> Option<u64> {
    super::field(format!("/proc/{pid}/smaps_rollup"), "Pss").map(|text| super::kb(&text))
}

/// What all processors did since the start of the machine, in ms; waiting is not work.
pub(crate) fn busy_ms() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks = line.split_whitespace().skip(1).map(|word| word.parse().unwrap_or(0));
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
    let busy: u64 =
        ticks.take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4)).map(|it| it.1).sum();
    Ok(busy * TICK_MS)
}

fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may contain anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own_ms: (ticks(11)? + ticks(12)?) * TICK_MS,
        reaped_ms: (ticks(13)? + ticks(14)?) * TICK_MS,
    })
}

fn children(of: u32) -> anyhow::Result<Vec<Stat>> {
    let entries = std::fs::read_dir("/proc").context("/proc is unreadable: no Linux?")?;
    let pids = entries.filter_map(|entry| pid(&entry.ok()?.path()));
    Ok(pids.filter_map(stat).filter(|found| found.parent == of).collect())
}

fn pid(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    const BURN: &str = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done";

    fn shell(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).spawn().unwrap()
    }

    #[test]
    fn work_of_children_counts_while_they_live_and_after_they_were_reaped() {
        let mut head = shell(&format!("sh -c '{BURN}'; sleep 5"));
        let meter = Meter::new(Vec::new(), vec![("head".to_owned(), head.id())]);
        let begun = std::time::Instant::now();
        let used = || meter.read().unwrap().since(&Reading::default())["head"];
        while used() < 50 && begun.elapsed().as_secs() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }

        assert!(used() >= 50);
        let before = used();
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(used() >= before, "nothing is forgotten");
        head.kill().unwrap();
        head.wait().unwrap();
        assert!(meter.read().is_err());
    }

    #[test]
    fn this_process_is_seen_and_part_of_the_whole() {
        let meter = Meter::new(vec![("me".to_owned(), std::process::id())], Vec::new());
        assert!(meter.read().unwrap().since(&Reading::default())["me"] <= busy_ms().unwrap());
        assert!(meter.peaks_mb()["me"] > 0 && meter.resident_kb()["me"] > 1024);
        assert!(proportional_kb(std::process::id()).unwrap() > 1024);
    }

    #[test]
    fn one_more_process_is_watched_beside_the_others() {
        let meter = Meter::new(vec![("me".to_owned(), std::process::id())], Vec::new());
        let both = meter.and([("parent".to_owned(), std::os::unix::process::parent_id())]);
        let names: Vec<String> = both.resident_kb().into_keys().collect();
        assert_eq!(names, ["me", "parent"]);
    }
}
