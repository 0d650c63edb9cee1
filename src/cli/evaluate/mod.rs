//! `demarche evaluate`: compares what a model finds with annotations.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use demarche::article::{Article, ReadOptions};
use demarche::corpus::{self, Passage};
use demarche::country::Gazetteer;
use demarche::evaluate::attributions::{self, Attribution, AttributionTally};
use demarche::evaluate::relations::{read_relations, score_relations};
use demarche::evaluate::{self, Baseline, Counts, Decision, GivenTally, Options};
use demarche::output::Scores;
use demarche::pipeline::{Analyzer, Reading};
use demarche::stance::{Place, Stance};
use demarche::statement::Statement;
use demarche::text::{CodePoints, Span};
use demarche::train::hold_out;
use rayon::prelude::*;

mod swapped;

use super::Outcome;
use super::model::ModelChoice;
use super::train::{FOLD_SEED, Fold};

/// Compare what a model finds with annotations.
///
/// Reads the annotated corpus (.txt files and folders of them), a folder with articles/ID.txt and gold/ID.json,
/// attributions (JSON Lines in the form of PolNeAR) and relation sentences (JSON Lines with a PLOVER label).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  demarche evaluate data/corpus/dev\n  demarche evaluate polnear-dev.jsonl\n  \
    demarche evaluate plv-train.jsonl --fold 1/5 --predictions decisions.jsonl")]
