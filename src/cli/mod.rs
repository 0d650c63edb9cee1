//! Commands. One file per subcommand; clap and anyhow live here only.

mod bench;
mod classify;
mod corpus;
mod evaluate;
mod model;
mod models;
mod train;

use std::process::ExitCode;

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use clap::{Parser, Subcommand};

/// Exit status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything was done.
    Clean,
    /// Nothing, or not what was asked for, could be done.
    Failed,
    /// Done, but some articles were skipped.
    Skipped,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Failed => 1,
            // 2 is clap's own, for wrong usage.
            Outcome::Skipped => 3,
        })
    }
}

/// Reads news articles and reports who said what about which country, and with what stance: reject, accuse, urge.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit status: 0 clean, 1 failed, 2 wrong usage, 3 finished with some articles skipped.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure how fast this machine reads articles.
    Bench(bench::Bench),
    /// Tell who said what about which country, and with what stance, in article files.
    Classify(classify::Classify),
    /// Check, count and export the annotated corpus.
    Corpus(corpus::Corpus),
    /// Compare what a model finds with annotations.
    Evaluate(evaluate::Evaluate),
    /// List, fetch and verify models.
    Models(models::Models),
    /// Fit a model.
    Train(Box<train::Train>),
}

/// Parses the command line and runs it.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Bench(command) => bench::run(&command),
        Command::Classify(command) => classify::run(&command),
        Command::Corpus(command) => corpus::run(&command),
        Command::Evaluate(command) => evaluate::run(&command),
        Command::Models(command) => models::run(&command),
        Command::Train(command) => train::run(&command),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            // A reader that went away (`demarche … | head`) is no failure.
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
            eprintln!("{red}error:{red:#} {error:#}");
            Outcome::Failed.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<std::io::Error>().map(|e| e.kind());
    error.chain().any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

/// Worker threads without being told: one for each core.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
