//! I9.

use super::{Invariant, rule};

const SERVICES: [&str; 6] = ["identity", "inventory", "orders", "payment", "fleet", "notification"];

pub(super) fn arrive() -> Invariant {
    Invariant {
        id: "I9",
        promise: "every event reached every subscriber, once and in order",
        judged: "SELECT count(*) FROM truth.outbox e JOIN truth.subscription s USING (type)",
        rules: vec![
            rule(
                "a subscriber has taken it",
                "SELECT e.type, e.event_id, e.key, e.seq, s.consumer, e.created_at
                   FROM truth.outbox e
                   JOIN truth.subscription s USING (type)
                  WHERE NOT EXISTS (SELECT 1 FROM truth.inbox i
                                     WHERE i.consumer = s.consumer AND i.event_id = e.event_id)",
            ),
            rule(
                "a subscriber has taken it once",
                "SELECT service, consumer, event_id, count(*) AS times
                   FROM truth.inbox
                  GROUP BY service, consumer, event_id
                 HAVING count(*) > 1",
            ),
            rule("nobody heard what was never told", unheard_of()),
            rule(
                "events of a key are counted without gaps",
                "SELECT source, key, prev, seq
                   FROM (SELECT source, key, seq, lag(seq) OVER (PARTITION BY source, key ORDER BY seq) AS prev
                           FROM truth.outbox) t
                  WHERE seq <> prev + 1",
            ),
            rule(
                "a subscriber stands at the last event of a key",
                "SELECT h.consumer, h.source, h.key, p.seq AS stands_at, h.seq AS last
                   FROM (SELECT c.consumer, e.source, e.key, max(e.seq) AS seq
                           FROM truth.outbox e
                           JOIN (SELECT DISTINCT s.consumer, o.source, o.key
                                   FROM truth.outbox o
                                   JOIN truth.subscription s USING (type)) c USING (source, key)
                          GROUP BY c.consumer, e.source, e.key) h
                   LEFT JOIN truth.position p USING (consumer, source, key)
                  WHERE p.seq IS DISTINCT FROM h.seq",
            ),
            rule(
                "no dead letter waits",
                "SELECT service, type, source, key, seq, code
                   FROM truth.dead_letter",
            ),
            rule(
                "a message that was sent is in the mailbox",
                "SELECT s.send_id, s.event_id, s.template
                   FROM notification.send s
                  WHERE s.state = 'SENT' AND NOT EXISTS (
                        SELECT 1 FROM truth.letter l
                         WHERE split_part(l.message_id, '.', 1) = s.event_id::text)",
            ),
        ],
    }
}

/// Facts are kept for 72 h after they were told.
fn unheard_of() -> String {
    let heard = SERVICES.map(|service| {
        format!(
            "SELECT '{service}' AS service, i.consumer, i.event_id, i.at
               FROM {service}.inbox i
              WHERE i.at > now() - interval '70 h'
                AND NOT EXISTS (SELECT 1 FROM truth.outbox o WHERE o.event_id = i.event_id)"
        )
    });
    heard.join(" UNION ALL ")
}
