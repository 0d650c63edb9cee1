//! `demarche classify`: articles to records.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::{Args, ValueEnum};
use demarche::article::{self, Article, Failure, ReadOptions};
use demarche::output::{self, ErrorBody, ErrorRecord, Exporter, FileExporter, Line, TerminalOptions};
use demarche::pipeline::Analyzer;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::Outcome;
use super::model::ModelChoice;

/// Tell who said what about which country, and with what stance, in article files.
///
/// Reads text, HTML, JSON Lines, JSON and CSV, each also compressed with gzip. A file that can't be read is reported
/// and the run goes on with the others.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  demarche classify examples/articles\n  demarche classify 'feed/**/*.txt' --output \
    records.jsonl --resume\n  demarche classify archive.jsonl.gz --text-field body --id-field url --output table.csv\n  \
    curl -s https://example.org/story.html | demarche classify - --format html --to jsonl"
)]
pub(super) struct Classify {
    /// Files, folders, globs, or - for standard input.
    #[arg(required = true, value_name = "PATH|-")]
    inputs: Vec<String>,
    #[command(flatten)]
    model: ModelChoice,
    /// Output file; it appears under its name when complete. Without it, standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Output format; without it, that of the output file's name, a readable view on a terminal, JSON Lines in a pipe.
    #[arg(long, value_enum)]
    to: Option<To>,
    /// Go on with an interrupted JSON Lines output: articles that it holds are not read again.
    #[arg(long, requires = "output")]
    resume: bool,
    /// Input format of all inputs; without it, that of their names.
    #[arg(long, value_enum)]
    format: Option<From>,
    /// JSON and CSV: the field that holds the text; a dotted path reaches into nested objects.
    #[arg(long, default_value = "text", value_name = "NAME")]
    text_field: String,
    /// JSON and CSV: the field that holds the identifier.
    #[arg(long, default_value = "id", value_name = "NAME")]
    id_field: String,
    /// JSON and CSV: the field that holds the headline.
    #[arg(long, default_value = "title", value_name = "NAME")]
    title_field: String,
    /// JSON and CSV: the field that holds the date.
    #[arg(long, default_value = "date", value_name = "NAME")]
    date_field: String,
    /// Most MiB of one article; larger ones are skipped.
    #[arg(long, default_value_t = 64, value_name = "MIB")]
    max_size: u64,
    /// Readable view: leave out statements without a stance.
    #[arg(long)]
    only_stances: bool,
    /// JSON Lines: say by which rule, and from which mention, each speaker and target was found.
    #[arg(long)]
    explain: bool,
    /// Worker threads.
    #[arg(long, default_value_t = super::threads())]
    threads: usize,
    /// Do not show progress.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// A readable view.
    Terminal,
    /// One record per line.
    Jsonl,
    /// One row per statement and target.
    Csv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum From {
    Text,
    Jsonl,
    Json,
    Csv,
    Tsv,
    Html,
}

/// Articles that are worked on at a time, and the bytes of text from which on fewer are.
const CHUNK: (usize, usize) = (32, 4 << 20);

impl Classify {
    fn read_options(&self) -> ReadOptions {
        let format = self.format.map(|format| match format {
            From::Text => article::Format::Text,
            From::Jsonl => article::Format::JsonLines,
            From::Json => article::Format::Json,
            From::Csv => article::Format::Csv,
            From::Tsv => article::Format::Tsv,
            From::Html => article::Format::Html,
        });
        ReadOptions {
            format,
            id_field: self.id_field.clone(),
            text_field: self.text_field.clone(),
            title_field: self.title_field.clone(),
            date_field: self.date_field.clone(),
            max_bytes: self.max_size << 20,
        }
    }

    fn format(&self) -> output::Format {
        let by_name = || {
            let extension = self.output.as_ref()?.extension()?.to_str()?;
            extension.eq_ignore_ascii_case("csv").then_some(To::Csv)
        };
        let otherwise = if self.output.is_none() && std::io::stdout().is_terminal() { To::Terminal } else { To::Jsonl };
        match self.to.or_else(by_name).unwrap_or(otherwise) {
            To::Terminal => output::Format::Terminal,
            To::Jsonl => output::Format::JsonLines,
            To::Csv => output::Format::Csv,
        }
    }

