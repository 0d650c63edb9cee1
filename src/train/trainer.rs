//! The training loop.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Tensor, Var, backprop::GradStore};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::checkpoint::{self, State};
use super::example::{Builder, Cut, Example};
use super::loss::{LossWeights, Parts, Scales, hidden, loss};
use super::optimizer::{AdamConfig, AdamW};
use super::soft::SoftLabels;
use super::sources::Sources;
use super::{PairScore, TrainError, calibrate};
use crate::encoder::kernels::with_bf16;
use crate::encoder::ops::with_slice;
use crate::encoder::{
    BertConfig, Calibration, Dropout, FILES, HeadsConfig, ModelConfig, ModelError, Network, Storage, Tokenizer,
    Weights, init, sha256, write, write_aside,
};
use crate::stance::Stance;
use crate::statement::TAG_NAMES;

/// Settings of a run, stored with its checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Passes over the sources.
    pub epochs: usize,
    /// Tokens of a batch, about.
    pub batch_tokens: usize,
    /// Probability of dropout.
    pub dropout: f32,
    /// Seed of everything random.
    pub seed: u64,
    /// Optimiser.
    pub adam: AdamConfig,
    /// Weights of the losses.
    pub loss: LossWeights,
    /// Whether the word embeddings learn as well.
    pub train_words: bool,
    /// Decay of the running average of the weights, which is what is saved; 0 saves the last weights.
    pub average: f64,
    /// Worker threads: each takes a part of every batch.
    pub threads: usize,
    /// Whether matrix products may be made in bfloat16, where the processor has units for it.
    pub bf16: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 2,
            batch_tokens: 4096,
            dropout: 0.1,
            seed: 1,
            adam: AdamConfig::default(),
            loss: LossWeights::default(),
            train_words: false,
            average: 0.995,
            threads: 2,
            bf16: true,
        }
    }
}

/// What a run tells while it goes.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Epochs finished.
    pub epoch: usize,
    /// Batches finished in this epoch.
    pub batch: usize,
    /// Batches of this epoch.
    pub batches: usize,
    /// Tokens read since the run began or went on.
    pub tokens: usize,
    /// Mean losses of the last batches.
    pub loss: Parts,
    /// Norm of the last gradient.
    pub norm: f64,
}

/// A model in training.
#[derive(Debug)]
pub struct Trainer {
    settings: Settings,
    base: PathBuf,
    bert: BertConfig,
    config: ModelConfig,
    tokenizer: Tokenizer,
    vars: BTreeMap<String, Var>,
    frozen: BTreeMap<String, Tensor>,
    averages: BTreeMap<String, Vec<f32>>,
    network: Network,
    adam: AdamW,
    start: (usize, usize),
}

/// MPNet's bias of distances gets no gradient.
const RELATIVE_BIAS: &str = "encoder.relative_attention_bias.weight";
const WORDS: &str = "embeddings.word_embeddings.weight";

/// A model's configuration before it was ever calibrated.
pub fn fresh_config(name: &str, version: u32, cut: Cut) -> ModelConfig {
    ModelConfig {
        name: name.to_owned(),
        version,
        format: ModelConfig::FORMAT,
        tags: TAG_NAMES.iter().map(|t| (*t).to_owned()).collect(),
        stances: Stance::ALL.iter().map(|s| s.as_str().to_owned()).collect(),
        window: cut.window,
        context: cut.context,
        calibration: vec![Calibration::NONE; 3],
        thresholds: vec![0.5; 3],
        outside: 0.0,
        heads: HeadsConfig::default(),
        files: BTreeMap::new(),
    }
}

