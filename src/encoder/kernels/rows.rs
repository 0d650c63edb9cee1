//! Row kernels of the packed encoder: quantise, dequantise with what follows it, LayerNorm.
//!
//! Rows of f32 are padded with zeros to whole lanes of 16 and kept so. Each row's result depends on that row alone.

use super::isa::dispatch;
use super::lanes::Lanes;

/// Scale and shift of a LayerNorm, padded.
#[derive(Clone, Debug)]
pub struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
    eps: f32,
}

impl Norm {
    /// A LayerNorm over rows of `weight.len()` values.
    ///
    /// # Panics
    /// If weight and bias differ in length or are empty.
    pub fn new(weight: &[f32], bias: &[f32], eps: f32) -> Self {
        assert!(weight.len() == bias.len() && !weight.is_empty(), "misshapen LayerNorm");
        let width = weight.len().next_multiple_of(16);
        let pad = |x: &[f32]| x.iter().copied().chain(std::iter::repeat(0.0)).take(width).collect();
        Self { weight: pad(weight), bias: pad(bias), width: weight.len(), eps }
    }

    /// Elements of a padded row.
    pub fn stride(&self) -> usize {
        self.weight.len()
    }
}

/// What becomes of a dequantised sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// It is stored.
    Store,
    /// Its GELU, in the erf form, is stored.
    Gelu,
    /// It is added to what is there: a residual connection.
    Add,
}

/// Sums of a product and what they are multiplied with and added to.
#[derive(Clone, Copy, Debug)]
pub struct Sums<'a> {
    /// `[rows, width]`, `width` being that of `scales`.
    pub sums: &'a [i32],
    /// Scale of each row; its length is the number of rows.
    pub row_scales: &'a [f32],
    /// Scale of each column.
    pub scales: &'a [f32],
    /// Bias of each column.
    pub bias: &'a [f32],
}

/// Φ(x) up to 1.2e-7 (absolute) within ±5, and Φ(±5) beyond, as 1/2 + x · Q(x²): Q is the interpolation of degree 13
/// at Chebyshev nodes, in the variable 2x²/25 - 1, where its coefficients are small and nothing cancels. Unlike the
/// usual rational forms it needs neither a division nor an exponential. x · Φ(x) is off by 6e-7 at most within ±5.
#[inline(always)]
fn normal<L: Lanes>(x: L) -> L {
    const Q: [f32; 14] = [
        0.141_363_81,
        -0.070_296_87,
        0.051_517_93,
        -0.040_424_35,
        0.031_476_76,
        -0.023_428_572,
        0.016_236_09,
        -0.010_568_46,
        0.006_766_527_4,
        -0.003_758_024_4,
        0.001_374_596_2,
        -0.000_691_844_85,
        0.000_735_376_4,
        -0.000_303_041_9,
    ];
    let x = x.max(L::splat(-5.0)).min(L::splat(5.0));
    let u = x.mul(x).fma(L::splat(2.0 / 25.0), L::splat(-1.0));
    let q = Q.iter().rev().skip(1).fold(L::splat(Q[13]), |acc, c| acc.fma(u, L::splat(*c)));
    q.fma(x, L::splat(0.5))
}

#[inline(always)]
fn dequantise_body<L: Lanes>(t: Sums<'_>, epilogue: Epilogue, out: &mut [f32], stride: usize) {
    match epilogue {
        Epilogue::Store => dequantise_with::<L>(t, out, stride, |x, _| x),
        Epilogue::Gelu => dequantise_with::<L>(t, out, stride, |x, _| x.mul(normal(x))),
        Epilogue::Add => dequantise_with::<L>(t, out, stride, |x, there| x.add(there)),
    }
}

#[inline(always)]
fn dequantise_with<L: Lanes>(t: Sums<'_>, out: &mut [f32], stride: usize, f: impl Fn(L, L) -> L) {
    let (scales, bias) = (t.scales.as_chunks::<16>().0, t.bias.as_chunks::<16>().0);
    let rows = t.sums.chunks_exact(t.scales.len().max(1)).zip(out.chunks_mut(stride.max(1))).zip(t.row_scales);
    for ((sums, out), row_scale) in rows {
        let row_scale = L::splat(*row_scale);
        let out = out.as_chunks_mut::<16>().0.iter_mut();
        for (((out, sums), scale), bias) in out.zip(sums.as_chunks::<16>().0).zip(scales).zip(bias) {
            let scale = L::load(scale).mul(row_scale);
            f(L::from_i32(sums).fma(scale, L::load(bias)), L::load(out)).store(out);
        }
    }
}

