//! The fused operations' gradients against candle's plain operations, and the gradient of a whole training step.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{D, Device, Tensor, Var};
use demarche::encoder::ops;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn var(rng: &mut StdRng, shape: &[usize]) -> Var {
    let data: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Var::from_vec(data, shape, &Device::Cpu).expect("a variable")
}

/// Values and gradients of two ways to compute the same, weighted so that no gradient is uniform.
fn compare(vars: &[&Var], fused: &Tensor, plain: &Tensor) {
    let n = fused.elem_count();
    let weights: Vec<f32> = (0..n).map(|i| ((i * 37) % 19) as f32 / 7.0 - 1.0).collect();
    let weights = Tensor::from_vec(weights, fused.shape(), &Device::Cpu).expect("weights");
    let flat = |t: &Tensor| t.flatten_all().and_then(|t| t.to_vec1::<f32>()).expect("values");
    let close = |a: &Tensor, b: &Tensor, what: &str| {
        for (x, y) in flat(a).iter().zip(flat(b)) {
            assert!((x - y).abs() < 2e-4 * (1.0 + y.abs()), "{what}: {x} {y}");
        }
    };
    close(fused, plain, "value");
    let grads = |t: &Tensor| (t * &weights).and_then(|t| t.sum_all()).and_then(|t| t.backward()).expect("gradients");
    let (own, want) = (grads(fused), grads(plain));
    for var in vars {
        close(own.get(var).expect("a gradient"), want.get(var).expect("a gradient"), "gradient");
    }
}

#[test]
fn linear() {
    let mut rng = StdRng::seed_from_u64(1);
    let (x, w, b) = (var(&mut rng, &[5, 7]), var(&mut rng, &[3, 7]), var(&mut rng, &[3]));
    let fused = ops::linear(&x, &w, &b).expect("linear");
    let plain = x.matmul(&w.t().expect("transposed")).and_then(|y| y.broadcast_add(&b)).expect("linear");
    compare(&[&x, &w, &b], &fused, &plain);
}

#[test]
fn layer_norm() {
    let mut rng = StdRng::seed_from_u64(2);
    let (x, w, b) = (var(&mut rng, &[4, 33]), var(&mut rng, &[33]), var(&mut rng, &[33]));
    let fused = ops::layer_norm(&x, &w, &b, 1e-12).expect("normed");
    let mean = x.mean_keepdim(D::Minus1).expect("means");
    let centred = x.broadcast_sub(&mean).expect("centred");
    let variance = centred.sqr().and_then(|v| v.mean_keepdim(D::Minus1)).expect("variances");
    let normed = centred.broadcast_div(&variance.sqrt().expect("deviations")).expect("normed");
    let plain = normed.broadcast_mul(&w).and_then(|y| y.broadcast_add(&b)).expect("scaled");
    compare(&[&x, &w, &b], &fused, &plain);
}

#[test]
fn gelu() {
    let x = var(&mut StdRng::seed_from_u64(3), &[6, 11]);
    compare(&[&x], &ops::gelu(&x).expect("gelu"), &x.gelu_erf().expect("gelu"));
}

#[test]
fn span_mean() {
    let x = var(&mut StdRng::seed_from_u64(4), &[9, 5]);
    let fused = ops::span_mean(&x, vec![vec![0..2, 5..6], vec![8..9]]).expect("means");
    let part = |from, n| x.narrow(0, from, n).expect("rows");
    let first = Tensor::cat(&[part(0, 2), part(5, 1)], 0).and_then(|t| t.mean_keepdim(0)).expect("mean");
    compare(&[&x], &fused, &Tensor::cat(&[first, part(8, 1)], 0).expect("means"));
}

/// Attention with a bias, if any, for each head and distance up to 2, given as `[bucket][head]` of T5's eight buckets.
fn check_attention(bias: Option<[[f32; 2]; 8]>) {
    let mut rng = StdRng::seed_from_u64(5);
    let (heads, dim, offsets) = (2, 4, [0_usize, 3, 3, 8]);
    let [q, k, v] = [(); 3].map(|()| var(&mut rng, &[8, heads * dim]));
    let relative = bias.map(|table| Arc::new(ops::RelativeBias::new(table.concat(), 8, heads)));
    let how = ops::Attention { offsets: Arc::from(offsets), heads, bias: relative };
    let fused = ops::attention(&q, &k, &v, how).expect("attended");
    // Eight buckets: four for each side, of which the distances 0 and 1 have their own and 2 to 15 share the third.
    let bucket = |key: usize, query: usize| key.abs_diff(query).min(2) + if key > query { 4 } else { 0 };
    let mut rows = Vec::new();
    for pair in offsets.windows(2).filter(|pair| pair[0] < pair[1]) {
        let split = |t: &Var| {
            let t = t.narrow(0, pair[0], pair[1] - pair[0]).expect("rows");
            let n = t.dim(0).expect("rows");
            t.reshape((n, heads, dim)).and_then(|t| t.transpose(0, 1)).and_then(|t| t.contiguous()).expect("heads")
        };
        let (q, k, v) = (split(&q), split(&k), split(&v));
        let scores = q.matmul(&k.t().and_then(|k| k.contiguous()).expect("transposed")).expect("scores");
        let n = pair[1] - pair[0];
        let scores = (scores / (dim as f64).sqrt()).expect("scaled");
        let added: Vec<f32> = (0..heads * n * n)
            .map(|i| bias.map_or(0.0, |table| table[bucket(i % n, i / n % n)][i / (n * n)]))
            .collect();
        let added = Tensor::from_vec(added, (heads, n, n), &Device::Cpu).expect("biases");
        let scores = (scores + added).expect("scores");
        let attended = candle_nn::ops::softmax(&scores, D::Minus1).and_then(|p| p.matmul(&v)).expect("attended");
        rows.push(attended.transpose(0, 1).and_then(|t| t.contiguous()).and_then(|t| t.reshape((n, heads * dim))));
    }
    let rows: Vec<Tensor> = rows.into_iter().collect::<Result<_, _>>().expect("rows");
    compare(&[&q, &k, &v], &fused, &Tensor::cat(&rows, 0).expect("rows"));
}

