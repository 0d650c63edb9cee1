//! `demarche train`: fits a model.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use demarche::country::Gazetteer;
use demarche::encoder::ModelConfig;
use demarche::stance::Stance;
use demarche::statement::TAG_NAMES;
use demarche::train::{
    AdamConfig, Cut, LossWeights, Progress, RelationRow, Settings, SoftLabels, Source, Sources, Trainer, fresh_config,
    hold_out, read_rows,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;

/// Fit a model on an annotated corpus, on attributions and on relation sentences, together.
///
/// A run that is interrupted (Ctrl-C, kill) goes on from its last checkpoint when the same command is given again.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  demarche train --base all-MiniLM-L6-v2 --corpus data/corpus/train@2 --dev data/corpus/dev \\\n    \
    --attributions polnear-train.jsonl --output models/mine --epochs 3"
)]
pub(super) struct Train {
    /// Folder to start from: a BERT checkpoint (config.json, tokenizer.json, model.safetensors) or a model of demarche.
    #[arg(long)]
    base: PathBuf,
    /// Where the model is written.
    #[arg(long, short)]
    output: PathBuf,
    /// Corpus files or folders, each PATH or PATH@PASSES (passes over it in an epoch; may be a fraction).
    #[arg(long, value_name = "PATH[@PASSES]")]
    corpus: Vec<Source>,
    /// Attribution files (JSON Lines in the form of PolNeAR), each PATH or PATH@PASSES.
    #[arg(long, value_name = "PATH[@PASSES]")]
    attributions: Vec<Source>,
    /// Relation files (JSON Lines with source, target and PLOVER label), each PATH or PATH@PASSES.
    #[arg(long, value_name = "PATH[@PASSES]")]
    relations: Vec<Source>,
    /// Hold the K-th of N parts of the relations out, as `demarche evaluate relations --fold` does.
    #[arg(long, value_name = "K/N")]
    relations_fold: Option<Fold>,
    /// Model whose answers to every question of the corpus and of the attributions are learnt as well; a folder. It may be larger:
    /// a model fitted on an MPNet checkpoint.
    #[arg(long, value_name = "FOLDER", requires = "soft_labels")]
    teacher: Option<PathBuf>,
    /// File with a teacher's answers; with --teacher it is written first if it does not exist.
    #[arg(long, value_name = "FILE")]
    soft_labels: Option<PathBuf>,
    /// How much the teacher's answers count on the corpus, against the annotation, from 0 to 1. On attributions, which have no
    /// stances, they count alone.
    #[arg(long, default_value_t = 0.5, value_name = "SHARE")]
    teacher_weight: f32,
    /// Corpus files or folders for calibration and thresholds; never trained on.
    #[arg(long)]
    dev: Vec<PathBuf>,
    /// Store these thresholds (reject, accuse, urge) instead of those chosen on dev pair by pair, as when a grid of them was
    /// compared end to end.
    #[arg(long, value_delimiter = ',', value_name = "P,P,P")]
    thresholds: Option<Vec<f32>>,
    /// Share of the corpus to use, for learning curves.
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Share of the passages whose countries are exchanged for others in an epoch.
    #[arg(long, default_value_t = 0.5)]
    swap: f64,
    /// Passes over the data.
    #[arg(long, default_value_t = 2)]
    epochs: usize,
    /// Tokens of a batch, about.
    #[arg(long, default_value_t = 4096)]
    batch_tokens: usize,
    /// Peak learning rate of the encoder's last layer.
    #[arg(long, default_value_t = 1.5e-4)]
    rate: f64,
    /// Peak learning rate of the heads.
    #[arg(long, default_value_t = 1e-3)]
    head_rate: f64,
    /// Factor of the rate from each layer to the one below.
    #[arg(long, default_value_t = 0.9)]
    layer_decay: f64,
    /// Probability of dropout.
    #[arg(long, default_value_t = 0.1)]
    dropout: f32,
    /// Weight of the stance loss (per statement) against that of the tags (per token).
    #[arg(long, default_value_t = 0.5)]
    stance_weight: f64,
    /// Weight, within the stance loss, of attention to the words that point to a country (*they, that government*).
    #[arg(long, default_value_t = 0.3)]
    pointing_weight: f64,
    /// Weight of the linker's loss against that of the tags.
    #[arg(long, default_value_t = 0.3)]
    link_weight: f64,
    /// Let the word embeddings learn as well.
    #[arg(long)]
    train_words: bool,
    /// Decay of the running average of the weights; 0 keeps the last weights.
    #[arg(long, default_value_t = 0.995)]
    average: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Worker threads.
    #[arg(long, default_value_t = super::threads())]
    threads: usize,
    /// Keep matrix products in f32 on processors with bfloat16 tiles (AMX), which are several times faster.
    #[arg(long)]
    f32: bool,
    /// Name of the model, as records state it.
    #[arg(long, default_value = "demarche-en-l6")]
    name: String,
    /// Version of the model, as records state it.
    #[arg(long, default_value_t = 1)]
    model_version: u32,
    /// Longest window in tokens.
    #[arg(long, default_value_t = 254)]
    window: usize,
    /// Left context of a window in tokens, at least.
    #[arg(long, default_value_t = 64)]
    context: usize,
    /// Folder for checkpoints; without it OUTPUT/checkpoint.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Batches between checkpoints.
    #[arg(long, default_value_t = 100)]
    every: usize,
}

