//! `cloudeats`: one verb for each thing that people do with a stack.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloudeats::commands::{down, dynamo, engines, report, test, up};

/// Starts, feeds and judges a whole CloudEats on one machine.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start engines and services, and keep them running
    Up(up::Up),
    /// Stop what `up` started or left behind
    Down(down::Down),
    /// Only the engines: PostgreSQL, Redis and Mosquitto on free ports, for tests
    Engines(engines::Engines),
    /// The embedded DynamoDB engine
    Dynamo(dynamo::Dynamo),
    /// Run every test, with counts and seconds for each part
    Test(test::Test),
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    report(|| async {
        match verb {
            Verb::Up(up) => up.run().await,
            Verb::Down(down) => down.run().await,
            Verb::Engines(engines) => engines.run().await,
            Verb::Dynamo(dynamo) => dynamo.run().await,
            Verb::Test(test) => test.run().await,
        }
    })
}