impl Trainer {
    /// Starts from a folder with `config.json`, `tokenizer.json` and `model.safetensors`: a BERT checkpoint, whose
    /// heads are then drawn at random, or a model of this program. `checkpoints` is where a run that was interrupted
    /// goes on from.
    ///
    /// # Errors
    /// If a file is missing or does not fit.
    pub fn new(
        base: &Path,
        config: ModelConfig,
        settings: Settings,
        checkpoints: Option<&Path>,
    ) -> Result<Self, TrainError> {
        let bert = BertConfig::read(&base.join(FILES[0]))?;
        let tokenizer = Tokenizer::read(&base.join(FILES[1]))?;
        let mut tensors = Weights::read(&base.join(FILES[2]))?.into_tensors()?;
        // A sentence-embedding checkpoint carries a pooler that nothing here uses.
        tensors.retain(|name, _| !name.starts_with("pooler.") && !name.ends_with("position_ids"));
        let mut rng = StdRng::seed_from_u64(settings.seed);
        let heads = init::head_shapes(bert.hidden_size, &config);
        // A stance head of another layout is drawn anew.
        let fits = |name: &String, t: &Tensor| heads.iter().any(|(n, shape)| n == name && t.dims() == shape.as_slice());
        tensors.retain(|name, tensor| !name.starts_with("stance.") || fits(name, tensor));
        for (name, shape) in heads {
            if !tensors.contains_key(&name) {
                tensors.insert(name.clone(), init::tensor(&name, &shape, &mut rng)?);
            }
        }
        let mut vars = BTreeMap::new();
        let mut frozen = BTreeMap::new();
        for (name, tensor) in tensors {
            if name == WORDS && !settings.train_words || name == RELATIVE_BIAS {
                frozen.insert(name, tensor);
            } else {
                vars.insert(name, Var::from_tensor(&tensor)?);
            }
        }
        let mut averages = BTreeMap::new();
        let mut adam = AdamW::new(settings.adam, bert.num_hidden_layers);
        let mut start = (0, 0);
        if let Some(folder) = checkpoints
            && let Some(state) = checkpoint::load(folder, &settings, &vars, &mut averages, &mut adam)?
        {
            start = (state.epoch, state.batch);
        }
        let weights = Weights::from_vars(&vars, &frozen);
        let network = Network::load(&weights, &bert, &config)?;
        weights.finish()?;
        let base = base.to_owned();
        Ok(Self { settings, base, bert, config, tokenizer, vars, frozen, averages, network, adam, start })
    }

    /// How many parameters learn.
    pub fn parameters(&self) -> usize {
        self.vars.values().map(|v| v.elem_count()).sum()
    }

    /// Epochs and batches that an earlier run, now continued, had finished.
    pub fn start(&self) -> (usize, usize) {
        self.start
    }

