//! I12.

use super::{Invariant, rule};

pub(super) fn never_goes_back() -> Invariant {
    Invariant {
        id: "I12",
        promise: "a vehicle stands where it last was, and what its courier did is known",
        judged: "SELECT count(*) FROM fleet.vehicle_position",
        rules: vec![
            rule(
                "a position is the newest that was heard",
                "SELECT p.vehicle_id, p.boot_ord, p.seq, t.boot_ord AS newest_boot, t.seq AS newest
                   FROM fleet.vehicle_position p
                   JOIN (SELECT DISTINCT ON (vehicle_id) vehicle_id, boot_ord, seq
                           FROM fleet.vehicle_track
                          ORDER BY vehicle_id, boot_ord DESC, seq DESC) t USING (vehicle_id)
                  WHERE (p.boot_ord, p.seq) < (t.boot_ord, t.seq)",
            ),
            rule(
                "a fact that was taken is there",
                "SELECT v.at, v.vehicle_id, v.event_id, v.kind
                   FROM truth.vehicle v
                   LEFT JOIN fleet.courier_fact f USING (event_id)
                  WHERE v.refused IS NULL AND f.event_id IS NULL",
            ),
        ],
    }
}
