//! Tokens a second of the encoder on random weights of MiniLM's shape: candle-transformers' `BertModel` on padded
//! batches, the differentiable `Bert`, and the packed int8 encoder.
//!
//! `cargo bench --bench encoder`; candle and rayon take as many threads as `RAYON_NUM_THREADS` says, else all.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::Duration;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use demarche::encoder::init::encoder_shapes;
use demarche::encoder::kernels::Isa;
use demarche::encoder::{Bert, BertConfig, Dropout, Packed, PackedEncoder, Scratch, Weights};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Sequences of a padded batch.
const BATCH: usize = 32;

fn config() -> BertConfig {
    serde_json::from_value(serde_json::json!({
        "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
        "intermediate_size": 1536, "max_position_embeddings": 512, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu",
    }))
    .unwrap()
}

fn tensors(c: &BertConfig) -> BTreeMap<String, Tensor> {
    let mut rng = StdRng::seed_from_u64(1);
    encoder_shapes(c)
        .into_iter()
        .map(|(name, shape)| {
            let centre = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
            let data: Vec<f32> =
                (0..shape.iter().product()).map(|_| centre + rng.random_range(-0.08f32..0.08)).collect();
            (name, Tensor::from_vec(data, shape, &Device::Cpu).unwrap())
        })
        .collect()
}

/// 256 sentences with lengths as in news, 30 word pieces on average, most from 8 to 60; and 16 windows of 256.
fn texts() -> [(&'static str, Vec<Vec<u32>>); 2] {
    let mut rng = StdRng::seed_from_u64(2);
    let mut sentences: Vec<Vec<u32>> = (0..256)
        .map(|_| {
            let spread: f32 = (0..4).map(|_| rng.random_range(-1.0f32..1.0)).sum();
            let n = (3.3 + 0.42 * spread).exp().round().clamp(4.0, 120.0) as usize;
            (0..n).map(|_| rng.random_range(1000..30000)).collect()
        })
        .collect();
    sentences.shuffle(&mut rng);
    let windows = (0..16).map(|_| (0..256).map(|_| rng.random_range(1000..30000)).collect()).collect();
    [("sentences", sentences), ("windows", windows)]
}

/// Batches of 32 sequences sorted by length: ids, segment types, mask.
fn padded(texts: &[Vec<u32>]) -> Vec<(Tensor, Tensor, Tensor)> {
    let mut sorted: Vec<&Vec<u32>> = texts.iter().collect();
    sorted.sort_by_key(|t| t.len());
    sorted
        .chunks(BATCH)
        .map(|batch| {
            let longest = batch.iter().map(|t| t.len()).max().unwrap();
            let fill = |f: &dyn Fn(&Vec<u32>, usize) -> u32| {
                let data: Vec<u32> =
                    batch.iter().flat_map(|t| (0..longest).map(|i| f(t, i)).collect::<Vec<_>>()).collect();
                Tensor::from_vec(data, (batch.len(), longest), &Device::Cpu).unwrap()
            };
            (fill(&|t, i| t.get(i).copied().unwrap_or(0)), fill(&|_, _| 0), fill(&|t, i| u32::from(i < t.len())))
        })
        .collect()
}

fn encoders(c: &mut Criterion) {
    let config = config();
    let tensors = tensors(&config);
    let weights = Weights::from_vars(&BTreeMap::new(), &tensors);
    let own = Bert::load(&weights, &config).unwrap();
    let packed = PackedEncoder::new(&weights, &config).unwrap();
    let stock = {
        let map: HashMap<String, Tensor> = tensors.into_iter().collect();
        let builder = VarBuilder::from_tensors(map, DType::F32, &Device::Cpu);
        let config: bert::Config = serde_json::from_value(serde_json::json!({
            "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
            "intermediate_size": 1536, "hidden_act": "gelu", "hidden_dropout_prob": 0.0,
            "max_position_embeddings": 512, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
            "pad_token_id": 0, "position_embedding_type": "absolute", "use_cache": false,
            "classifier_dropout": null, "model_type": "bert",
        }))
        .unwrap();
        bert::BertModel::load(builder, &config).unwrap()
    };
    for (name, texts) in texts() {
        let tokens: usize = texts.iter().map(Vec::len).sum();
        eprintln!("{name}: {} sequences, {tokens} tokens", texts.len());
        let mut group = c.benchmark_group(name);
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Elements(tokens as u64));
        let batches = padded(&texts);
        group.bench_function("candle", |b| {
            b.iter(|| {
                for (ids, types, mask) in &batches {
                    black_box(stock.forward(ids, types, Some(mask)).unwrap());
                }
            });
        });
        let batch = Packed::new(texts.iter().map(Vec::as_slice));
        group.bench_function("f32", |b| b.iter(|| black_box(own.forward(&batch, &Dropout::off()).unwrap())));
        let mut scratch = Scratch::default();
        for isa in Isa::available() {
            let packed = packed.clone().with_isa(isa);
            for threads in [1, 2] {
                group.bench_function(BenchmarkId::new(format!("packed-{}", isa.name()), threads), |b| {
                    b.iter(|| {
                        black_box(packed.encode(&batch, threads, &mut scratch).unwrap());
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, encoders);
criterion_main!(benches);