dispatch! {
    /// `out[r, c] = f(sums[r, c] · row_scales[r] · scales[c] + bias[c])` with f as `epilogue` says; rows of `out` are
    /// `stride` apart, and `out` starts at the first row's first column.
    pub fn dequantise(t: Sums<'_>, epilogue: Epilogue, out: &mut [f32], stride: usize) = dequantise_body
}

/// One row to bytes and its scale: `x ≈ (byte - 128) · scale`, the largest magnitude becoming ±127.
#[inline(always)]
fn quantise_row<L: Lanes>(x: &[f32], out: &mut [u8]) -> f32 {
    let x = x.as_chunks::<16>().0;
    let largest = x.iter().fold(L::splat(0.0), |m, x| L::load(x).abs().max(m)).greatest();
    let inverse = L::splat(if largest > 0.0 { 127.0 / largest } else { 0.0 });
    for (out, x) in out.as_chunks_mut::<16>().0.iter_mut().zip(x) {
        // The bounds matter only if something is not finite.
        L::load(x).mul(inverse).max(L::splat(-127.0)).min(L::splat(127.0)).store_u8(out);
    }
    largest / 127.0
}

#[inline(always)]
fn quantise_body<L: Lanes>(x: &[f32], width: usize, out: &mut [u8], stride: usize, scales: &mut [f32]) {
    let rows = x.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(stride.max(1)));
    for ((x, out), scale) in rows.zip(scales) {
        *scale = quantise_row::<L>(x, out);
    }
}

dispatch! {
    /// Quantises rows of `width` values, a multiple of 16, to bytes (value + 128) in rows `stride` apart, with one
    /// scale for each. Bytes between width and stride stay: they meet weights of 0.
    pub fn quantise(x: &[f32], width: usize, out: &mut [u8], stride: usize, scales: &mut [f32]) = quantise_body
}

/// LayerNorm of one row, in place.
#[inline(always)]
fn norm_row<L: Lanes>(x: &mut [f32], norm: &Norm) {
    let n = norm.width as f32;
    let total = x.as_chunks::<16>().0.iter().fold(L::splat(0.0), |sum, x| sum.add(L::load(x))).sum();
    let mean = L::splat(total / n);
    let (whole, tail) = x.split_at(norm.width / 16 * 16);
    let mut squares = L::splat(0.0);
    for x in whole.as_chunks::<16>().0 {
        let d = L::load(x).sub(mean);
        squares = d.fma(d, squares);
    }
    for x in tail.as_chunks::<16>().0 {
        let inside: [f32; 16] = std::array::from_fn(|i| if i < norm.width % 16 { 1.0 } else { 0.0 });
        let d = L::load(x).sub(mean).mul(L::load(&inside));
        squares = d.fma(d, squares);
    }
    let scale = L::splat(1.0 / (squares.sum() / n + norm.eps).sqrt());
    let parameters = norm.weight.as_chunks::<16>().0.iter().zip(norm.bias.as_chunks::<16>().0);
    for (x, (weight, bias)) in x.as_chunks_mut::<16>().0.iter_mut().zip(parameters) {
        L::load(x).sub(mean).mul(scale).fma(L::load(weight), L::load(bias)).store(x);
    }
}

#[inline(always)]
fn norm_body<L: Lanes>(x: &mut [f32], norm: &Norm, out: &mut [u8], stride: usize, scales: &mut [f32]) {
    let rows = x.chunks_exact_mut(norm.stride()).zip(out.chunks_exact_mut(stride.max(1)));
    for ((x, out), scale) in rows.zip(scales) {
        norm_row::<L>(x, norm);
        *scale = quantise_row::<L>(x, out);
    }
}

dispatch! {
    /// LayerNorm of each row in place, and the rows quantised as by [`quantise`].
    pub fn norm_and_quantise(x: &mut [f32], norm: &Norm, out: &mut [u8], stride: usize, scales: &mut [f32]) = norm_body
}

/// Embedding tables: int8 words with a scale for each, f32 positions; rows padded to whole lanes.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// `[words, stride]`.
    pub words: Vec<i8>,
    /// `[words]`.
    pub scales: Vec<f32>,
    /// Position plus segment type 0, `[positions, stride]`.
    pub positions: Vec<f32>,
    /// The LayerNorm over their sum.
    pub norm: Norm,
}

