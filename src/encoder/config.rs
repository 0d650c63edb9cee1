//! What a model folder says about itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ModelError;

/// The encoder's shape, as in a BERT checkpoint's `config.json`. Unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Entries of the word-piece vocabulary.
    pub vocab_size: usize,
    /// Width of a hidden state.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Attention heads of each layer.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layers.
    pub intermediate_size: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Segment types; MPNet has none.
    #[serde(default)]
    pub type_vocab_size: usize,
    /// Epsilon of LayerNorm.
    pub layer_norm_eps: f64,
    /// Name of the activation; only `gelu` is known.
    pub hidden_act: String,
    /// The family: BERT, or MPNet with its relative positions.
    #[serde(default)]
    pub model_type: Family,
    /// Buckets of MPNet's relative positions; 0 for BERT.
    #[serde(default)]
    pub relative_attention_num_buckets: usize,
}

/// A family of encoders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Devlin et al., NAACL 2019.
    #[default]
    Bert,
    /// Song et al., NeurIPS 2020.
    Mpnet,
}

impl BertConfig {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// If the file can't be read, is not such a configuration, or asks for what this encoder is not.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let config: Self = read_json(path)?;
        let problem = if config.hidden_act != "gelu" {
            Some(format!("expected hidden_act \"gelu\", got {:?}", config.hidden_act))
        } else if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            Some(format!(
                "expected a hidden_size that {} attention heads can share, got {}",
                config.num_attention_heads, config.hidden_size
            ))
        } else {
            None
        };
        match problem {
            Some(message) => Err(ModelError::Config { path: path.to_owned(), message }),
            None => Ok(config),
        }
    }
}

/// What is decided with the model's scores, `demarche.json` of a model folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Name of the model, without its version.
    pub name: String,
    /// Version; goes up with every training.
    pub version: u32,
    /// Layout of the folder; this program reads [`ModelConfig::FORMAT`].
    pub format: u32,
    /// Tags of the tagger, in the order of its outputs.
    pub tags: Vec<String>,
    /// Stances, in the order of the stance head's outputs.
    pub stances: Vec<String>,
    /// Longest window in tokens, without the two special ones.
    pub window: usize,
    /// Tokens of left context that a window carries at least.
    pub context: usize,
    /// Temperature and bias of each stance's logit: p = sigmoid(logit / temperature + bias).
    pub calibration: Vec<Calibration>,
    /// Probability from which a stance is reported, in the order of `stances`.
    pub thresholds: Vec<f32>,
    /// What is taken off the logit of the tag O before decoding.
    #[serde(default)]
    pub outside: f32,
    /// Sizes of the heads.
    pub heads: HeadsConfig,
    /// SHA-256 of the other files of the folder, by name.
    #[serde(default)]
    pub files: std::collections::BTreeMap<String, String>,
}

/// Platt scaling of one logit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Divides the logit.
    pub temperature: f32,
    /// Is added after that.
    pub bias: f32,
}

impl Calibration {
    /// Changes nothing.
    pub const NONE: Self = Self { temperature: 1.0, bias: 0.0 };

    /// The calibrated probability of a logit.
    pub fn probability(self, logit: f32) -> f32 {
        let x = logit / self.temperature + self.bias;
        1.0 / (1.0 + (-x).exp())
    }
}

/// Sizes of the heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsConfig {
    /// Of the linker's span vectors.
    pub link: usize,
    /// Of the stance head's states.
    pub stance: usize,
    /// Blocks of the stance head: a number, not a width.
    pub blocks: usize,
}

impl Default for HeadsConfig {
    fn default() -> Self {
        Self { link: 192, stance: 256, blocks: 2 }
    }
}

impl ModelConfig {
    /// The layout of model folders that this program writes and reads.
    pub const FORMAT: u32 = 2;

    /// `name@version`, as records state it.
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Reads `demarche.json` and checks that its labels are those of this program.
    ///
    /// # Errors
    /// If the file can't be read or does not fit.
    pub fn read(path: &Path, tags: &[&str], stances: &[&str]) -> Result<Self, ModelError> {
        let config: Self = read_json(path)?;
        let n = stances.len();
        let problem = if config.format != Self::FORMAT {
            Some(format!("expected format {}, got {}", Self::FORMAT, config.format))
        } else if config.tags != tags {
            Some(format!("expected the tags {tags:?}, got {:?}", config.tags))
        } else if config.stances != stances {
            Some(format!("expected the stances {stances:?}, got {:?}", config.stances))
        } else if config.thresholds.len() != n || config.calibration.len() != n {
            Some(format!("expected {n} thresholds and calibrations, one for each stance"))
        } else if config.calibration.iter().any(|c| c.temperature.is_nan() || c.temperature <= 0.0) {
            Some("expected positive temperatures".to_owned())
        } else if config.window < 16 || config.context >= config.window {
            Some(format!("expected a window above 16 tokens and more than its context, got {}", config.window))
        } else {
            None
        };
        match problem {
            Some(message) => Err(ModelError::Config { path: path.to_owned(), message }),
            None => Ok(config),
        }
    }
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|e| ModelError::Config { path: path.to_owned(), message: e.to_string() })
}
