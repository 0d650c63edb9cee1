//! Names and shapes of a model's tensors, and first weights of heads that no checkpoint holds.

use candle_core::{Device, Tensor};
use rand::{Rng, rngs::StdRng};

use super::bert::RELATIVE_BIAS;
use super::config::{BertConfig, Family, ModelConfig};
use super::heads::DISTANCES;
use super::stance_head;

/// The names of a layer's query, key, value and output matrices and of the LayerNorm after them.
pub(crate) fn layer_parts(family: Family) -> [&'static str; 5] {
    match family {
        Family::Bert => [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
        ],
        Family::Mpnet => {
            ["attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm"]
        }
    }
}

/// Name and shape of every tensor of the encoder, under the checkpoint's names: tables, matrices with their biases, then
/// the LayerNorms.
pub fn encoder_shapes(c: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (h, i) = (c.hidden_size, c.intermediate_size);
    let mut tables = vec![("word", c.vocab_size), ("position", c.max_position_embeddings)];
    if c.model_type == Family::Bert {
        tables.push(("token_type", c.type_vocab_size));
    }
    let mut shapes: Vec<_> =
        tables.iter().map(|(table, rows)| (format!("embeddings.{table}_embeddings.weight"), vec![*rows, h])).collect();
    if c.model_type == Family::Mpnet {
        shapes.push((RELATIVE_BIAS.to_owned(), vec![c.relative_attention_num_buckets, c.num_attention_heads]));
    }
    let [query, key, value, output, attention_norm] = layer_parts(c.model_type);
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..c.num_hidden_layers {
        let prefix = format!("encoder.layer.{layer}");
        for (part, inner, outer) in [
            (query, h, h),
            (key, h, h),
            (value, h, h),
            (output, h, h),
            ("intermediate.dense", h, i),
            ("output.dense", i, h),
        ] {
            shapes.push((format!("{prefix}.{part}.weight"), vec![outer, inner]));
            shapes.push((format!("{prefix}.{part}.bias"), vec![outer]));
        }
        norms.push(format!("{prefix}.{attention_norm}"));
        norms.push(format!("{prefix}.output.LayerNorm"));
    }
    for norm in norms {
        shapes.push((format!("{norm}.weight"), vec![h]));
        shapes.push((format!("{norm}.bias"), vec![h]));
    }
    shapes
}

/// Name and shape of every tensor of the heads, in the order in which they are drawn.
pub fn head_shapes(hidden: usize, config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let c = config.heads;
    let mut shapes = Vec::new();
    let mut linear = |name: &str, inner: usize, outer: usize| {
        shapes.push((format!("{name}.weight"), vec![outer, inner]));
        shapes.push((format!("{name}.bias"), vec![outer]));
    };
    linear("tagger", hidden, config.tags.len());
    linear("linker.content", 3 * hidden, c.link);
    linear("linker.candidate", 3 * hidden, c.link);
    for pointer in ["linker.source", "linker.cue"] {
        linear(&format!("{pointer}.bilinear"), c.link, c.link);
        linear(&format!("{pointer}.none"), c.link, 1);
    }
    shapes.push(("linker.source.distance".to_owned(), vec![DISTANCES, 1]));
    shapes.push(("linker.cue.distance".to_owned(), vec![DISTANCES, 1]));
    shapes.extend(stance_head::shapes(hidden, config.stances.len(), c));
    shapes
}

/// Matrices uniformly within ±√(6 / (in + out)) (Glorot and Bengio, AISTATS 2010), LayerNorm weights one, everything else zero.
///
/// # Errors
/// If the tensor can't be made.
pub fn tensor(name: &str, shape: &[usize], rng: &mut StdRng) -> candle_core::Result<Tensor> {
    let n = shape.iter().product();
    let bound = match shape {
        [outer, inner] if name.ends_with(".weight") => (6.0 / (outer + inner) as f32).sqrt(),
        _ => 0.0,
    };
    let fixed = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
    let data: Vec<f32> = (0..n).map(|_| if bound > 0.0 { rng.random_range(-bound..bound) } else { fixed }).collect();
    Tensor::from_vec(data, shape, &Device::Cpu)
}
