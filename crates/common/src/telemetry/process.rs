//! What this process takes of its machine, in OpenTelemetry's names.

use opentelemetry::{KeyValue, metrics::Meter};

/// Processor time since the start, in seconds.
const CPU_TIME: &str = "process.cpu.time";
/// Memory that is in the machine's own.
const MEMORY_USAGE: &str = "process.memory.usage";

/// Linux tells times to programs in hundredths of a second, whatever it counts in itself.
const TICKS_PER_S: f64 = 100.0;

/// Has both read whenever somebody asks. Where there is no `/proc` there are no such series.
pub(super) fn observe(meter: &Meter) {
    let cpu = meter.f64_observable_counter(CPU_TIME).with_unit("s");
    cpu.with_callback(|seen| {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        for (mode, seconds) in cpu_seconds(&stat).into_iter().flatten() {
            seen.observe(seconds, &[KeyValue::new("cpu.mode", mode)]);
        }
    })
    .build();
    let memory = meter.i64_observable_up_down_counter(MEMORY_USAGE).with_unit("By");
    memory
        .with_callback(|seen| {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            if let Some(bytes) = resident_bytes(&status) {
                seen.observe(bytes, &[]);
            }
        })
        .build();
}

/// Fields 14 and 15 of `/proc/self/stat`; the second, a name in parentheses, may hold anything.
fn cpu_seconds(stat: &str) -> Option<[(&'static str, f64); 2]> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).map(str::parse::<f64>);
    let mut seconds = || Some(ticks.next()?.ok()? / TICKS_PER_S);
    Some([("user", seconds()?), ("system", seconds()?)])
}

fn resident_bytes(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix(" kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Measured;

    #[test]
    fn a_process_that_has_an_odd_name_is_read_as_any_other() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 90 0 0 0 1250 75 0 0 20 0 9 0 100 1 2 3";
        assert_eq!(cpu_seconds(stat), Some([("user", 12.5), ("system", 0.75)]));
        assert_eq!(cpu_seconds("nothing"), None);
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2_097_152));
        assert_eq!(resident_bytes("VmRSS: much"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_scrape_tells_what_the_process_takes() {
        let measured = Measured::new().unwrap();
        observe(&measured.meter());

        let text = measured.text().unwrap();

        assert!(text.contains("process_cpu_time_seconds_total{cpu_mode=\"user\"} "), "{text}");
        let memory = text.lines().find_map(|line| line.strip_prefix("process_memory_usage_bytes "));
        assert!(memory.unwrap().parse::<f64>().unwrap() > 100_000.0, "{text}");
    }
}
