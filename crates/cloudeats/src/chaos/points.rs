//! The crash points that the services have passed, as they list them themselves.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::layout::Layout;

/// Where they list them.
pub(super) fn file(layout: &Layout) -> PathBuf {
    layout.folder().join("crash-points")
}

/// What tells the services to list them.
pub(super) fn variable(layout: &Layout) -> (String, String) {
    ("CLOUDEATS_CRASH_POINTS".to_owned(), file(layout).display().to_string())
}

/// Forgets them: what only the seed passes is never passed under load.
pub(super) fn forget(layout: &Layout) {
    // A list that is not there is as good as an empty one.
    let _not_there = std::fs::remove_file(file(layout));
}

/// Those of one service, in their order by name; none where the binaries have no crash points.
pub(super) fn of(layout: &Layout, service: &str) -> anyhow::Result<Vec<String>> {
    let listed = match std::fs::read_to_string(file(layout)) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    Ok(select(&listed, service))
}

fn select(listed: &str, service: &str) -> Vec<String> {
    let of_service = |point: &&str| point.split('.').next() == Some(service);
    let points: BTreeSet<&str> = listed.lines().filter(of_service).collect();
    points.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_of_a_service_is_taken_once() {
        let listed = "orders.b.after\norders.a.before\nfleet.a.before\norders.b.after\n";
        assert_eq!(select(listed, "orders"), ["orders.a.before", "orders.b.after"]);
        assert_eq!(select(listed, "payment"), Vec::<String>::new());
    }
}