#[test]
fn attention() {
    check_attention(None);
}

#[test]
fn attention_with_relative_positions() {
    check_attention(Some([
        [0.5, -1.0],
        [0.1, 0.2],
        [-0.7, 0.3],
        [9.0, 9.0],
        [9.0, 9.0],
        [0.4, 0.6],
        [1.1, -0.2],
        [9.0, 9.0],
    ]));
}

mod whole {
    use super::*;
    use demarche::corpus::parse;
    use demarche::country::Gazetteer;
    use demarche::encoder::{BertConfig, Dropout, HeadsConfig, Network, Tokenizer, Weights, init};
    use demarche::train::{Builder, Cut, LossWeights, Scales, fresh_config, loss};

    const PASSAGE: &str = "%% p-1 | wire | 2004-05-12\nPeru urged Chile to call back its boats. \"They must go,\" said Ana.\n%\n\
        indirect | Peru | urged | Chile to call back its boats\n  speaker: Peru = PER\n  CHL: urge\n\
        direct | Ana | said | \"They must go,\"\n  speaker: Ana = PER\n  CHL (They): urge\n";

    const CONFIG: &str = r#"{"vocab_size": 60, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": 66, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_act": "gelu"}"#;

    /// A word-piece tokenizer whose vocabulary is the words of the passage.
    fn tokenizer(folder: &std::path::Path) -> Tokenizer {
        let words = "[PAD] [UNK] [CLS] [SEP] peru urged chile to call back its boats . \" they must go , said ana";
        let vocab: serde_json::Map<_, _> =
            words.split(' ').enumerate().map(|(i, word)| (word.to_owned(), i.into())).collect();
        let json = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                           "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocab}
        });
        let path = folder.join("tokenizer.json");
        std::fs::write(&path, json.to_string()).expect("written");
        Tokenizer::read(&path).expect("a tokenizer")
    }

    #[test]
    fn every_variable_gets_a_finite_gradient() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokenizer = tokenizer(folder.path());
        let bert: BertConfig = serde_json::from_str(CONFIG).expect("a configuration");
        let cut = Cut { window: 64, context: 8 };
        let mut config = fresh_config("test", 1, cut);
        config.heads = HeadsConfig { link: 16, stance: 16, blocks: 2 };
        let mut rng = StdRng::seed_from_u64(6);
        // Distances, markers and biases begin at zero; a test of gradients needs them off it.
        let shapes = init::head_shapes(bert.hidden_size, &config).into_iter().chain(init::encoder_shapes(&bert));
        let vars: BTreeMap<String, Var> = shapes.map(|(name, shape)| (name, var(&mut rng, &shape))).collect();
        let weights = Weights::from_vars(&vars, &BTreeMap::new());
        let network = Network::load(&weights, &bert, &config).expect("a network");
        weights.finish().expect("every tensor is used");

        let (passages, problems) = parse(std::path::Path::new("p.txt"), PASSAGE);
        assert_eq!(problems, []);
        let mentions = Gazetteer::builtin().mentions(&passages[0].text, None);
        let builder = Builder { tokenizer: &tokenizer, cut };
        let example = builder.passage(&passages[0], &mentions).expect("an example");
        assert!(example.is_tagged() && !example.links.is_empty() && !example.stances.is_empty());
        let scales = Scales { tags: 1.0, links: 1.0, stances: 1.0 };
        let (total, _) = loss(&network, &tokenizer, &[&example], LossWeights::default(), scales, &Dropout::off())
            .expect("a loss")
            .expect("something to learn");
        let grads = total.backward().expect("gradients");
        for (name, var) in &vars {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let values = grad.flatten_all().and_then(|g| g.to_vec1::<f32>()).expect("values");
            assert!(values.iter().all(|g| g.is_finite()), "{name} has a gradient that is not finite");
            // The key bias moves every score of a query alike: softmax cancels it, up to rounding.
            let blind = [".key.bias", "own.key.bias"].iter().any(|end| name.ends_with(end));
            assert!(blind || values.iter().any(|g| *g != 0.0), "{name} has a gradient of zeros");
        }
    }
}