    /// A builder of examples for this model.
    pub fn builder(&self) -> Builder<'_> {
        Builder { tokenizer: &self.tokenizer, cut: Cut { window: self.config.window, context: self.config.context } }
    }

    /// Trains until the end of the last epoch or until `stop` is set. Writes a checkpoint to `checkpoints` every
    /// `every` batches and when stopped. Returns whether the run is complete.
    ///
    /// # Errors
    /// If the sources are empty, a file can't be written or the gradient is not finite.
    pub fn run(
        &mut self,
        sources: &Sources,
        checkpoints: &Path,
        every: usize,
        stop: &AtomicBool,
        mut report: impl FnMut(Progress),
    ) -> Result<bool, TrainError> {
        let (mut tokens, mut steps) = (0, 0);
        for epoch in self.start.0..self.settings.epochs {
            let examples = sources.epoch(&self.builder(), self.settings.seed, epoch)?;
            let batches = batches(&examples, self.settings.batch_tokens);
            if batches.is_empty() {
                return Err(TrainError::Nothing);
            }
            // The epochs differ a little in length; the schedule is laid out by the first one seen.
            if steps == 0 {
                steps = batches.len() * self.settings.epochs;
            }
            let scales = scales(&examples, batches.len());
            let skip = if epoch == self.start.0 { self.start.1 } else { 0 };
            for (i, batch) in batches.iter().enumerate().skip(skip) {
                let step = epoch * batches.len() + i;
                let (loss, norm) = self.step(batch, scales, step, steps)?;
                tokens += batch.iter().map(|e| e.cost()).sum::<usize>();
                report(Progress { epoch, batch: i + 1, batches: batches.len(), tokens, loss, norm });
                let stopped = stop.load(Ordering::Relaxed);
                if stopped || (i + 1) % every.max(1) == 0 || i + 1 == batches.len() {
                    let end = i + 1 == batches.len();
                    let (epoch, batch) = if end { (epoch + 1, 0) } else { (epoch, i + 1) };
                    let (settings, updates) = (self.settings.clone(), self.adam.updates);
                    let state = State { settings, epoch, batch, updates, tensors: String::new() };
                    checkpoint::save(checkpoints, state, &self.vars, &self.averages, &self.adam)?;
                }
                if stopped {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn step(
        &mut self,
        batch: &[&Example],
        scales: Scales,
        step: usize,
        steps: usize,
    ) -> Result<(Parts, f64), TrainError> {
        let parts = share(batch, self.settings.threads.max(1));
        let (net, tokenizer, settings) = (&self.network, &self.tokenizer, &self.settings);
        let results: Vec<candle_core::Result<Option<(GradStore, Parts)>>> = std::thread::scope(|scope| {
            let workers: Vec<_> = parts
                .iter()
                .enumerate()
                .map(|(w, examples)| {
                    scope.spawn(move || {
                        let seed = settings.seed.wrapping_add((step * 64 + w) as u64);
                        let drop = Dropout::new(settings.dropout, seed);
                        with_bf16(settings.bf16, || {
                            let loss = loss(net, tokenizer, examples, settings.loss, scales, &drop)?;
                            loss.map(|(loss, parts)| Ok((loss.backward()?, parts))).transpose()
                        })
                    })
                })
                .collect();
            let joined = workers.into_iter().map(|w| w.join());
            joined.map(|r| r.unwrap_or_else(|_| candle_core::bail!("a worker panicked"))).collect()
        });
        let (mut grads, mut total) = (Vec::new(), Parts::default());
        for result in results {
            if let Some((grad, parts)) = result? {
                grads.push(grad);
                total += parts;
            }
        }
        let norm = self.adam.step(&self.vars, &grads, self.settings.adam.schedule(step, steps))?;
        self.update_averages()?;
        Ok((total, norm))
    }

    /// The running average with bias towards the newer weights while it is young (as in Polyak averaging with a
    /// warm-up: decay = min(d, (1 + t) / (10 + t))).
    fn update_averages(&mut self) -> Result<(), TrainError> {
        if self.settings.average <= 0.0 {
            return Ok(());
        }
        let t = self.adam.updates as f64;
        let keep = self.settings.average.min((1.0 + t) / (10.0 + t)) as f32;
        for (name, var) in &self.vars {
            with_slice(var.as_tensor(), |new| {
                match self.averages.get_mut(name) {
                    Some(average) if average.len() == new.len() => {
                        average.iter_mut().zip(new).for_each(|(a, w)| *a = keep * *a + (1.0 - keep) * w);
                    }
                    _ => {
                        self.averages.insert(name.clone(), new.to_vec());
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Puts the averaged weights in place of the last ones: call it when the run is complete.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn use_averages(&mut self) -> Result<(), TrainError> {
        for (name, average) in &self.averages {
            if let Some(var) = self.vars.get(name) {
                var.set(&Tensor::from_slice(average, var.shape(), &candle_core::Device::Cpu)?)?;
            }
        }
        Ok(())
    }

    /// Stance logits and truths of every pair of the examples.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn pair_scores(&self, examples: &[Example]) -> Result<Vec<PairScore>, TrainError> {
        let mut scores = Vec::new();
        for example in examples.iter().filter(|e| !e.stances.is_empty()) {
            let hidden = hidden(&self.network, &self.tokenizer, &[example], &Dropout::off())?;
            let questions: Vec<_> = example.stances.iter().map(|l| l.question.clone()).collect();
            let logits = self.network.heads.judge(&hidden, &questions)?;
            for (row, truth) in logits.iter().zip(example.stances.iter().flat_map(|l| &l.truth)) {
                if let [a, b, c] = row[..] {
                    scores.push(PairScore { logits: [a, b, c], truth: truth.map(|t| t > 0.5) });
                }
            }
        }
        Ok(scores)
    }

    /// This model's answers to the questions of documents that its own builder made, as labels for a smaller model. Probabilities are
    /// uncalibrated.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn answer(
        &self,
        documents: &[(String, Example)],
        mut report: impl FnMut(usize),
    ) -> Result<SoftLabels, TrainError> {
        let mut labels = SoftLabels::default();
        for (i, (id, example)) in documents.iter().enumerate() {
            let mut stances = Vec::with_capacity(example.stances.len());
            if !example.stances.is_empty() {
                let hidden = hidden(&self.network, &self.tokenizer, &[example], &Dropout::off())?;
                let questions: Vec<_> = example.stances.iter().map(|l| l.question.clone()).collect();
                let mut rows = self.network.heads.judge(&hidden, &questions)?.into_iter();
                let sigmoid = |row: Vec<f32>| {
                    std::array::from_fn(|i| Calibration::NONE.probability(row.get(i).copied().unwrap_or(0.0)))
                };
                for question in &questions {
                    stances.push(rows.by_ref().take(question.candidates.len()).map(sigmoid).collect());
                }
            }
            labels.insert(id.clone(), stances);
            report(i + 1);
        }
        Ok(labels)
    }

    /// Chooses calibration and thresholds on examples that were not trained on.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn calibrate(&mut self, dev: &[Example]) -> Result<(), TrainError> {
        let (calibration, thresholds) = calibrate(&self.pair_scores(dev)?);
        self.config.calibration = calibration.to_vec();
        self.config.thresholds = thresholds.to_vec();
        Ok(())
    }

    /// Sets the thresholds, one for each stance.
    ///
    /// # Errors
    /// If there are more or fewer, or one is no probability.
    pub fn set_thresholds(&mut self, thresholds: &[f32]) -> Result<(), TrainError> {
        let n = self.config.stances.len();
        if thresholds.len() != n || thresholds.iter().any(|t| !(0.0..=1.0).contains(t)) {
            let message = format!("expected {n} thresholds from 0 to 1, got {thresholds:?}");
            return Err(ModelError::Config { path: "thresholds".into(), message }.into());
        }
        self.config.thresholds = thresholds.to_vec();
        Ok(())
    }

    /// Writes a model folder.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn save(&mut self, folder: &Path) -> Result<(), TrainError> {
        std::fs::create_dir_all(folder).map_err(|source| ModelError::Write { path: folder.to_owned(), source })?;
        for name in &FILES[..2] {
            let from = self.base.join(name);
            let bytes = std::fs::read(&from).map_err(|source| ModelError::Read { path: from, source })?;
            write_aside(&folder.join(name), &bytes)?;
        }
        let mut tensors = self.frozen.clone();
        tensors.extend(self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())));
        write(&folder.join(FILES[2]), &tensors, Storage::Int8)?;
        self.config.files = FILES
            .iter()
            .map(|name| Ok(((*name).to_owned(), sha256(&folder.join(name))?)))
            .collect::<Result<_, ModelError>>()?;
        let mut json = serde_json::to_vec_pretty(&self.config).unwrap_or_default();
        json.push(b'\n');
        Ok(write_aside(&folder.join("demarche.json"), &json)?)
    }

    /// The encoder's shape.
    pub fn bert(&self) -> &BertConfig {
        &self.bert
    }
}

/// Consecutive examples up to about `budget` tokens each.
fn batches(examples: &[Example], budget: usize) -> Vec<Vec<&Example>> {
    let mut out: Vec<Vec<&Example>> = Vec::new();
    let mut used = usize::MAX;
    for example in examples.iter().filter(|e| e.cost() > 0) {
        if used.saturating_add(example.cost()) > budget {
            out.push(Vec::new());
            used = 0;
        }
        used += example.cost();
        if let Some(last) = out.last_mut() {
            last.push(example);
        }
    }
    out
}

/// Deals a batch out to the workers, longest first to the one with the least.
fn share<'a>(batch: &[&'a Example], workers: usize) -> Vec<Vec<&'a Example>> {
    let mut order = batch.to_vec();
    order.sort_by_key(|e| std::cmp::Reverse(e.cost()));
    let mut parts: Vec<(usize, Vec<&Example>)> = vec![(0, Vec::new()); workers];
    for example in order {
        if let Some((cost, part)) = parts.iter_mut().min_by_key(|(cost, _)| *cost) {
            *cost += example.cost();
            part.push(example);
        }
    }
    parts.into_iter().map(|(_, part)| part).filter(|part| !part.is_empty()).collect()
}

fn scales(examples: &[Example], batches: usize) -> Scales {
    let mean = |f: fn(&Example) -> usize| examples.iter().map(f).sum::<usize>() as f64 / batches.max(1) as f64;
    Scales {
        tags: mean(|e| e.tags.iter().flatten().map(Vec::len).sum()),
        links: mean(|e| e.links.len()),
        stances: mean(|e| e.stances.len()),
    }
}

/// Draws a share of rows to hold out: the same rows for the same seed.
pub fn hold_out<T>(rows: Vec<T>, fold: usize, folds: usize, seed: u64) -> (Vec<T>, Vec<T>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lots: Vec<(u64, T)> = rows.into_iter().map(|r| (rng.random(), r)).collect();
    lots.sort_by_key(|(lot, _)| *lot);
    let (mut kept, mut held) = (Vec::new(), Vec::new());
    for (i, (_, row)) in lots.into_iter().enumerate() {
        if i % folds.max(1) == fold { held.push(row) } else { kept.push(row) }
    }
    (kept, held)
}