pub(super) struct Evaluate {
    /// Annotations.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelChoice,
    /// What the annotations are; without it, what they look like.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write every decision to a file, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Relations: judge the K-th of N parts alone, that which `train --relations-fold` holds out.
    #[arg(long, value_name = "K/N")]
    fold: Option<Fold>,
    /// Corpus: also exchange the countries of every passage and count the decisions that stay.
    #[arg(long)]
    swap: bool,
    /// Corpus: what is found without a model, for comparison.
    #[arg(long, value_enum)]
    baseline: Option<BaselineChoice>,
    /// Resamples of the articles for the 95 % intervals; 0 for none.
    #[arg(long, default_value_t = 1000)]
    resamples: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BaselineChoice {
    /// Every quotation is a statement.
    Quotations,
    /// Reporting verbs make statements, key words stances.
    Keywords,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The annotated corpus.
    Corpus,
    /// A folder with articles/ID.txt and gold/ID.json.
    Pieces,
    /// JSON Lines with attributions.
    Attributions,
    /// JSON Lines with relations.
    Relations,
}

impl Format {
    fn of(path: &Path) -> anyhow::Result<Self> {
        if path.join("gold").is_dir() && path.join("articles").is_dir() {
            return Ok(Self::Pieces);
        }
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            return Ok(Self::Corpus);
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let row: serde_json::Value =
            serde_json::from_str(first).with_context(|| format!("{}: expected JSON Lines", path.display()))?;
        match (row.get("attributions"), row.get("label")) {
            (Some(_), _) => Ok(Self::Attributions),
            (None, Some(_)) => Ok(Self::Relations),
            _ => anyhow::bail!("{}: expected rows with attributions or with a label, got neither", path.display()),
        }
    }
}

/// Prints figures and writes decisions.
struct Sink {
    json: bool,
    predictions: Option<std::io::BufWriter<std::fs::File>>,
}

impl Sink {
    fn decision(&mut self, value: &serde_json::Value) -> anyhow::Result<()> {
        if let Some(out) = &mut self.predictions {
            serde_json::to_writer(&mut *out, value)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn figures(&self, path: &Path, model: &str, json: &serde_json::Value, text: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            let line = serde_json::json!({ "annotations": path, "model": model, "figures": json });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{} by {model}\n\n{text}", path.display())?;
        }
        Ok(())
    }
}

pub(super) fn run(command: &Evaluate) -> anyhow::Result<Outcome> {
    let options = Options { resamples: command.resamples, ..Options::default() };
    if let Some(choice) = command.baseline {
        let kind = match choice {
            BaselineChoice::Quotations => Baseline::Quotations,
            BaselineChoice::Keywords => Baseline::Keywords,
        };
        for path in &command.paths {
            let passages = corpus::load(path)?;
            let gold: Vec<_> = passages.iter().map(evaluate::Article::from).collect();
            let find = |p: &Passage| {
                let mentions = Gazetteer::builtin().mentions(&p.text, p.date.as_deref());
                evaluate::baseline(kind, &p.id, &p.text, &mentions)
            };
            let report = evaluate::evaluate(&gold, &passages.iter().map(find).collect::<Vec<_>>(), options);
            let sink = Sink { json: command.json, predictions: None };
            let name = match choice {
                BaselineChoice::Quotations => "quotation marks",
                BaselineChoice::Keywords => "key words",
            };
            sink.figures(path, name, &serde_json::to_value(&report)?, &report.to_string())?;
        }
        return Ok(Outcome::Clean);
    }
    let analyzer = command.model.load()?;
    let predictions = match &command.predictions {
        Some(path) => Some(std::io::BufWriter::new(
            std::fs::File::create(path).with_context(|| format!("can't write {}", path.display()))?,
        )),
        None => None,
    };
    let mut sink = Sink { json: command.json, predictions };
    for path in &command.paths {
        let format = match command.format {
            Some(format) => format,
            None => Format::of(path)?,
        };
        match format {
            Format::Corpus => on_corpus(path, &analyzer, options, command.swap, &mut sink)?,
            Format::Pieces => on_pieces(path, &analyzer, options, &mut sink)?,
            Format::Attributions => on_attributions(path, &analyzer, &mut sink)?,
            Format::Relations => on_relations(path, &analyzer, command.fold, &mut sink)?,
        }
    }
    if let Some(mut out) = sink.predictions {
        out.flush()?;
    }
    Ok(Outcome::Clean)
}

fn on_corpus(path: &Path, analyzer: &Analyzer, options: Options, swap: bool, sink: &mut Sink) -> anyhow::Result<()> {
    let passages = corpus::load(path)?;
    let results: Vec<_> = passages
        .par_iter()
        .map(|passage| {
            let article =
                Article { id: passage.id.clone(), title: None, date: passage.date.clone(), text: passage.text.clone() };
            let reading = analyzer.read(&article.text, article.date.as_deref())?;
            anyhow::Ok((analyzer.report(&article, &reading)?, given(passage, analyzer, &reading)?))
        })
        .collect::<Result<_, _>>()?;
    let gold: Vec<_> = passages.iter().map(evaluate::Article::from).collect();
    let predicted: Vec<_> = results.iter().map(|(record, _)| evaluate::Article::from(record)).collect();
    let report = evaluate::evaluate(&gold, &predicted, options);
    let mut tally = GivenTally::default();
    for (record, (own, decisions)) in &results {
        tally += own;
        sink.decision(&serde_json::json!({ "record": record, "given": decisions }))?;
    }
    let mut json = serde_json::json!({ "report": report, "given": tally, "ece": tally.calibration_error() });
    let mut text = format!("{report}\n{tally}");
    if swap {
        let consistency = swapped::consistency(&passages, analyzer)?;
        json["swap"] = serde_json::to_value(consistency)?;
        text.push_str(&format!("\n{consistency}"));
    }
    sink.figures(path, &analyzer.id(), &json, &text)
}

/// Judges the true statements of a passage; the stances with the true countries of the speakers.
fn given(
    passage: &Passage,
    analyzer: &Analyzer,
    reading: &Reading<'_>,
) -> anyhow::Result<(GivenTally, Vec<serde_json::Value>)> {
    let statements: Vec<Statement> = passage.statements.iter().map(|s| s.found(&reading.sentences)).collect();
    let countries: Vec<_> = passage.statements.iter().map(|s| s.speaker.country).collect();
    let judged = analyzer.judge(reading, &statements, &countries)?;
    let mut tally = GivenTally::default();
    let mut decisions = Vec::new();
    for (statement, judged) in passage.statements.iter().zip(&judged) {
        for own in judged {
            let target = statement.targets.iter().find(|t| t.country == own.candidate.country);
            let decision = Decision {
                named: own.candidate.place == Place::Content,
                gold: target.map(|t| t.stances.clone()).unwrap_or_default(),
                predicted: own.stances.clone(),
                probabilities: Some(own.probabilities),
            };
            tally.decision(&decision);
            decisions.push(serde_json::json!({
                "line": statement.line, "country": own.candidate.country, "named": decision.named,
                "gold": decision.gold, "predicted": decision.predicted, "probabilities": own.probabilities,
                "content": statement.extent().of(&passage.text),
            }));
        }
        // A target that was no candidate can't be found: its stances are missed.
        let found = |country| judged.iter().any(|own| own.candidate.country == country);
        for target in statement.targets.iter().filter(|t| !t.stances.is_empty() && !found(t.country)) {
            let gold = target.stances.clone();
            tally.decision(&Decision {
                named: target.words.is_none(),
                gold: gold.clone(),
                predicted: Vec::new(),
                probabilities: None,
            });
            decisions.push(serde_json::json!({
                "line": statement.line, "country": target.country, "gold": gold, "predicted": [],
                "missing": true, "content": statement.extent().of(&passage.text),
            }));
        }
    }
    let speakers = analyzer.speakers(reading, &statements);
    for (statement, speaker) in passage.statements.iter().zip(&speakers) {
        let gold = (statement.speaker.name.as_deref(), statement.speaker.country);
        let predicted = (speaker.as_ref().map(|s| s.name.as_str()), speaker.as_ref().and_then(|s| s.country));
        tally.speaker(gold, predicted);
        decisions.push(serde_json::json!({
            "line": statement.line, "speaker": predicted.0, "gold_speaker": gold.0,
            "speaker_country": predicted.1, "gold_country": gold.1,
        }));
    }
    Ok((tally, decisions))
}

fn on_pieces(path: &Path, analyzer: &Analyzer, options: Options, sink: &mut Sink) -> anyhow::Result<()> {
    let gold = evaluate::read_pieces(path)?;
    let mut predicted = Vec::new();
    for article in &gold {
        let file = path.join("articles").join(format!("{}.txt", article.id)).to_string_lossy().into_owned();
        let read = demarche::article::read(&[file], &ReadOptions::default()).next();
        let text = read.with_context(|| format!("expected the article {}", article.id))??;
        let record = analyzer.analyze(&text)?;
        sink.decision(&serde_json::to_value(&record)?)?;
        predicted.push(evaluate::Article::from(&record));
    }
    let report = evaluate::evaluate(&gold, &predicted, options);
    let json = serde_json::to_value(&report)?;
    sink.figures(path, &analyzer.id(), &json, &report.to_string())
}

fn on_attributions(path: &Path, analyzer: &Analyzer, sink: &mut Sink) -> anyhow::Result<()> {
    let gold = attributions::read_attributions(path)?;
    let found: Vec<Vec<Attribution>> = gold
        .par_iter()
        .map(|article| {
            let reading = analyzer.read(&article.text, None)?;
            let statements = analyzer.statements(&reading)?;
            Ok(joined(&article.text, &statements))
        })
        .collect::<Result<_, demarche::encoder::ModelError>>()?;
    let mut tally = AttributionTally::default();
    for (article, own) in gold.iter().zip(&found) {
        tally += attributions::score_article(&article.text, &article.attributions, own);
        sink.decision(&serde_json::json!({ "id": article.id, "attributions": own }))?;
    }
    sink.figures(path, &analyzer.id(), &serde_json::to_value(tally)?, &tally.to_string())
}

/// Statements as attribution corpora count them: consecutive sentences of one speech are one attribution, and there
/// are none within others.
fn joined(text: &str, statements: &[Statement]) -> Vec<Attribution> {
    let index = CodePoints::new(text);
    let mut out: Vec<(&Statement, Vec<Span>)> = Vec::new();
    for statement in statements.iter().filter(|s| s.layer == 0) {
        match out.last_mut() {
            Some((last, pieces)) if continues(text, last, pieces, statement) => pieces.extend(&statement.content),
            _ => out.push((statement, statement.content.clone())),
        }
    }
    let pieces = |spans: &[Span]| spans.iter().map(|s| index.span(*s)).collect();
    out.iter()
        .map(|(s, content)| Attribution {
            source: pieces(s.source.as_slice()),
            cue: pieces(s.cue.as_slice()),
            content: pieces(content),
        })
        .collect()
}

/// Whether a statement goes on with the speech that ends with `pieces`: same source and cue, and nothing between them
/// but the tag.
fn continues(text: &str, last: &Statement, pieces: &[Span], next: &Statement) -> bool {
    let Some(end) = pieces.last().map(|piece| piece.end) else { return false };
    let gap = Span::new(end, next.extent().start.max(end));
    let letters = |span: Span| span.of(text).chars().filter(|c| c.is_alphanumeric()).count();
    let same = last.source == next.source && last.cue == next.cue;
    if letters(gap) == 0 {
        return same || next.source.is_none() && next.kind == last.kind;
    }
    let tag: usize = [next.source, next.cue].into_iter().flatten().filter(|s| gap.contains(*s)).map(letters).sum();
    // "said", "Ana" and a few words such as "on Monday" or "in an interview".
    same && tag > 0 && letters(gap) <= tag + 24
}

fn on_relations(path: &Path, analyzer: &Analyzer, fold: Option<Fold>, sink: &mut Sink) -> anyhow::Result<()> {
    let mut rows = read_relations(path)?;
    if let Some(fold) = fold {
        (_, rows) = hold_out(rows, fold.part, fold.of, FOLD_SEED);
    }
    let scored: Vec<(Option<Stance>, Scores)> = rows
        .par_iter()
        .map(|row| {
            let index = CodePoints::new(&row.text);
            let bytes = |pieces: &[(usize, usize)]| {
                pieces.iter().map(|(a, b)| Span::new(index.to_byte(*a), index.to_byte(*b))).collect::<Vec<_>>()
            };
            let [reject, accuse, urge] = analyzer.relation(&row.text, &bytes(&row.source), &bytes(&row.target))?;
            Ok((row.stance(), Scores { reject, accuse, urge }))
        })
        .collect::<Result<_, demarche::encoder::ModelError>>()?;
    for (row, (gold, scores)) in rows.iter().zip(&scored) {
        sink.decision(&serde_json::json!({ "id": row.id, "text": row.text, "gold": gold, "scores": scores }))?;
    }
    let thresholds = match analyzer.model().config.thresholds[..] {
        [reject, accuse, urge] => Scores { reject, accuse, urge },
        _ => Scores { reject: 0.5, accuse: 0.5, urge: 0.5 },
    };
    let counts = score_relations(&scored, thresholds);
    let row = |(stance, c): (&Stance, &Counts)| {
        format!(
            "{stance:7} {:5.3}      {:5.3}   {:5.3}  {:5}  {:9}  {:4}\n",
            c.f1(),
            c.precision(),
            c.recall(),
            c.hits,
            c.predicted,
            c.gold
        )
    };
    let table: String = Stance::ALL.iter().zip(&counts).map(row).collect();
    let text = format!("{} relations\n           F1  precision  recall   hits  predicted  gold\n{table}", rows.len());
    let json: serde_json::Map<_, _> = Stance::ALL
        .iter()
        .zip(&counts)
        .map(|(stance, c)| (stance.to_string(), serde_json::json!({ "f1": c.f1(), "counts": c })))
        .collect();
    sink.figures(path, &analyzer.id(), &json.into(), &text)
}