#[inline(always)]
fn embed_body<L: Lanes>(
    table: &Embeddings,
    ids: &[u32],
    positions: &[u32],
    x: &mut [f32],
    out: &mut [u8],
    stride: usize,
    scales: &mut [f32],
) {
    let width = table.norm.stride();
    let rows = x.chunks_exact_mut(width).zip(out.chunks_exact_mut(stride.max(1))).zip(scales);
    for (((x, out), row_scale), (id, position)) in rows.zip(ids.iter().zip(positions)) {
        let (id, position) = (*id as usize, *position as usize);
        let word = table.words[id * width..][..width].as_chunks::<16>().0;
        let position = table.positions[position * width..][..width].as_chunks::<16>().0;
        let scale = L::splat(table.scales[id]);
        for ((x, word), position) in x.as_chunks_mut::<16>().0.iter_mut().zip(word).zip(position) {
            L::from_i8(word).fma(scale, L::load(position)).store(x);
        }
        norm_row::<L>(x, &table.norm);
        *row_scale = quantise_row::<L>(x, out);
    }
}

dispatch! {
    /// The embeddings of tokens: word + position, LayerNorm, into `x`, and quantised as by [`quantise`].
    ///
    /// # Panics
    /// If an id or a position is not in its table.
    pub fn embed(
        table: &Embeddings, ids: &[u32], positions: &[u32],
        x: &mut [f32], out: &mut [u8], stride: usize, scales: &mut [f32],
    ) = embed_body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lanes::Portable;
    use super::super::{Isa, padded};
    use super::*;

    fn random(seed: u32, n: usize, size: f32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * size
        };
        (0..n).map(|_| next()).collect()
    }

    /// Rows of `width` padded with zeros.
    fn pad(x: &[f32], width: usize) -> Vec<f32> {
        let to = padded(width, 16);
        x.chunks(width).flat_map(|r| r.iter().copied().chain(std::iter::repeat(0.0)).take(to)).collect()
    }

    /// Φ by its Taylor series in f64.
    fn slow_cdf(x: f64) -> f64 {
        let (mut term, mut total) = (x, x);
        for k in 1..200 {
            term *= -x * x / 2.0 / f64::from(k);
            total += term / f64::from(2 * k + 1);
        }
        0.5 + total / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn the_normal_distribution_keeps_its_error_bound() {
        for i in -5120..=5120 {
            let x = i as f32 / 1024.0;
            let mut got = [0.0; 16];
            normal(Portable::splat(x)).store(&mut got);
            assert!((f64::from(got[0]) - slow_cdf(f64::from(x))).abs() < 1.3e-7, "{x}");
        }
        let mut got = [0.0; 16];
        normal(Portable::splat(-40.0)).store(&mut got);
        assert!(got[0].abs() < 5e-7);
    }

    /// Runs `f` for every instruction set and checks that it always gives the same bits.
    fn same_everywhere<T: PartialEq + std::fmt::Debug>(f: impl Fn(Isa) -> T) -> T {
        let first = f(Isa::available()[0]);
        for isa in Isa::available() {
            assert!(f(isa) == first, "{} differs", isa.name());
        }
        first
    }

    fn bits(x: &[f32]) -> Vec<u32> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn dequantising_agrees_with_the_slow_twin(rows in 1usize..5, lanes in 1usize..6, seed in any::<u32>()) {
            let width = 16 * lanes;
            let stride = width + 5;
            let sums: Vec<i32> = random(seed, rows * width, 3e6).iter().map(|x| *x as i32).collect();
            let (row_scales, scales) = (random(seed ^ 1, rows, 1e-3), random(seed ^ 2, width, 1e-3));
            let (bias, there) = (random(seed ^ 3, width, 1.0), random(seed ^ 4, rows * stride, 1.0));
            for epilogue in [Epilogue::Store, Epilogue::Gelu, Epilogue::Add] {
                let got = same_everywhere(|isa| {
                    let mut out = there.clone();
                    let t = Sums { sums: &sums, row_scales: &row_scales, scales: &scales, bias: &bias };
                    dequantise(isa, t, epilogue, &mut out, stride);
                    bits(&out)
                });
                for (i, got) in got.iter().enumerate() {
                    let (r, c, there) = (i / stride, i % stride, f64::from(there[i]));
                    let want = if c < width {
                        let scale = f64::from(row_scales[r]) * f64::from(scales[c]);
                        let x = f64::from(sums[r * width + c]) * scale + f64::from(bias[c]);
                        match epilogue {
                            Epilogue::Store => x,
                            Epilogue::Gelu => x * slow_cdf(x),
                            Epilogue::Add => x + there,
                        }
                    } else {
                        there
                    };
                    prop_assert!((f64::from(f32::from_bits(*got)) - want).abs() < 3e-6, "{epilogue:?} {r} {c}");
                }
            }
        }

        #[test]
        fn quantising_rounds_to_half_a_step(rows in 1usize..5, width in 1usize..100, seed in any::<u32>()) {
            let x = pad(&random(seed, rows * width, 5.0), width);
            let (width, stride) = (padded(width, 16), padded(width, 64));
            let (bytes, scales) = same_everywhere(|isa| {
                let (mut bytes, mut scales) = (vec![128; rows * stride], vec![0.0; rows]);
                quantise(isa, &x, width, &mut bytes, stride, &mut scales);
                (bytes, bits(&scales))
            });
            for (r, x) in x.chunks(width).enumerate() {
                let scale = f32::from_bits(scales[r]);
                let largest = x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
                prop_assert!((scale - largest / 127.0).abs() <= 1e-7);
                for (byte, x) in bytes[r * stride..].iter().zip(x) {
                    prop_assert!(((f32::from(*byte) - 128.0) * scale - x).abs() <= 0.5001 * scale);
                }
            }
        }

        #[test]
        fn embedding_and_norm_agree_with_the_slow_twin(rows in 1usize..5, width in 1usize..100, seed in any::<u32>()) {
            let (weight, bias) = (random(seed, width, 1.0), random(seed ^ 1, width, 1.0));
            let stride = padded(width, 16);
            let mut table = Embeddings {
                words: random(seed ^ 2, 7 * stride, 127.0).iter().map(|x| *x as i8).collect(),
                scales: random(seed ^ 3, 7, 0.01),
                positions: pad(&random(seed ^ 4, 9 * width, 1.0), width),
                norm: Norm::new(&weight, &bias, 1e-3),
            };
            table.words.chunks_mut(stride).for_each(|w| w[width..].fill(0));
            let ids: Vec<u32> = (0..rows as u32).map(|i| (i * 3 + seed % 7) % 7).collect();
            let positions: Vec<u32> = (0..rows as u32).map(|i| (i * 5 + seed % 5) % 9).collect();
            let got = same_everywhere(|isa| {
                let (mut x, mut bytes, mut scales) = (vec![9.0; rows * stride], vec![0; rows * 128], vec![0.0; rows]);
                embed(isa, &table, &ids, &positions, &mut x, &mut bytes, 128, &mut scales);
                (bits(&x), bytes, bits(&scales))
            });
            for (r, got) in got.0.chunks(stride).enumerate() {
                let (id, position) = (ids[r] as usize, positions[r] as usize);
                let sum = |c: usize| {
                    f64::from(table.words[id * stride + c]) * f64::from(table.scales[id])
                        + f64::from(table.positions[position * stride + c])
                };
                let mean = (0..width).map(sum).sum::<f64>() / width as f64;
                let variance = (0..width).map(|c| (sum(c) - mean).powi(2)).sum::<f64>() / width as f64;
                for (c, got) in got.iter().enumerate() {
                    let want = if c < width {
                        (sum(c) - mean) / (variance + 1e-3).sqrt() * f64::from(weight[c]) + f64::from(bias[c])
                    } else {
                        0.0
                    };
                    prop_assert!((f64::from(f32::from_bits(*got)) - want).abs() < 2e-5, "{r} {c}");
                }
            }
            let again = same_everywhere(|isa| {
                let mut x: Vec<f32> = got.0.iter().map(|b| f32::from_bits(*b)).collect();
                let (mut bytes, mut scales) = (vec![0; rows * 128], vec![0.0; rows]);
                quantise(isa, &x, stride, &mut bytes, 128, &mut scales);
                norm_and_quantise(isa, &mut x, &table.norm, &mut vec![0; rows * 128], 128, &mut vec![0.0; rows]);
                (bytes, bits(&scales), x.iter().all(|x| x.is_finite()))
            });
            prop_assert_eq!((again.0, again.1, again.2), (got.1, got.2, true));
        }
    }
}
