//! The own encoder against candle-transformers' `BertModel`, on the same random weights.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use demarche::encoder::{Bert, BertConfig, Dropout, Packed, Weights, init};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const CONFIG: &str = r#"{"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 96, "max_position_embeddings": 40, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "initializer_range": 0.02, "pad_token_id": 0,
    "attention_probs_dropout_prob": 0.1, "position_embedding_type": "absolute", "use_cache": true,
    "model_type": "bert"}"#;

/// Every tensor of a checkpoint of this shape, by name.
fn tensors(c: &BertConfig) -> BTreeMap<String, Tensor> {
    let mut rng = StdRng::seed_from_u64(4);
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let near = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
        let data: Vec<f32> = (0..shape.iter().product()).map(|_| near + rng.random_range(-0.3..0.3)).collect();
        (name, Tensor::from_vec(data, shape, &Device::Cpu).expect("a tensor"))
    };
    init::encoder_shapes(c).into_iter().map(tensor).collect()
}

#[test]
fn hidden_states_are_those_of_the_stock_model() {
    let config: BertConfig = serde_json::from_str(CONFIG).expect("a configuration");
    let stock_config: Config = serde_json::from_str(CONFIG).expect("a configuration");
    let tensors = tensors(&config);
    let named: HashMap<String, Tensor> = tensors.clone().into_iter().collect();
    let stock =
        BertModel::load(VarBuilder::from_tensors(named, DType::F32, &Device::Cpu), &stock_config).expect("loaded");
    let weights = Weights::from_vars(&BTreeMap::new(), &tensors);
    let own = Bert::load(&weights, &config).expect("loaded");
    weights.finish().expect("every tensor is used");

    let sequences: Vec<Vec<u32>> =
        [1_u32, 7, 23, 38].iter().map(|n| (0..*n).map(|i| (i * 31 + n) % 97).collect()).collect();
    let packed = Packed::new(sequences.iter().map(Vec::as_slice));
    let hidden = own.forward(&packed, &Dropout::off()).expect("encoded").to_vec2::<f32>().expect("rows");
    for (n, sequence) in sequences.iter().enumerate() {
        let ids = Tensor::new(sequence.as_slice(), &Device::Cpu).expect("ids").unsqueeze(0).expect("a batch");
        let types = ids.zeros_like().expect("types");
        let want = stock.forward(&ids, &types, None).expect("encoded").squeeze(0).expect("one");
        let rows = &hidden[packed.offsets[n]..packed.offsets[n + 1]];
        for (own, want) in rows.iter().flatten().zip(want.to_vec2::<f32>().expect("rows").iter().flatten()) {
            assert!((own - want).abs() < 1e-4, "{own} {want}");
        }
    }
}

#[test]
fn a_sequence_does_not_depend_on_its_neighbours() {
    let config: BertConfig = serde_json::from_str(CONFIG).expect("a configuration");
    let weights = Weights::from_vars(&BTreeMap::new(), &tensors(&config));
    let own = Bert::load(&weights, &config).expect("loaded");
    let (one, other): (Vec<u32>, Vec<u32>) = ((0..17).collect(), (30..38).collect());
    let alone = own.forward(&Packed::new([one.as_slice()]), &Dropout::off()).expect("encoded");
    let both = own.forward(&Packed::new([other.as_slice(), one.as_slice()]), &Dropout::off()).expect("encoded");
    let rows = |t: Tensor| t.to_vec2::<f32>().expect("rows");
    assert_eq!(rows(alone), rows(both)[8..]);
}

/// `tests/fixtures/mpnet.py` wrote the weights and what the reference implementation makes of them.
#[test]
fn mpnet_is_that_of_its_reference() {
    let config: BertConfig = serde_json::from_str(
        r#"{"model_type": "mpnet", "vocab_size": 40, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3,
            "intermediate_size": 20, "max_position_embeddings": 180, "relative_attention_num_buckets": 32,
            "layer_norm_eps": 1e-5, "hidden_act": "gelu"}"#,
    )
    .expect("a configuration");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mpnet.safetensors");
    let mut tensors = Weights::read(&path).expect("read").into_tensors().expect("tensors");
    let expected = tensors.remove("expected.hidden").expect("expected").to_vec2::<f32>().expect("rows");
    let weights = Weights::from_vars(&BTreeMap::new(), &tensors);
    let own = Bert::load(&weights, &config).expect("loaded");
    weights.finish().expect("every tensor is used");
    let ids: Vec<u32> = (0..160).map(|i| i * 7 % 37 + 3).collect();
    let hidden = own.forward(&Packed::new([ids.as_slice()]), &Dropout::off()).expect("encoded");
    let hidden = hidden.to_vec2::<f32>().expect("rows");
    for (row, expected) in [0, 1, 80, 158, 159].into_iter().zip(expected) {
        for (own, want) in hidden[row].iter().zip(expected) {
            assert!((own - want).abs() < 1e-4, "{row}: {own} {want}");
        }
    }
}
