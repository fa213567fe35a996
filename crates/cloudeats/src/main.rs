//! `cloudeats`: one verb for each thing that people do with a stack.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloudeats::commands::{down, dynamo, engines, report, saga, test, up};
use cloudeats::{chaos, check, dead_letters, kill_each, mutants, run, seed, simulate, trace};

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
    /// Start everything and play; with --orders until so many are completed, then judge and stop
    Run(run::Run),
    /// Make the demo city
    Seed(seed::Seed),
    /// Let customers, cooks and couriers use a running stack
    Simulate(simulate::Simulate),
    /// Judge whether a running stack kept its promises: PASS, FAIL or UNKNOWN for each
    Check(check::Check),
    /// Tell the whole story of an order
    Trace(trace::Trace),
    /// Kill each service in turn under load, then judge
    KillEach(kill_each::KillEach),
    /// Break things under load, let them heal, then judge
    Chaos(chaos::Chaos),
    /// Show that each checker notices what it is for
    Mutants(mutants::Mutants),
    /// Events that a service could not apply
    DeadLetters(dead_letters::DeadLetters),
    /// Only the engines: PostgreSQL, Redis and Mosquitto on free ports, for tests
    Engines(engines::Engines),
    /// The embedded DynamoDB engine
    Dynamo(dynamo::Dynamo),
    /// The saga of an order, drawn
    Saga(saga::Saga),
    /// Run every test, with counts and seconds for each part
    Test(test::Test),
}

fn main() -> ExitCode {
    let verb = match Cli::parse().verb {
        Verb::Chaos(chaos) => Verb::Chaos(chaos.on_its_ground()),
        verb => verb,
    };
    report(|| async {
        match verb {
            Verb::Up(up) => up.run().await,
            Verb::Down(down) => down.run().await,
            Verb::Run(run) => run.run().await,
            Verb::Seed(seed) => seed.run().await,
            Verb::Simulate(simulate) => simulate.run().await,
            Verb::Check(check) => check.run().await,
            Verb::Trace(trace) => trace.run().await,
            Verb::KillEach(kill_each) => kill_each.run().await,
            Verb::Chaos(chaos) => chaos.run().await,
            Verb::Mutants(mutants) => mutants.run().await,
            Verb::DeadLetters(dead_letters) => dead_letters.run().await,
            Verb::Engines(engines) => engines.run().await,
            Verb::Dynamo(dynamo) => dynamo.run().await,
            Verb::Saga(saga) => {
                saga.run();
                Ok(())
            }
            Verb::Test(test) => test.run().await,
        }
    })
}