    /// The exporter, and the ids that need not be read again.
    fn exporter(&self) -> anyhow::Result<(Box<dyn Exporter + Send>, HashSet<String>)> {
        let format = self.format();
        let Some(path) = &self.output else {
            let width = console_width();
            let colour = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
            let options = TerminalOptions { colour, width, only_stances: self.only_stances };
            let out = Box::new(std::io::BufWriter::new(std::io::stdout()));
            return Ok((output::exporter(format, out, &options), HashSet::new()));
        };
        let failed = || format!("can't write {}", path.display());
        if self.resume {
            anyhow::ensure!(
                format == output::Format::JsonLines,
                "expected a JSON Lines output to resume, got {format:?}"
            );
            let (exporter, done) = FileExporter::resume(path).with_context(failed)?;
            return Ok((Box::new(exporter), done));
        }
        Ok((Box::new(FileExporter::create(path, format).with_context(failed)?), HashSet::new()))
    }
}

/// Columns of the terminal; 100 where there is none.
fn console_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    columns.unwrap_or_else(|| match console::Term::stdout().size_checked() {
        Some((_, columns)) => usize::from(columns),
        None => 100,
    })
}

pub(super) fn run(command: &Classify) -> anyhow::Result<Outcome> {
    // The output is opened before work starts: an hour's work must not end at a folder that is not there.
    let (mut exporter, done) = command.exporter()?;
    let analyzer = command.model.load()?.explaining(command.explain);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(command.threads).build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // Twice means now.
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("can't listen for Ctrl-C")?;
    let bar = progress(command);
    let mut articles = article::read(&command.inputs, &command.read_options())
        .filter(|read| !read.as_ref().is_ok_and(|article| done.contains(&article.id)));
    let (mut written, mut skipped) = (0_usize, 0_usize);
    while !stop.load(Ordering::Relaxed) {
        let chunk = next_chunk(&mut articles);
        if chunk.is_empty() {
            break;
        }
        let lines: Vec<Line> = pool.install(|| chunk.into_par_iter().map(|read| line(&analyzer, read)).collect());
        for line in &lines {
            if let Line::Error(error) = line {
                skipped += 1;
                bar.suspend(|| eprintln!("{}: {}", error.id, error.error.message));
                // What was reported before need not be reported again.
                if done.contains(&error.id) {
                    continue;
                }
            } else {
                written += 1;
            }
            exporter.write(line)?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    if stop.load(Ordering::Relaxed) {
        let hint = match &command.output {
            Some(path) if command.format() == output::Format::JsonLines => {
                format!("; the same command with --resume goes on with {}", path.display())
            }
            _ => String::new(),
        };
        anyhow::bail!("interrupted after {} articles{hint}", written + skipped);
    }
    exporter.finish()?;
    Ok(match (written + done.len(), skipped) {
        (_, 0) => Outcome::Clean,
        (0, _) => Outcome::Failed,
        _ => Outcome::Skipped,
    })
}

fn progress(command: &Classify) -> ProgressBar {
    let shown = !command.quiet && command.output.is_some() && std::io::stderr().is_terminal();
    if !shown {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} articles, {per_sec}, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn next_chunk(articles: &mut impl Iterator<Item = Result<Article, Failure>>) -> Vec<Result<Article, Failure>> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK.0 && bytes < CHUNK.1 {
        let Some(read) = articles.next() else { break };
        bytes += read.as_ref().map_or(0, |article| article.text.len());
        chunk.push(read);
    }
    chunk
}

/// What is reported of one article.
fn line(analyzer: &Analyzer, read: Result<Article, Failure>) -> Line {
    let error = |id: String, code: &str, message: String| {
        Line::Error(ErrorRecord { id, error: ErrorBody { code: code.to_owned(), message } })
    };
    match read {
        Err(failure) => error(failure.id, failure.code, failure.message),
        // No input is known to make it panic. Should one be found, it costs its own article and not the run.
        Ok(article) => match catch_unwind(AssertUnwindSafe(|| analyzer.analyze(&article))) {
            Ok(Ok(record)) => Line::Record(record),
            Ok(Err(failure)) => error(article.id, "not-analysed", failure.to_string()),
            Err(_) => error(article.id, "internal", "expected an analysis, got a panic: please report it".to_owned()),
        },
    }
}
