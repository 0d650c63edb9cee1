//! A model folder: configuration, tokenizer, network.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::ModelError;
use super::bert::{Bert, Dropout, Packed};
use super::config::{BertConfig, Family, ModelConfig};
use super::document::Document;
use super::heads::{Heads, LinkAnswer, LinkQuestion};
use super::packed::{PackedEncoder, Scratch};
use super::stance_head::StanceQuestion;
use super::tokenize::Tokenizer;
use super::weights::Weights;
use crate::text::Sentence;

/// The files of a model folder beside `demarche.json`.
pub const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Encoder and heads.
#[derive(Clone, Debug)]
pub struct Network {
    /// The encoder.
    pub bert: Bert,
    /// The heads.
    pub heads: Heads,
}

impl Network {
    /// Takes every tensor from `weights`.
    ///
    /// # Errors
    /// As [`Weights::get`]; call [`Weights::finish`] afterwards.
    pub fn load(weights: &Weights, bert: &BertConfig, model: &ModelConfig) -> Result<Self, ModelError> {
        let heads = Heads::load(weights, bert.hidden_size, model.tags.len(), model.stances.len(), model.heads)?;
        Ok(Self { bert: Bert::load(weights, bert)?, heads })
    }
}

/// The hidden states of a document's tokens.
#[derive(Clone, Debug)]
pub struct Hidden(Tensor);

/// A loaded model.
#[derive(Clone, Debug)]
pub struct Model {
    /// `demarche.json`.
    pub config: ModelConfig,
    /// `config.json`.
    pub bert: BertConfig,
    /// `tokenizer.json`.
    pub tokenizer: Tokenizer,
    encoder: Encoder,
    heads: Heads,
    /// Memory of earlier calls, used again.
    scratch: Arc<Mutex<Vec<Scratch>>>,
}

/// How the encoder computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EncoderPath {
    /// Packed sequences, int8 products: fast.
    #[default]
    Packed,
    /// candle tensors, f32 products: the reference.
    Reference,
}

#[derive(Clone, Debug)]
enum Encoder {
    Packed(PackedEncoder),
    Reference(Bert),
}

impl Model {
    /// Loads a model folder. The hashes that `demarche.json` states are checked first.
    ///
    /// # Errors
    /// If a file is missing, damaged, or does not fit the others.
    pub fn load(folder: &Path, tags: &[&str], stances: &[&str], path: EncoderPath) -> Result<Self, ModelError> {
        if !folder.is_dir() {
            return Err(ModelError::NoFolder { path: folder.to_owned() });
        }
        let config = ModelConfig::read(&folder.join("demarche.json"), tags, stances)?;
        let bert = BertConfig::read(&folder.join(FILES[0]))?;
        if config.window + 2 > bert.max_position_embeddings {
            return Err(ModelError::Config {
                path: folder.join("demarche.json"),
                message: format!(
                    "expected a window of at most {} tokens, got {}",
                    bert.max_position_embeddings.saturating_sub(2),
                    config.window
                ),
            });
        }
        for (name, expected) in &config.files {
            let path = folder.join(name);
            let got = sha256(&path)?;
            if got != *expected {
                return Err(ModelError::Hash { path, expected: expected.clone(), got });
            }
        }
        let tokenizer = Tokenizer::read(&folder.join(FILES[1]))?;
        let weights = Weights::read(&folder.join(FILES[2]))?;
        let heads = Heads::load(&weights, bert.hidden_size, config.tags.len(), config.stances.len(), config.heads)?;
        let encoder = match (path, bert.model_type) {
            (EncoderPath::Packed, Family::Bert) => Encoder::Packed(PackedEncoder::new(&weights, &bert)?),
            // The packed encoder knows no relative positions.
            (EncoderPath::Reference, _) | (_, Family::Mpnet) => Encoder::Reference(Bert::load(&weights, &bert)?),
        };
        weights.finish()?;
        Ok(Self { config, bert, tokenizer, encoder, heads, scratch: Arc::default() })
    }

    /// Cuts an article into the windows of this model.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn document(&self, text: &str, sentences: &[Sentence]) -> Result<Document, ModelError> {
        Document::new(&self.tokenizer, text, sentences, self.config.window, self.config.context)
    }

    /// The hidden state of each token of a document, each from the window that owns it.
    ///
    /// A window's states depend on that window alone: not on the others, nor on the number of threads.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn encode(&self, document: &Document) -> Result<Hidden, ModelError> {
        let sequences: Vec<Vec<u32>> =
            document.windows.iter().map(|window| document.sequence(&self.tokenizer, window)).collect();
        let owned: Vec<Range<usize>> = document.windows.iter().map(Document::owned_rows).collect();
        let width = self.bert.hidden_size;
        let mut rows = Vec::with_capacity(document.tokens.ids.len() * width);
        match &self.encoder {
            Encoder::Packed(encoder) => {
                let batch = Packed::new(sequences.iter().map(Vec::as_slice));
                // Scratch memory is lent and not kept by each thread: while one waits for the others it may begin
                // another article.
                let mut scratch = self.scratch.lock().ok().and_then(|mut all| all.pop()).unwrap_or_default();
                let hidden = encoder.encode(&batch, rayon::current_num_threads(), &mut scratch)?;
                for (own, start) in owned.iter().zip(batch.offsets.iter()) {
                    rows.extend_from_slice(&hidden[(start + own.start) * width..(start + own.end) * width]);
                }
                if let Ok(mut all) = self.scratch.lock() {
                    all.push(scratch);
                }
            }
            Encoder::Reference(encoder) => {
                let parts: Vec<Vec<f32>> = sequences
                    .par_iter()
                    .zip(&owned)
                    .map(|(ids, own)| {
                        let hidden = encoder.forward(&Packed::new([ids.as_slice()]), &Dropout::off())?;
                        hidden.narrow(0, own.start, own.len())?.flatten_all()?.to_vec1()
                    })
                    .collect::<candle_core::Result<_>>()?;
                rows.extend(parts.into_iter().flatten());
            }
        }
        let n = rows.len() / width.max(1);
        Ok(Hidden(Tensor::from_vec(rows, (n, width), &Device::Cpu)?))
    }

    /// Tag logits of each token, row-major `[tokens, tags]`.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn tag(&self, hidden: &Hidden) -> Result<Vec<f32>, ModelError> {
        if hidden.0.dim(0)? == 0 {
            return Ok(Vec::new());
        }
        Ok(self.heads.tag(&hidden.0, &Dropout::off())?.flatten_all()?.to_vec1()?)
    }

    /// The linker's answers.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn link(&self, hidden: &Hidden, questions: &[LinkQuestion]) -> Result<Vec<LinkAnswer>, ModelError> {
        Ok(self.heads.answers(&hidden.0, questions)?)
    }

    /// Calibrated probabilities of each stance of every candidate of every question, in the order of `demarche.json`.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn stance(&self, hidden: &Hidden, questions: &[StanceQuestion]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut probabilities = Vec::new();
        for row in self.heads.judge(&hidden.0, questions)? {
            let calibrated = row.iter().zip(&self.config.calibration).map(|(logit, c)| c.probability(*logit));
            probabilities.push(calibrated.collect());
        }
        Ok(probabilities)
    }
}

/// The SHA-256 of a file in hexadecimal digits.
///
/// # Errors
/// If the file can't be read.
pub fn sha256(path: &Path) -> Result<String, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    Ok(Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect())
}
