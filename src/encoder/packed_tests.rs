//! The packed encoder against the differentiable one, and against itself.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::encoder::init::encoder_shapes;
use crate::encoder::{Bert, Dropout, quantise_rows};

fn config(hidden: usize, heads: usize, intermediate: usize) -> BertConfig {
    BertConfig {
        vocab_size: 90,
        hidden_size: hidden,
        num_hidden_layers: 2,
        num_attention_heads: heads,
        intermediate_size: intermediate,
        max_position_embeddings: 80,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_act: "gelu".into(),
        model_type: crate::encoder::Family::Bert,
        relative_attention_num_buckets: 0,
    }
}

/// Random weights of the sizes that trained ones have; matrices as their int8 roundings.
fn weights(c: &BertConfig) -> Weights {
    let mut rng = StdRng::seed_from_u64(7);
    let mut tensors = BTreeMap::new();
    for (name, shape) in encoder_shapes(c) {
        let (centre, spread) = match shape[..] {
            _ if name.ends_with("LayerNorm.weight") => (1.0, 0.3),
            [_, _] if name.starts_with("embeddings.") => (0.0, 0.1),
            [_, inner] => (0.0, 2.0 / (inner as f32).sqrt()),
            _ => (0.0, 0.2),
        };
        let n: usize = shape.iter().product();
        let mut data: Vec<f32> = (0..n).map(|_| centre + rng.random_range(-spread..spread)).collect();
        if let [_, cols] = shape[..] {
            let (rows, scales) = quantise_rows(&data, cols);
            data = rows.chunks(cols).zip(&scales).flat_map(|(r, s)| r.iter().map(move |q| f32::from(*q) * s)).collect();
        }
        tensors.insert(name, Tensor::from_vec(data, shape, &Device::Cpu).unwrap());
    }
    Weights::from_vars(&BTreeMap::new(), &tensors)
}

fn sequences(lengths: &[usize]) -> Vec<Vec<u32>> {
    let mut rng = StdRng::seed_from_u64(11);
    lengths.iter().map(|n| (0..*n).map(|_| rng.random_range(0..90)).collect()).collect()
}

fn pack(sequences: &[Vec<u32>]) -> Packed {
    Packed::new(sequences.iter().map(Vec::as_slice))
}

const LENGTHS: [usize; 11] = [5, 1, 33, 16, 80, 2, 31, 64, 0, 17, 48];

fn shapes() -> [BertConfig; 3] {
    // As MiniLM has it, narrower; with rows that fill no lane; with heads wider than two registers.
    [config(128, 4, 256), config(42, 3, 75), config(96, 2, 80)]
}

#[test]
fn states_agree_with_the_differentiable_encoder() {
    for config in shapes() {
        let weights = weights(&config);
        let batch = pack(&sequences(&LENGTHS));
        let bert = Bert::load(&weights, &config).unwrap();
        // An empty sequence is no batch for the other one.
        let full: Vec<usize> = LENGTHS.into_iter().filter(|n| *n > 0).collect();
        let want = bert.forward(&pack(&sequences(&full)), &Dropout::off()).unwrap();
        let want: Vec<f32> = want.flatten_all().unwrap().to_vec1().unwrap();
        let packed = PackedEncoder::new(&weights, &config).unwrap();
        let mut scratch = Scratch::default();
        let got = packed.encode(&batch, 1, &mut scratch).unwrap();
        assert_eq!(got.len(), want.len());
        // LayerNorm makes states of size 1. The activations' rounding to one in 254 of their row's range, through
        // twelve products, leaves an error of two per cent (root mean square); wrong arithmetic gives one near 1.
        let square: f32 = got.iter().zip(&want).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() / want.len() as f32;
        let largest = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);

        assert!(square.sqrt() < 0.02 && largest < 0.12, "{}: {} {largest}", config.hidden_size, square.sqrt());
        weights.finish().unwrap();
    }
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn threads_batches_and_instruction_sets_do_not_change_a_bit() {
    for config in shapes() {
        let weights = weights(&config);
        let sequences = sequences(&LENGTHS);
        let batch = pack(&sequences);
        let mut scratch = Scratch::default();
        let packed = PackedEncoder::new(&weights, &config).unwrap();
        let want = bits(packed.encode(&batch, 1, &mut scratch).unwrap());
        assert!(want.iter().all(|x| f32::from_bits(*x).is_finite()));
        for isa in Isa::available() {
            let packed = packed.clone().with_isa(isa);
            for threads in [1, 2, 7] {
                assert!(bits(packed.encode(&batch, threads, &mut scratch).unwrap()) == want, "{isa:?} {threads}");
            }
            let alone: Vec<u32> = sequences
                .iter()
                .flat_map(|s| bits(packed.encode(&Packed::new([s.as_slice()]), 2, &mut scratch).unwrap()))
                .collect();
            assert!(alone == want, "{isa:?}, each sequence alone");
        }
    }
}

#[test]
fn an_int8_file_and_the_weights_it_was_made_of_give_the_same_bits() {
    let config = config(64, 2, 128);
    let weights = weights(&config);
    let batch = pack(&sequences(&[20, 30]));
    let mut scratch = Scratch::default();
    let want = bits(PackedEncoder::new(&weights, &config).unwrap().encode(&batch, 1, &mut scratch).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    crate::encoder::write(&path, &weights.into_tensors().unwrap(), crate::encoder::Storage::Int8).unwrap();
    let read = Weights::read(&path).unwrap();
    let packed = PackedEncoder::new(&read, &config).unwrap();
    read.finish().unwrap();
    assert!(bits(packed.encode(&batch, 1, &mut scratch).unwrap()) == want);
}

#[test]
fn what_does_not_fit_the_tables_is_refused() {
    let config = config(32, 2, 32);
    let packed = PackedEncoder::new(&weights(&config), &config).unwrap();
    let mut scratch = Scratch::default();
    assert!(packed.encode(&Packed::new([[90u32].as_slice()]), 1, &mut scratch).is_err());
    assert!(packed.encode(&Packed::new([vec![1u32; 81].as_slice()]), 1, &mut scratch).is_err());
    let contradictory = Packed { ids: vec![1], positions: vec![0], offsets: vec![0, 2].into() };
    assert!(packed.encode(&contradictory, 1, &mut scratch).is_err());
    assert!(packed.encode(&Packed::new([]), 2, &mut scratch).unwrap().is_empty());
}
