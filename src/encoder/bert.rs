//! BERT and MPNet as stacks of differentiable operations, under the checkpoint's names.
//!
//! The architectures are those of Devlin et al. (NAACL 2019) and Song et al. (NeurIPS 2020) as stored by Hugging Face
//! checkpoints. Sequences are packed: laid end to end without padding. MPNet differs by its names, by positions that begin at 2, and by a
//! bias for each attention head and bucket of distance, which is shared by the layers and not trained further here.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::config::{BertConfig, Family};
use super::init::layer_parts;
use super::ops::RelativeBias;
use super::weights::Weights;
use super::{ModelError, ops};

/// MPNet's table of relative positions, `[buckets, heads]`.
pub(crate) const RELATIVE_BIAS: &str = "encoder.relative_attention_bias.weight";

/// Sequences laid end to end.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Word-piece ids of all sequences, `[tokens]`.
    pub ids: Vec<u32>,
    /// Position of each token in its sequence.
    pub positions: Vec<u32>,
    /// Cumulative lengths, from 0 to the number of tokens.
    pub offsets: Arc<[usize]>,
}

impl Packed {
    /// Packs sequences of ids; special tokens are the caller's.
    pub fn new<'a>(sequences: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let (mut ids, mut positions, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for sequence in sequences {
            positions.extend(0..sequence.len() as u32);
            ids.extend_from_slice(sequence);
            offsets.push(ids.len());
        }
        Self { ids, positions, offsets: offsets.into() }
    }
}

/// Dropout of a training step: a probability and a seed from which each use draws its own.
#[derive(Debug)]
pub struct Dropout {
    p: f32,
    seed: std::cell::Cell<u64>,
}

impl Dropout {
    /// Dropout with probability `p`, repeatable from `seed`.
    pub fn new(p: f32, seed: u64) -> Self {
        Self { p, seed: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).into() }
    }

    /// No dropout.
    pub fn off() -> Self {
        Self::new(0.0, 0)
    }

    /// Drops elements of `x`.
    ///
    /// # Errors
    /// If the operation fails.
    pub fn apply(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.seed.set(self.seed.get().wrapping_add(0xD1B5_4A32_D192_ED03));
        ops::dropout(x, self.p, self.seed.get())
    }
}

/// A weight matrix `[out, in]` and a bias `[out]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `name.weight` and `name.bias`.
    ///
    /// # Errors
    /// As [`Weights::get`].
    pub fn load(weights: &Weights, name: &str, inner: usize, outer: usize) -> Result<Self, ModelError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"), &[outer, inner])?,
            bias: weights.get(&format!("{name}.bias"), &[outer])?,
        })
    }

    /// `x · wᵀ + b` for x `[rows, in]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        ops::linear(x, &self.weight, &self.bias)
    }
}

/// Normalisation of rows with a learnt scale and shift.
#[derive(Clone, Debug)]
pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    pub(super) fn load(weights: &Weights, name: &str, width: usize, eps: f64) -> Result<Self, ModelError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"), &[width])?,
            bias: weights.get(&format!("{name}.bias"), &[width])?,
            eps,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        ops::layer_norm(x, &self.weight, &self.bias, self.eps)
    }
}

#[derive(Clone, Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

impl Layer {
    fn load(weights: &Weights, prefix: &str, c: &BertConfig) -> Result<Self, ModelError> {
        let (h, i) = (c.hidden_size, c.intermediate_size);
        let [query, key, value, attention, attention_norm] =
            layer_parts(c.model_type).map(|part| format!("{prefix}.{part}"));
        Ok(Self {
            query: Linear::load(weights, &query, h, h)?,
            key: Linear::load(weights, &key, h, h)?,
            value: Linear::load(weights, &value, h, h)?,
            attention: Linear::load(weights, &attention, h, h)?,
            attention_norm: LayerNorm::load(weights, &attention_norm, h, c.layer_norm_eps)?,
            intermediate: Linear::load(weights, &format!("{prefix}.intermediate.dense"), h, i)?,
            output: Linear::load(weights, &format!("{prefix}.output.dense"), i, h)?,
            output_norm: LayerNorm::load(weights, &format!("{prefix}.output.LayerNorm"), h, c.layer_norm_eps)?,
        })
    }

