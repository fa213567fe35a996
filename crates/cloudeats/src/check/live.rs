//! Each checker passes a good world and fails one in which something was broken on purpose.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::copy::{columns, definition, tables};
use super::invariants::all;
use super::judge::{Verdict, judge};
use super::{run, truth};

const SERVICES: [&str; 6] = ["identity", "inventory", "orders", "payment", "fleet", "notification"];

/// One completed delivery, one cancelled pick-up, one rejected order, and all that belongs to them.
const GOOD: &str = include_str!("live/good.sql");

/// A statement that breaks a rule, and the rule.
const BROKEN: &str = include_str!("live/broken.sql");

/// Empty tables like those of the real migrations, without constraints.
async fn world(db: &mut PgConnection) {
    for service in SERVICES {
        let folder = format!("{}/../../services/{service}/migrations", env!("CARGO_MANIFEST_DIR"));
        run(db, format!("CREATE SCHEMA real_{service}; SET search_path TO real_{service}"))
            .await
            .unwrap();
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        for file in files.collect::<BTreeSet<_>>() {
            // An empty table's index is made at once.
            let sql = std::fs::read_to_string(file).unwrap().replace(" CONCURRENTLY", "");
            run(db, format!("BEGIN; {sql}; COMMIT")).await.unwrap();
        }
        run(db, format!("CREATE SCHEMA {service}; SET search_path TO public")).await.unwrap();
        for table in tables(service) {
            let columns = columns(db, &format!("real_{service}"), table).await.unwrap();
            run(db, definition(service, table, &columns)).await.unwrap();
            if table.ends_with("_legal") {
                let sql =
                    format!("INSERT INTO {service}.{table} SELECT * FROM real_{service}.{table}");
                run(db, sql).await.unwrap();
            }
        }
    }
    run(db, truth::RAW.to_owned()).await.unwrap();
}

async fn judged(db: &mut PgConnection, broken: &str) -> Vec<(String, Verdict, Vec<&'static str>)> {
    run(db, "BEGIN".to_owned()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(broken.to_owned())).execute(&mut *db).await.expect(broken);
    truth::derive(db).await.unwrap();
    let findings = judge(db, &[]).await.unwrap();
    run(db, "ROLLBACK".to_owned()).await.unwrap();
    findings
        .into_iter()
        .map(|finding| {
            let why = finding.why.clone().unwrap_or_default();
            assert!(!why.contains("cannot be judged"), "{}: {why}", finding.id);
            let rules = finding.offences.iter().map(|offence| offence.rule).collect();
            (finding.id.to_owned(), finding.verdict, rules)
        })
        .collect()
}

#[sqlx::test(migrations = false)]
async fn a_good_world_passes_and_each_broken_one_fails_by_its_rule(pool: PgPool) {
    let mut db = pool.acquire().await.unwrap();
    world(&mut db).await;

    for (id, verdict, rules) in judged(&mut db, "SELECT 1").await {
        assert_eq!((verdict, rules), (Verdict::Unknown, vec![]), "{id} in an empty world");
    }
    run(&mut db, GOOD.to_owned()).await.unwrap();
    for (id, verdict, rules) in judged(&mut db, "SELECT 1").await {
        assert_eq!((verdict, rules), (Verdict::Pass, vec![]), "{id} in a good world");
    }

    let mut tripped = BTreeSet::new();
    for case in BROKEN.split("\n-- ").skip(1) {
        let (rule, sql) = case.split_once('\n').unwrap();
        let findings = judged(&mut db, sql).await;
        let failed = findings.iter().find(|(_, _, rules)| rules.contains(&rule));
        let failed = failed.unwrap_or_else(|| panic!("`{rule}` is not tripped: {findings:?}"));
        assert_eq!(failed.1, Verdict::Fail, "{rule}");
        tripped.insert(rule.to_owned());
    }
    let rules = all().into_iter().flat_map(|it| it.rules).map(|rule| rule.name.to_owned());
    assert_eq!(
        tripped,
        rules.collect::<BTreeSet<String>>(),
        "a rule that nothing trips is no rule"
    );
}

#[sqlx::test(migrations = false)]
async fn a_source_that_cannot_be_read_is_no_pass(pool: PgPool) {
    let mut db = pool.acquire().await.unwrap();
    world(&mut db).await;
    run(&mut db, GOOD.to_owned()).await.unwrap();
    truth::derive(&mut db).await.unwrap();

    let missing = judge(&mut db, &["orders: gone".to_owned()]).await.unwrap();
    assert!(missing.iter().all(|finding| finding.verdict == Verdict::Unknown));

    run(&mut db, "DROP SCHEMA payment CASCADE".to_owned()).await.unwrap();
    let findings = judge(&mut db, &[]).await.unwrap();
    let of = |id| findings.iter().find(|finding| finding.id == id).unwrap();
    assert_eq!((of("I1").verdict, of("I3").verdict), (Verdict::Unknown, Verdict::Pass));
    assert!(of("I1").why.as_ref().unwrap().contains("cannot be judged"));
}
