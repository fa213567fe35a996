//! A database for each service, and who may do what in it.

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::site::{CHECKER, EVENT_LOG, SERVICES, Site};

/// Most sessions of those who judge, of a schema's owner, of a service and of all readers of the event log:
/// whoever has too many hurts only itself (RELIABILITY F3). A service has half as many, and may run twice.
const JUDGES: u32 = 24;
const OWNERS: u32 = 8;
const SERVERS: u32 = 40;
const READERS: u32 = 96;

/// Makes databases and roles that are not there, and sets what they may. Nothing else changes.
///
/// `<db>_owner` owns the tables and migrates; `<db>` reads and writes rows and has no DDL; `checker`
/// reads every database.
pub(super) async fn provide(site: &Site) -> anyhow::Result<()> {
    let databases =
        SERVICES.iter().filter(|service| service.has_database).map(|service| service.name);
    let databases: Vec<&str> = databases.chain([EVENT_LOG]).collect();

    let url = site.superuser_url("postgres")?;
    let mut server = PgConnection::connect(url.expose_secret()).await?;
    role(&mut server, site, CHECKER, JUDGES, "default_transaction_read_only = on").await?;
    for database in &databases {
        let owner = format!("{database}_owner");
        role(&mut server, site, &owner, OWNERS, "lock_timeout = '5s'").await?;
        let most = if *database == EVENT_LOG { READERS } else { SERVERS };
        role(&mut server, site, database, most, "synchronous_commit = on").await?;
        make(&mut server, database).await?;
    }
    server.close().await?;
    for database in &databases {
        let url = site.superuser_url(database)?;
        let mut inside = PgConnection::connect(url.expose_secret()).await?;
        execute(&mut inside, &rights(database)).await?;
        inside.close().await?;
    }
    Ok(())
}

async fn role(
    server: &mut PgConnection,
    site: &Site,
    name: &str,
    most: u32,
    setting: &str,
) -> anyhow::Result<()> {
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)")
            .bind(name)
            .fetch_one(&mut *server)
            .await?;
    let verb = if known { "ALTER" } else { "CREATE" };
    // Names are ours, and passwords consist of letters and digits.
    let password = site.role_password(name)?;
    let sql = format!(
        "{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT {most} PASSWORD '{}';
         ALTER ROLE {name} SET {setting}",
        password.expose_secret()
    );
    execute(server, &sql).await.with_context(|| format!("the role {name} cannot be made"))
}

async fn make(server: &mut PgConnection, database: &str) -> anyhow::Result<()> {
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
            .bind(database)
            .fetch_one(&mut *server)
            .await?;
    if !known {
        execute(server, &format!("CREATE DATABASE {database} OWNER {database}_owner")).await?;
    }
    let sql = format!(
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC;
         GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {database}_owner;
         GRANT CONNECT ON DATABASE {database} TO {database}, {CHECKER}"
    );
    execute(server, &sql).await
}

/// The owner's tables of tomorrow are meant as well as those of today.
fn rights(database: &str) -> String {
    let owner = format!("{database}_owner");
    format!(
        "ALTER SCHEMA public OWNER TO {owner};
         REVOKE ALL ON SCHEMA public FROM PUBLIC;
         GRANT USAGE ON SCHEMA public TO {database}, {CHECKER};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
           GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {database};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
           GRANT USAGE, SELECT ON SEQUENCES TO {database};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
           GRANT SELECT ON TABLES TO {CHECKER}"
    )
}

async fn execute(connection: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}
