//! Runs stories in the manner of cargo's own test runner, with one world for all of them.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cloudeats::commands::say;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::world::World;

/// A name and what it tells.
pub(crate) type Story = (&'static str, for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>);

/// Names each function after itself.
macro_rules! stories {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$((
            concat!("live::", stringify!($module), "::", stringify!($name)),
            |world| Box::pin(crate::$module::$name(world)),
        )),*]
    };
}
pub(crate) use stories;

/// Which stories are meant, in the words of cargo's own runner.
#[derive(Debug, Default)]
struct Choice {
    wanted: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    list: bool,
}

impl Choice {
    fn parse(args: impl IntoIterator<Item = String>) -> Self {
        let (mut choice, mut args) = (Self::default(), args.into_iter());
        while let Some(argument) = args.next() {
            match argument.as_str() {
                "--skip" => choice.skipped.extend(args.next()),
                "--exact" => choice.exact = true,
                "--list" => choice.list = true,
                // Of no meaning here, but their values are no names.
                "--test-threads" | "--format" | "--color" | "--logfile" | "--shuffle-seed" => {
                    args.next();
                }
                other if other.starts_with('-') => {}
                other => choice.wanted.push(other.to_owned()),
            }
        }
        choice
    }

    fn takes(&self, name: &str) -> bool {
        let fits = |part: &String| {
            if self.exact { name == part.as_str() } else { name.contains(part.as_str()) }
        };
        let wanted = self.wanted.is_empty() || self.wanted.iter().any(fits);
        wanted && !self.skipped.iter().any(fits)
    }
}

/// Runs those stories that the command line names; all, where it names none.
pub(crate) fn run(stories: &[Story]) -> ExitCode {
    let choice = Choice::parse(std::env::args().skip(1));
    let chosen: Vec<&Story> = stories.iter().filter(|(name, _)| choice.takes(name)).collect();
    if choice.list {
        for (name, _) in chosen {
            say(format_args!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let left_out = stories.len() - chosen.len();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(tell(&chosen, left_out))
}

async fn tell(chosen: &[&Story], left_out: usize) -> ExitCode {
    let started = Instant::now();
    say(format_args!("\nrunning {} tests", chosen.len()));
    if chosen.is_empty() {
        return conclude(0, &[], left_out, Duration::ZERO);
    }
    let world = match World::begin().await {
        Ok(world) => world,
        Err(error) => {
            say(format_args!("there is no stack to tell stories on: {error:#}"));
            return conclude(0, &["the stack"], left_out, started.elapsed());
        }
    };
    let mut failed = Vec::new();
    for (name, story) in chosen {
        let began = Instant::now();
        let outcome = AssertUnwindSafe(story(&world)).catch_unwind().await;
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        say(format_args!("test {name} ... {verdict} ({:.1} s)", began.elapsed().as_secs_f64()));
        if outcome.is_err() {
            failed.push(*name);
        }
    }
    world.end().await;
    conclude(chosen.len() - failed.len(), &failed, left_out, started.elapsed())
}

fn conclude(passed: usize, failed: &[&str], left_out: usize, took: Duration) -> ExitCode {
    if !failed.is_empty() {
        say(format_args!("\nfailures:\n    {}", failed.join("\n    ")));
    }
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    say(format_args!(
        "\ntest result: {word}. {passed} passed; {} failed; 0 ignored; 0 measured; {left_out} \
         filtered out; finished in {:.2}s\n",
        failed.len(),
        took.as_secs_f64()
    ));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