    fn forward(&self, x: &Tensor, how: &ops::Attention, drop: &Dropout) -> candle_core::Result<Tensor> {
        let (q, k, v) = (self.query.forward(x)?, self.key.forward(x)?, self.value.forward(x)?);
        let context = ops::attention(&q, &k, &v, how.clone())?;
        let attended = drop.apply(&self.attention.forward(&context)?)?;
        let x = self.attention_norm.forward(&(x + attended)?)?;
        let inner = ops::gelu(&self.intermediate.forward(&x)?)?;
        let output = drop.apply(&self.output.forward(&inner)?)?;
        self.output_norm.forward(&(x + output)?)
    }
}

/// The encoder: word-piece ids to hidden states.
#[derive(Clone, Debug)]
pub struct Bert {
    words: Tensor,
    positions: Tensor,
    /// Of the first position in the table.
    first: u32,
    /// What is added to every token: the first segment's embedding.
    segment: Option<Tensor>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
    bias: Option<Arc<RelativeBias>>,
}

impl Bert {
    /// Takes its tensors from `weights`, under the checkpoint's names.
    ///
    /// # Errors
    /// As [`Weights::get`]; call [`Weights::finish`] when every part has been loaded.
    pub fn load(weights: &Weights, c: &BertConfig) -> Result<Self, ModelError> {
        let h = c.hidden_size;
        let (first, segment, bias) = match c.model_type {
            Family::Bert => {
                let types = weights.get("embeddings.token_type_embeddings.weight", &[c.type_vocab_size, h])?;
                (0, Some(types.get(0)?), None)
            }
            Family::Mpnet => {
                let shape = [c.relative_attention_num_buckets, c.num_attention_heads];
                let table = weights.get(RELATIVE_BIAS, &shape)?.flatten_all()?.to_vec1()?;
                (2, None, Some(Arc::new(RelativeBias::new(table, shape[0], shape[1]))))
            }
        };
        Ok(Self {
            words: weights.get("embeddings.word_embeddings.weight", &[c.vocab_size, h])?,
            positions: weights.get("embeddings.position_embeddings.weight", &[c.max_position_embeddings, h])?,
            first,
            segment,
            norm: LayerNorm::load(weights, "embeddings.LayerNorm", h, c.layer_norm_eps)?,
            layers: (0..c.num_hidden_layers)
                .map(|i| Layer::load(weights, &format!("encoder.layer.{i}"), c))
                .collect::<Result<_, _>>()?,
            heads: c.num_attention_heads,
            bias,
        })
    }

    /// Hidden states `[tokens, hidden_size]` of a packed batch, in the order of its tokens.
    ///
    /// # Errors
    /// If an id or a position lies outside the embeddings.
    pub fn forward(&self, batch: &Packed, drop: &Dropout) -> candle_core::Result<Tensor> {
        let n = batch.ids.len();
        let ids = Tensor::from_slice(&batch.ids, n, &Device::Cpu)?;
        let positions: Vec<u32> = batch.positions.iter().map(|p| p + self.first).collect();
        let positions = Tensor::from_vec(positions, n, &Device::Cpu)?;
        let mut embedded = (self.words.index_select(&ids, 0)? + self.positions.index_select(&positions, 0)?)?;
        if let Some(segment) = &self.segment {
            embedded = embedded.broadcast_add(segment)?;
        }
        let how = ops::Attention { offsets: Arc::clone(&batch.offsets), heads: self.heads, bias: self.bias.clone() };
        let mut x = drop.apply(&self.norm.forward(&embedded)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, &how, drop)?;
        }
        Ok(x)
    }
}
