//! `cloudeats saga export`: the order's way, drawn from the table that the service itself follows.

use orders::export::{Format, render};

use super::say;

/// The saga of an order.
#[derive(Debug, Clone, clap::Args)]
pub struct Saga {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Verb {
    /// Print states, steps and deadlines for somebody else's tool
    Export {
        /// In which language
        #[arg(long, value_enum, default_value_t = Language::Mermaid)]
        format: Language,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Language {
    /// A state diagram
    Mermaid,
    /// Amazon States Language, as Step Functions would run it
    Asl,
}

impl Saga {
    /// Runs the verb. Nothing needs to be running.
    pub fn run(self) {
        let Verb::Export { format } = self.verb;
        let format = match format {
            Language::Mermaid => Format::Mermaid,
            Language::Asl => Format::Asl,
        };
        say(render(format).trim_end());
    }
}
