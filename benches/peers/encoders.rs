//! The two encoders that can be measured from Rust.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use demarche::encoder::{BertConfig, Packed, PackedEncoder, Scratch, Weights};
use rayon::prelude::*;

use super::Outcome;

/// An encoder under measurement. Texts are passed under their name, so that what has been made ready of them is found
/// again.
pub(crate) trait Encode {
    /// Makes the texts ready, encodes them until everything is warm, and says how they will be encoded.
    fn warm_up(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<String>;
    /// Encodes all texts; gives the time that it took.
    fn round(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<Duration>;
    /// Hidden states of all tokens in the order of the texts, `[tokens, hidden]`.
    fn states(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<Vec<f32>>;
    /// The instruction set, if it can be chosen.
    fn isa(&self) -> Option<&'static str>;
}

/// The packed int8 encoder.
pub(crate) struct PackedInt8 {
    encoder: PackedEncoder,
    threads: usize,
    scratch: Scratch,
    batches: HashMap<&'static str, Packed>,
}

impl PackedInt8 {
    pub(crate) fn load(model: &Path, threads: usize) -> Outcome<Self> {
        let config = BertConfig::read(&model.join("config.json"))?;
        let encoder = PackedEncoder::new(&Weights::read(&model.join("model.safetensors"))?, &config)?;
        Ok(Self { encoder, threads, scratch: Scratch::default(), batches: HashMap::new() })
    }
}

impl Encode for PackedInt8 {
    fn warm_up(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<String> {
        self.batches.insert(name, Packed::new(sequences.iter().map(Vec::as_slice)));
        self.round(name, sequences)?;
        self.round(name, sequences)?;
        Ok("packed".to_owned())
    }

    fn round(&mut self, name: &'static str, _: &[Vec<u32>]) -> Outcome<Duration> {
        let start = Instant::now();
        black_box(self.encoder.encode(&self.batches[name], self.threads, &mut self.scratch)?);
        Ok(start.elapsed())
    }

    fn states(&mut self, name: &'static str, _: &[Vec<u32>]) -> Outcome<Vec<f32>> {
        Ok(self.encoder.encode(&self.batches[name], self.threads, &mut self.scratch)?.to_vec())
    }

    fn isa(&self) -> Option<&'static str> {
        Some(self.encoder.isa().name())
    }
}

/// candle-transformers' `BertModel`, which takes as many threads as `RAYON_NUM_THREADS` says.
pub(crate) struct Candle {
    model: BertModel,
    sizes: Vec<usize>,
    plans: HashMap<&'static str, Plan>,
}

/// A way to encode some texts.
struct Plan {
    batches: Vec<Batch>,
    /// Whether the batches are encoded side by side, and not one after the other with all threads for each.
    side_by_side: bool,
}

/// Sequences filled up with padding to the longest of them.
struct Batch {
    /// Numbers of the sequences.
    order: Vec<usize>,
    ids: Tensor,
    types: Tensor,
    mask: Tensor,
}

impl Candle {
    pub(crate) fn load(model: &Path, sizes: Vec<usize>) -> Outcome<Self> {
        let config = serde_json::from_slice(&std::fs::read(model.join("config.json"))?)?;
        let tensors: BTreeMap<String, Tensor> = Weights::read(&model.join("model.safetensors"))?.into_tensors()?;
        let builder = VarBuilder::from_tensors(tensors.into_iter().collect(), DType::F32, &Device::Cpu);
        Ok(Self { model: BertModel::load(builder, &config)?, sizes, plans: HashMap::new() })
    }

    fn forward(&self, batch: &Batch) -> candle_core::Result<Tensor> {
        self.model.forward(&batch.ids, &batch.types, Some(&batch.mask))
    }

    fn run(&self, plan: &Plan) -> candle_core::Result<Duration> {
        let one = |batch: &Batch| self.forward(batch).map(|hidden| drop(black_box(hidden)));
        let start = Instant::now();
        if plan.side_by_side {
            plan.batches.par_iter().try_for_each(one)?;
        } else {
            plan.batches.iter().try_for_each(one)?;
        }
        Ok(start.elapsed())
    }
}

impl Encode for Candle {
    fn warm_up(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<String> {
        let mut best: Option<(Duration, String, Plan)> = None;
        for size in self.sizes.clone() {
            for side_by_side in [false, true].into_iter().take(rayon::current_num_threads().min(2)) {
                let plan = Plan { batches: pad(sequences, size)?, side_by_side };
                self.run(&plan)?;
                let time = self.run(&plan)?;
                if best.as_ref().is_none_or(|(least, ..)| time < *least) {
                    let way = if side_by_side { "side by side" } else { "in turn" };
                    best = Some((time, format!("{size} {way}"), plan));
                }
            }
        }
        let (_, what, plan) = best.ok_or("expected a size of batches, got none")?;
        self.plans.insert(name, plan);
        Ok(what)
    }

    fn round(&mut self, name: &'static str, _: &[Vec<u32>]) -> Outcome<Duration> {
        Ok(self.run(&self.plans[name])?)
    }

    fn states(&mut self, name: &'static str, sequences: &[Vec<u32>]) -> Outcome<Vec<f32>> {
        let mut states = vec![Vec::new(); sequences.len()];
        for batch in &self.plans[name].batches {
            let hidden = self.forward(batch)?;
            for (row, sequence) in batch.order.iter().enumerate() {
                states[*sequence] =
                    hidden.get(row)?.narrow(0, 0, sequences[*sequence].len())?.flatten_all()?.to_vec1()?;
            }
        }
        Ok(states.concat())
    }

    fn isa(&self) -> Option<&'static str> {
        None
    }
}

/// Batches of some sequences each, sorted by length.
fn pad(sequences: &[Vec<u32>], size: usize) -> candle_core::Result<Vec<Batch>> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|i| sequences[*i].len());
    let batch = |order: &[usize]| {
        let longest = order.iter().map(|i| sequences[*i].len()).max().unwrap_or(0);
        let fill = |f: &dyn Fn(Option<u32>) -> u32| {
            let rows = order.iter().flat_map(|i| (0..longest).map(|at| f(sequences[*i].get(at).copied())));
            Tensor::from_vec(rows.collect::<Vec<u32>>(), (order.len(), longest), &Device::Cpu)
        };
        Ok(Batch {
            order: order.to_vec(),
            ids: fill(&|id| id.unwrap_or(0))?,
            types: fill(&|_| 0)?,
            mask: fill(&|id| u32::from(id.is_some()))?,
        })
    };
    order.chunks(size.max(1)).map(batch).collect()
}
