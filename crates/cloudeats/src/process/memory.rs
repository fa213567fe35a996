//! How much memory a process has, as Linux tells it under `/proc`.

use std::fs::read_to_string;

/// The memory of a process with those that it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What lies in memory now, in KiB.
    pub resident_kib: u64,
    /// The most that ever did, in KiB; of several processes nobody knows the most at one time.
    pub peak_kib: Option<u64>,
}

impl Memory {
    /// The memory of a running process; nothing on a system without `/proc`.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let all = with_children(pid);
        if all.len() == 1 {
            let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
            let resident_kib = field(&status, "VmRSS:")?;
            return Some(Self { resident_kib, peak_kib: field(&status, "VmHWM:") });
        }
        // What they share counts once: the proportional sizes of all add up to it.
        let sizes = all.into_iter().filter_map(|pid| {
            let sizes = read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            field(&sizes, "Pss:")
        });
        Some(Self { resident_kib: sizes.sum(), peak_kib: None }).filter(|it| it.resident_kib > 0)
    }
}

/// A process and those that it started.
pub(crate) fn with_children(pid: u32) -> Vec<u32> {
    let listed = read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = listed.split_whitespace().filter_map(|pid| pid.parse().ok());
    std::iter::once(pid).chain(children).collect()
}

/// The number behind a name: `VmRSS:     1234 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_its_name() {
        let text = "Name:\tx\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!((field(text, "VmRSS:"), field(text, "VmHWM:")), (Some(10_240), Some(20_480)));
        assert_eq!(field(text, "Pss:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory_and_its_peak_is_no_less() {
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.peak_kib.is_none_or(|peak| peak >= memory.resident_kib), "{memory:?}");
    }
}
