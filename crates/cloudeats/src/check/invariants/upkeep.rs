//! I16.

use super::{Invariant, rule};

const SERVICES: [&str; 6] = ["identity", "inventory", "orders", "payment", "fleet", "notification"];

/// Facts are kept for 72 h after they were told, and remembered for 14 days after they were heard.
pub(super) fn keeps_up() -> Invariant {
    Invariant {
        id: "I16",
        promise: "nothing lags, and what is old is forgotten",
        judged: "SELECT count(*) FROM truth.outbox",
        rules: vec![
            rule(
                "a fact is told soon",
                each(
                    "SELECT '{service}' AS service, count(*) AS waiting, min(created_at) AS since
                   FROM {service}.outbox
                  WHERE published_at IS NULL
                 HAVING count(*) >= 100 OR min(created_at) < now() - interval '5 s'",
                ),
            ),
            rule(
                "what was told is forgotten after 72 h",
                each(
                    "SELECT '{service}' AS service, count(*) AS facts, min(published_at) AS since
                   FROM {service}.outbox
                  WHERE published_at < now() - interval '73 h'
                 HAVING count(*) > 0",
                ),
            ),
            rule(
                "what was heard is forgotten after 14 days",
                each(
                    "SELECT '{service}' AS service, count(*) AS facts, min(at) AS since
                   FROM {service}.inbox
                  WHERE at < now() - interval '337 h'
                 HAVING count(*) > 0",
                ),
            ),
        ],
    }
}

fn each(sql: &str) -> String {
    SERVICES.map(|service| sql.replace("{service}", service)).join(" UNION ALL ")
}