/// The K-th of N parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fold {
    /// From 0.
    pub(super) part: usize,
    /// At least 2.
    pub(super) of: usize,
}

/// Seed by which rows are dealt out to the parts, so that `train` and `evaluate` agree.
pub(super) const FOLD_SEED: u64 = 5;

impl FromStr for Fold {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let parts = s.split_once('/').and_then(|(k, n)| Some((k.parse::<usize>().ok()?, n.parse::<usize>().ok()?)));
        match parts {
            Some((k, n)) if n >= 2 && (1..=n).contains(&k) => Ok(Self { part: k - 1, of: n }),
            _ => Err(format!("expected K/N with K from 1 to N and N at least 2, got {s:?}")),
        }
    }
}

impl Train {
    fn settings(&self) -> Settings {
        Settings {
            epochs: self.epochs,
            batch_tokens: self.batch_tokens,
            dropout: self.dropout,
            seed: self.seed,
            adam: AdamConfig {
                rate: self.rate,
                head_rate: self.head_rate,
                layer_decay: self.layer_decay,
                ..AdamConfig::default()
            },
            loss: LossWeights {
                stances: self.stance_weight,
                pointing: self.pointing_weight,
                links: self.link_weight,
                ..LossWeights::default()
            },
            train_words: self.train_words,
            average: self.average,
            threads: self.threads,
            bf16: !self.f32,
        }
    }

    fn sources(&self, trainer: &Trainer) -> anyhow::Result<Sources> {
        let builder = trainer.builder();
        let mut sources = Sources::default();
        sources.swap = self.swap;
        for source in &self.corpus {
            let n = sources.add_corpus(source, self.share)?;
            eprintln!("{}: {n} passages", source.path.display());
        }
        if let Some(path) = &self.soft_labels {
            if let Some(teacher) = self.teacher.as_ref().filter(|_| !path.exists()) {
                let config =
                    ModelConfig::read(&teacher.join("demarche.json"), &TAG_NAMES, &Stance::ALL.map(Stance::as_str))?;
                let teacher = Trainer::new(teacher, config, Settings::default(), None)?;
                let documents = sources.questions(&self.attributions, &teacher.builder())?;
                let n = documents.len();
                let labels = teacher.answer(&documents, |done| {
                    if done.is_multiple_of(100) || done == n {
                        eprintln!("the teacher has answered {done} of {n} documents");
                    }
                })?;
                labels.write(path)?;
            }
            sources.soft = SoftLabels::read(path)?;
            sources.soft_weight = self.teacher_weight;
            eprintln!("{}: a teacher's answers on {} documents", path.display(), sources.soft.len());
        }
        for source in &self.attributions {
            let n = sources.add_attributions(source, &builder)?;
            eprintln!("{}: {n} articles with attributions", source.path.display());
        }
        for source in &self.relations {
            let mut rows: Vec<RelationRow> = read_rows(&source.path)?;
            if let Some(fold) = self.relations_fold {
                (rows, _) = hold_out(rows, fold.part, fold.of, FOLD_SEED);
            }
            let n = sources.add_relations(&rows, source.repeat, &builder)?;
            eprintln!("{}: {n} relations", source.path.display());
        }
        Ok(sources)
    }
}

