//! Habits, written in Rust: `cargo xtask layers | graph | openapi | tidy | kit-sql | presence | verify`.

mod graph;
mod kit_sql;
mod layers;
mod openapi;
mod presence;
mod rooms;
mod source;
mod tidy;
mod verify;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use workspace::Workspace;

const HELP: &str = "\
cargo xtask <verb>
  layers                            who may import whom, and which words may stand in which room
  graph [--check]                   derives docs/service-graph.toml; refuses a ring of http edges
  openapi [--check] [--bin-dir D]   asks each service for its document, into docs/openapi/
  tidy                              lists long files and functions, fails nothing
  kit-sql                           the kit's migration is the same in every service
  presence                          the files a repository must have are there
  verify [NAME…]                    checks everything that is not Rust, and prints one table
";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let workspace = Workspace::load()?;

    let findings = match arguments[..] {
        ["layers"] => {
            let mut findings = layers::violations(&workspace);
            findings.extend(rooms::violations(&workspace)?);
            findings
        }
        ["graph"] => {
            say(&graph::sizes(&workspace)?)?;
            graph::write(&workspace)?;
            graph::rings(&workspace)
        }
        ["graph", "--check"] => graph::check(&workspace)?,
        ["openapi", ref options @ ..] => openapi::run(&workspace, options)?,
        ["tidy"] => {
            say(&tidy::report(&workspace)?)?;
            Vec::new()
        }
        ["kit-sql"] => kit_sql::differences(&workspace.root)?,
        ["presence"] => presence::missing(&workspace.root)?,
        ["verify", ref names @ ..] => verify::run(&workspace.root, &workspace.target, names)?,
        _ => vec![HELP.to_owned()],
    };

    for finding in &findings {
        writeln!(std::io::stderr(), "{finding}")?;
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}
