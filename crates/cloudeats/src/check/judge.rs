//! Runs the checkers and says what they found.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};

use super::invariants::{Invariant, Rule, all};

/// Offending rows that are shown, for each rule.
const SHOWN_MAX: usize = 20;

/// What a checker says, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// It was looked, and nothing was found.
    Pass,
    /// It could not be judged.
    Unknown,
    /// There are rows that may not be.
    Fail,
}

/// What was found about one invariant.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// `I1` and so on.
    pub id: &'static str,
    /// What is promised.
    pub promise: &'static str,
    /// What was found.
    pub verdict: Verdict,
    /// How many things were looked at.
    pub judged: i64,
    /// Why it could not be judged.
    pub why: Option<String>,
    /// Rows that may not be.
    pub offences: Vec<Offence>,
}

/// Rows that break a rule.
#[derive(Debug, Serialize)]
pub struct Offence {
    /// The rule.
    pub rule: &'static str,
    /// How many there are.
    pub count: i64,
    /// Some of them.
    pub rows: Vec<Value>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "PASS",
            Self::Unknown => "UNKNOWN",
            Self::Fail => "FAIL",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, promise, verdict, judged, .. } = self;
        write!(f, "{id:<4}{verdict:<8}{promise} ({judged} judged)")?;
        if let Some(why) = &self.why {
            write!(f, "\n      {why}")?;
        }
        for Offence { rule, count, rows } in &self.offences {
            write!(f, "\n      {rule}: {count}")?;
            for row in rows {
                write!(f, "\n        {row}")?;
            }
        }
        Ok(())
    }
}

/// Why an invariant that nothing touched is not known to hold.
pub(super) const NOTHING: &str = "there was nothing to judge";

impl Finding {
    /// Whether it could be looked at, and there was nothing to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.why.as_deref() == Some(NOTHING) && self.offences.is_empty()
    }
}

/// Runs every checker. `unread`: sources that are missing.
pub(super) async fn judge(
    db: &mut PgConnection,
    unread: &[String],
) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for invariant in all() {
        findings.push(look(db, &invariant, unread).await);
    }
    Ok(findings)
}

/// Looks whether one invariant holds.
pub(super) async fn look(
    db: &mut PgConnection,
    invariant: &Invariant,
    unread: &[String],
) -> Finding {
    let Invariant { id, promise, .. } = *invariant;
    let mut finding = Finding {
        id,
        promise,
        verdict: Verdict::Unknown,
        judged: 0,
        why: None,
        offences: Vec::new(),
    };
    if let Err(error) = try_look(db, invariant, &mut finding).await {
        finding.why = Some(format!("cannot be judged: {error:#}"));
    } else if !unread.is_empty() {
        finding.why = Some(format!("cannot be read: {}", unread.join("; ")));
    } else if finding.judged == 0 {
        finding.why = Some(NOTHING.to_owned());
    } else {
        finding.verdict = Verdict::Pass;
    }
    if !finding.offences.is_empty() {
        finding.verdict = Verdict::Fail;
    }
    finding
}

async fn try_look(
    db: &mut PgConnection,
    invariant: &Invariant,
    finding: &mut Finding,
) -> anyhow::Result<()> {
    finding.judged = sqlx::query_scalar(invariant.judged).fetch_one(&mut *db).await?;
    for Rule { name, offenders } in &invariant.rules {
        let sql =
            format!("SELECT to_jsonb(t), count(*) OVER () FROM ({offenders}) t LIMIT {SHOWN_MAX}");
        let rows: Vec<(Json<Value>, i64)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *db).await?;
        if let Some((_, count)) = rows.first() {
            let count = *count;
            let rows = rows.into_iter().map(|(Json(row), _)| row).collect();
            finding.offences.push(Offence { rule: name, count, rows });
        }
    }
    Ok(())
}