pub(super) fn run(command: &Train) -> anyhow::Result<Outcome> {
    let cut = Cut { window: command.window, context: command.context };
    let config = fresh_config(&command.name, command.model_version, cut);
    let checkpoints = command.checkpoints.clone().unwrap_or_else(|| command.output.join("checkpoint"));
    let mut trainer = Trainer::new(&command.base, config, command.settings(), Some(&checkpoints))?;
    let sources = command.sources(&trainer)?;
    let (epoch, batch) = trainer.start();
    if (epoch, batch) != (0, 0) {
        eprintln!("going on after epoch {epoch}, batch {batch}, from {}", checkpoints.display());
    }
    eprintln!("{} parameters learn", trainer.parameters());
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("can't listen for Ctrl-C")?;
    let mut view = View::new();
    let complete = trainer.run(&sources, &checkpoints, command.every, &stop, |progress| view.show(progress))?;
    view.finish();
    if !complete {
        eprintln!("stopped; the same command goes on from {}", checkpoints.display());
        return Ok(Outcome::Failed);
    }
    trainer.use_averages()?;
    if !command.dev.is_empty() {
        let mut examples = Vec::new();
        for path in &command.dev {
            for passage in demarche::corpus::load(path)? {
                let mentions = Gazetteer::builtin().mentions(&passage.text, passage.date.as_deref());
                examples.push(trainer.builder().passage(&passage, &mentions)?);
            }
        }
        trainer.calibrate(&examples)?;
    }
    if let Some(thresholds) = &command.thresholds {
        trainer.set_thresholds(thresholds)?;
    }
    trainer.save(&command.output)?;
    eprintln!("wrote {}", command.output.display());
    Ok(Outcome::Clean)
}

/// Shows how a run goes: a bar on a terminal, else a line now and then.
struct View {
    bar: Option<ProgressBar>,
    since: Instant,
    seen: usize,
    mean: [f64; 3],
}

/// Batches between two lines where there is no terminal.
const LINES: usize = 20;

impl View {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} eta {eta}");
            ProgressBar::new(1).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, since: Instant::now(), seen: 0, mean: [0.0; 3] }
    }

    fn show(&mut self, p: Progress) {
        let keep = if self.seen == 0 { 0.0 } else { 0.95 };
        for (mean, new) in self.mean.iter_mut().zip([p.loss.tags, p.loss.links, p.loss.stances]) {
            *mean = keep * *mean + (1.0 - keep) * new;
        }
        self.seen += 1;
        let rate = p.tokens as f64 / self.since.elapsed().as_secs_f64().max(1e-9);
        let [tags, links, stances] = self.mean;
        let line = format!(
            "epoch {} tags {tags:.3} links {links:.3} stances {stances:.3} norm {:.2} {rate:.0} tokens/s",
            p.epoch + 1,
            p.norm
        );
        match &self.bar {
            Some(bar) => {
                bar.set_length(p.batches as u64);
                bar.set_position(p.batch as u64);
                bar.set_message(line);
            }
            None if self.seen.is_multiple_of(LINES) || p.batch == p.batches => {
                eprintln!("{line} {}/{}", p.batch, p.batches)
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_count_from_one() {
        assert_eq!("1/5".parse(), Ok(Fold { part: 0, of: 5 }));
        for wrong in ["0/5", "6/5", "1/1", "5", ""] {
            assert!(wrong.parse::<Fold>().is_err(), "{wrong}");
        }
    }
}
