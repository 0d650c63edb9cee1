//! `demarche corpus`: checks, figures and exports of the annotated corpus.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use demarche::corpus::{
    self, Checks, Passage, Severity, Split, Stats, country_prior, table, write_brat, write_columns, write_records,
};
use demarche::country::{Country, Gazetteer};
use demarche::evaluate::{Article, Options, evaluate};
use demarche::text::Span;

use super::Outcome;

/// Share of a passage's word sequences that another passage may hold.
const LIKENESS: f64 = 0.1;

/// Check, count and export the annotated corpus.
#[derive(Args, Debug)]
pub(super) struct Corpus {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find mistakes: syntax, spans that the text does not have, targets that do not fit the names, near-duplicates.
    Check {
        /// Corpus files and folders.
        #[arg(default_value = "data/corpus")]
        paths: Vec<PathBuf>,
        /// Fail on warnings as well.
        #[arg(long)]
        strict: bool,
        /// Print errors alone.
        #[arg(long, conflicts_with = "strict")]
        errors_only: bool,
    },
    /// Count passages, statements, pairs and stances, and test whether the countries alone tell the stances.
    Stats {
        /// Corpus files and folders.
        #[arg(default_value = "data/corpus")]
        paths: Vec<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Leave the test of the countries out; it is the slow part.
        #[arg(long)]
        no_prior: bool,
    },
    /// Compare a second annotation of the same passages with the first.
    Agreement {
        /// The first annotation.
        first: PathBuf,
        /// The second; passages are compared that both have.
        second: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the corpus for other tools.
    Export {
        /// Corpus files and folders.
        #[arg(default_value = "data/corpus")]
        paths: Vec<PathBuf>,
        /// The form.
        #[arg(long, value_enum)]
        to: Form,
        /// File, or folder for brat; standard output without it.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// One record per line with offsets in code points.
    Jsonl,
    /// brat standoff: a folder of .txt and .ann files.
    Brat,
    /// Columns in the manner of CoNLL, one token per line.
    Columns,
}

fn load(paths: &[PathBuf]) -> anyhow::Result<Vec<Passage>> {
    let mut passages = Vec::new();
    for path in paths {
        passages.extend(corpus::load(path)?);
    }
    anyhow::ensure!(!passages.is_empty(), "expected passages in {paths:?}, got none");
    Ok(passages)
}

fn mentions(passage: &Passage) -> Vec<(Span, Country)> {
    let mentions = Gazetteer::builtin().mentions(&passage.text, passage.date.as_deref());
    mentions.into_iter().map(|mention| (mention.span, mention.country)).collect()
}

pub(super) fn run(command: &Corpus) -> anyhow::Result<Outcome> {
    match &command.command {
        Command::Check { paths, strict, errors_only } => check(paths, *strict, *errors_only),
        Command::Stats { paths, json, no_prior } => stats(paths, *json, *no_prior),
        Command::Agreement { first, second, json } => agreement(first, second, *json),
        Command::Export { paths, to, output } => export(paths, *to, output.as_ref()),
    }
}

fn check(paths: &[PathBuf], strict: bool, errors_only: bool) -> anyhow::Result<Outcome> {
    let (mut passages, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let (own, found) = corpus::read(path)?;
        passages.extend(own);
        problems.extend(found);
    }
    let gazetteer = Gazetteer::builtin();
    let is_country = |country| gazetteer.contains(country);
    let checks = Checks { is_country: &is_country, mentions: Some(&mentions), likeness: LIKENESS };
    let mut findings = corpus::check(&passages, &checks);
    findings.retain(|finding| !errors_only || finding.severity == Severity::Error);
    let mut out = std::io::stdout().lock();
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    let errors = problems.len() + findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = problems.len() + findings.len() - errors;
    writeln!(out, "{} passages, {errors} errors, {warnings} warnings", passages.len())?;
    Ok(if errors > 0 || strict && warnings > 0 { Outcome::Failed } else { Outcome::Clean })
}

fn stats(paths: &[PathBuf], json: bool, no_prior: bool) -> anyhow::Result<Outcome> {
    let passages = load(paths)?;
    let mut columns = vec![("all", Stats::of(&passages))];
    for split in Split::ALL {
        let own: Vec<_> = passages.iter().filter(|passage| passage.split() == Some(split)).collect();
        if !own.is_empty() {
            columns.push((split.as_str(), Stats::of(own)));
        }
    }
    let prior = (!no_prior).then(|| country_prior(&passages, 1));
    let mut out = std::io::stdout().lock();
    if json {
        let columns: serde_json::Map<_, _> = columns
            .iter()
            .map(|(name, stats)| Ok(((*name).to_owned(), serde_json::to_value(stats)?)))
            .collect::<Result<_, serde_json::Error>>()?;
        serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "stats": columns, "prior": prior }))?;
        writeln!(out)?;
    } else {
        write!(out, "{}", table(&columns))?;
        if let Some(prior) = prior {
            write!(out, "\n{prior}")?;
        }
    }
    Ok(Outcome::Clean)
}

fn agreement(first: &Path, second: &Path, json: bool) -> anyhow::Result<Outcome> {
    let (first, second) = (corpus::load(first)?, corpus::load(second)?);
    let both: Vec<(&Passage, &Passage)> =
        first.iter().filter_map(|a| Some((a, second.iter().find(|b| b.id == a.id)?))).collect();
    anyhow::ensure!(!both.is_empty(), "expected passages of the same ids in both, got none");
    for (a, b) in &both {
        anyhow::ensure!(a.text == b.text, "{}: expected the same text in both annotations", a.id);
    }
    let (a, b): (Vec<_>, Vec<_>) = both.into_iter().map(|(a, b)| (Article::from(a), Article::from(b))).unzip();
    let report = evaluate(&a, &b, Options::default());
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(Outcome::Clean)
}

fn export(paths: &[PathBuf], to: Form, output: Option<&PathBuf>) -> anyhow::Result<Outcome> {
    let passages = load(paths)?;
    if let Form::Brat = to {
        let folder = output.context("expected a folder for brat: --output FOLDER")?;
        write_brat(&passages, folder).with_context(|| format!("can't write into {}", folder.display()))?;
        return Ok(Outcome::Clean);
    }
    let mut out: Box<dyn Write> = match output {
        Some(path) => Box::new(std::io::BufWriter::new(
            std::fs::File::create(path).with_context(|| format!("can't write {}", path.display()))?,
        )),
        None => Box::new(std::io::stdout().lock()),
    };
    match to {
        Form::Jsonl => write_records(&passages, Some(&mentions), &mut out)?,
        _ => write_columns(&passages, &mut out)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}
