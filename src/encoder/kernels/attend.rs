//! Self-attention of one head over one sequence, in f32.

use super::isa::dispatch;
use super::lanes::Lanes;

/// Queries, keys and values of one head: rows `[query | key | value]`, each padded with zeros to `width` elements.
#[derive(Clone, Copy, Debug)]
pub struct HeadRows<'a> {
    /// `[tokens, 3 · width]`.
    pub rows: &'a [f32],
    /// A multiple of 16.
    pub width: usize,
    /// Dimensions of the head, at most `width`.
    pub dims: usize,
}

impl HeadRows<'_> {
    /// f32 elements of scratch that [`attend`] needs for `tokens` tokens.
    pub fn scratch(width: usize, tokens: usize) -> usize {
        tokens.next_multiple_of(16) * (width + MAX_ROWS)
    }
}

/// Most queries worked on at once.
const MAX_ROWS: usize = 8;

/// 2^x for x in [-126, 0], relative error below 4e-7; clamped below. Degree 5 around the nearest integer.
#[inline(always)]
fn exp2<L: Lanes>(x: L) -> L {
    let round = L::splat(12_582_912.0); // 1.5 · 2^23: adding it leaves the nearest integer in the low mantissa bits
    let x = x.max(L::splat(-126.0));
    let n = x.add(round);
    let r = x.sub(n.sub(round));
    let p = [0.009_676_037, 0.055_503_27, 0.240_221_07, std::f32::consts::LN_2, 1.000_000_1];
    p.iter().fold(L::splat(0.001_340_043_3), |acc, c| acc.fma(r, L::splat(*c))).scale_by_power(n)
}

/// The scores of `N` queries with keys `at..at + 16 · V`; `keys` is `[dims, stride]`, `out` `[N, stride]`.
#[allow(unsafe_code)]
#[inline(always)]
fn scores<L: Lanes, const N: usize, const V: usize>(
    h: HeadRows<'_>,
    first: usize,
    keys: &[f32],
    stride: usize,
    at: usize,
    out: &mut [f32],
) {
    let step = 3 * h.width;
    assert!((first + N) * step <= h.rows.len() && h.dims <= h.width);
    assert!(h.dims * stride <= keys.len() && at + 16 * V <= stride);
    let mut acc = [[L::splat(0.0); V]; N];
    for d in 0..h.dims {
        let keys: [L; V] = std::array::from_fn(|v| {
            // SAFETY: d < dims and at + 16 · V ≤ stride, so all is inside the `dims · stride` keys asserted.
            L::load(unsafe { &*keys.as_ptr().add(d * stride + at + 16 * v).cast() })
        });
        for (n, acc) in acc.iter_mut().enumerate() {
            // SAFETY: n < N and d < dims ≤ step, so this is inside the `first + N` rows asserted.
            let query = L::splat(unsafe { *h.rows.as_ptr().add((first + n) * step + d) });
            for (acc, keys) in acc.iter_mut().zip(keys) {
                *acc = query.fma(keys, *acc);
            }
        }
    }
    for (acc, out) in acc.iter().zip(out.chunks_exact_mut(stride)) {
        for (acc, out) in acc.iter().zip(out[at..].as_chunks_mut::<16>().0) {
            acc.store(out);
        }
    }
}

/// The values weighted with the scores of `N` queries, for dimensions `at..at + 16 · V`; `weights` is `[N, stride]`,
/// and the rows of `out` are `out_stride` apart.
#[allow(unsafe_code)]
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn weigh<L: Lanes, const N: usize, const V: usize>(
    h: HeadRows<'_>,
    weights: &[f32],
    stride: usize,
    at: usize,
    scales: &[f32; N],
    out: &mut [f32],
    out_stride: usize,
) {
    let step = 3 * h.width;
    let tokens = h.rows.len() / step;
    assert!(N * stride <= weights.len() && tokens <= stride && at + 16 * V <= h.width);
    let mut acc = [[L::splat(0.0); V]; N];
    for j in 0..tokens {
        let values: [L; V] = std::array::from_fn(|v| {
            // SAFETY: j < tokens and at + 16 · V ≤ width: inside the last third of row j.
            L::load(unsafe { &*h.rows.as_ptr().add(j * step + 2 * h.width + at + 16 * v).cast() })
        });
        for (n, acc) in acc.iter_mut().enumerate() {
            // SAFETY: n < N and j < tokens ≤ stride: inside the `N · stride` weights asserted.
            let weight = L::splat(unsafe { *weights.as_ptr().add(n * stride + j) });
            for (acc, values) in acc.iter_mut().zip(values) {
                *acc = weight.fma(values, *acc);
            }
        }
    }
    for ((acc, scale), out) in acc.iter().zip(scales).zip(out.chunks_mut(out_stride)) {
        let out = &mut out[at..h.dims.min(at + 16 * V)];
        for (acc, out) in acc.iter().zip(out.chunks_mut(16)) {
            let x = acc.mul(L::splat(*scale));
            match <&mut [f32; 16]>::try_from(&mut *out) {
                Ok(out) => x.store(out),
                Err(_) => {
                    let mut whole = [0.0; 16];
                    x.store(&mut whole);
                    out.copy_from_slice(&whole[..out.len()]);
                }
            }
        }
    }
}

/// e^(scale · (x - max)) over the first `tokens` of a row, 0 after them; gives one over their sum.
#[inline(always)]
fn exponentials<L: Lanes>(row: &mut [f32], tokens: usize, scale: f32) -> f32 {
    let tail = tokens - (row.len() - 16);
    let Some((last, whole)) = row.as_chunks_mut::<16>().0.split_last_mut() else { return 0.0 };
    let last_scores = L::load(last).first(tail, L::splat(f32::MIN));
    let max = L::splat(whole.iter().fold(last_scores, |m, x| L::load(x).max(m)).greatest());
    // e^(scale · x) = 2^(scale · log2(e) · x)
    let factor = L::splat(scale * std::f32::consts::LOG2_E);
    let mut sum = L::splat(0.0);
    for x in whole {
        let e = exp2(L::load(x).sub(max).mul(factor));
        sum = sum.add(e);
        e.store(x);
    }
    let e = exp2(last_scores.sub(max).mul(factor)).first(tail, L::splat(0.0));
    e.store(last);
    1.0 / sum.add(e).sum()
}

/// The keys as `[dims, stride]`, 0 after the last: sixteen tokens at a time, so that their rows stay in level 1.
#[inline(always)]
fn transpose(h: HeadRows<'_>, keys: &mut [f32], stride: usize) {
    for (block, rows) in h.rows.chunks(16 * 3 * h.width).enumerate() {
        for (d, keys) in keys.chunks_exact_mut(stride).enumerate() {
            let keys = &mut keys[block * 16..][..16];
            if rows.len() == 16 * 3 * h.width {
                for (i, key) in keys.iter_mut().enumerate() {
                    *key = rows[i * 3 * h.width + h.width + d];
                }
            } else {
                keys.fill(0.0);
                for (key, row) in keys.iter_mut().zip(rows[h.width + d..].iter().step_by(3 * h.width)) {
                    *key = *row;
                }
            }
        }
    }
}

/// `N` queries at a time, `N` at most the number of tokens. The last tile goes back so far that it is whole: what it
/// computes a second time comes out the same.
#[inline(always)]
fn tiles<L: Lanes, const N: usize>(h: HeadRows<'_>, scale: f32, scratch: &mut [f32], out: &mut [f32], stride: usize) {
    let tokens = h.rows.len() / (3 * h.width);
    let padded = tokens.next_multiple_of(16);
    let (keys, rest) = scratch.split_at_mut(padded * h.width);
    let keys = &mut keys[..padded * h.dims];
    let weights = &mut rest[..padded * N];
    transpose(h, keys, padded);
    for first in (0..tokens).step_by(N) {
        let first = first.min(tokens - N);
        let mut at = 0;
        while at + 32 <= padded {
            scores::<L, N, 2>(h, first, keys, padded, at, weights);
            at += 32;
        }
        if at < padded {
            scores::<L, N, 1>(h, first, keys, padded, at, weights);
        }
        let mut scales = [0.0; N];
        for (row, s) in weights.chunks_exact_mut(padded).zip(&mut scales) {
            *s = exponentials::<L>(row, tokens, scale);
        }
        let out = &mut out[first * stride..];
        for at in (0..h.dims).step_by(32) {
            if at + 16 < h.dims {
                weigh::<L, N, 2>(h, weights, padded, at, &scales, out, stride);
            } else {
                weigh::<L, N, 1>(h, weights, padded, at, &scales, out, stride);
            }
        }
    }
}

#[inline(always)]
fn attend_body<L: Lanes>(h: HeadRows<'_>, scale: f32, scratch: &mut [f32], out: &mut [f32], stride: usize) {
    if h.width == 0 || h.dims == 0 {
        return;
    }
    match (h.rows.len() / (3 * h.width), L::ROWS) {
        (0, _) => {}
        (1, _) => tiles::<L, 1>(h, scale, scratch, out, stride),
        (n, rows) if n < MAX_ROWS || rows < MAX_ROWS => tiles::<L, 2>(h, scale, scratch, out, stride),
        _ => tiles::<L, MAX_ROWS>(h, scale, scratch, out, stride),
    }
}

dispatch! {
    /// `softmax(scale · q · kᵀ) · v` for all tokens of a sequence, into `dims` columns of rows `stride` apart.
    ///
    /// # Panics
    /// If `scratch` is shorter than [`HeadRows::scratch`] or `out` is too short.
    pub fn attend(h: HeadRows<'_>, scale: f32, scratch: &mut [f32], out: &mut [f32], stride: usize) = attend_body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Isa;
    use super::super::lanes::Portable;
    use super::*;

    #[test]
    fn powers_of_two_keep_their_error_bound() {
        for i in 0..=126 * 64 {
            let x = -(i as f32) / 64.0;
            let mut got = [0.0; 16];
            exp2(Portable::splat(x)).store(&mut got);
            assert!((f64::from(got[0]) / f64::from(x).exp2() - 1.0).abs() < 4e-7, "{x}");
        }
    }

    fn slow(h: HeadRows<'_>, scale: f32) -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> =
            h.rows.chunks(3 * h.width).map(|r| r.iter().map(|x| f64::from(*x)).collect()).collect();
        rows.iter()
            .map(|q| {
                let score = |r: &Vec<f64>| (0..h.dims).map(|d| q[d] * r[h.width + d]).sum::<f64>() * f64::from(scale);
                let scores: Vec<f64> = rows.iter().map(score).collect();
                let max = scores.iter().copied().fold(f64::MIN, f64::max);
                let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
                let total: f64 = weights.iter().sum();
                let value = |d| weights.iter().zip(&rows).map(|(w, r)| w * r[2 * h.width + d]).sum::<f64>() / total;
                (0..h.dims).map(value).collect()
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn attention_agrees_with_the_slow_twin_and_over_instruction_sets(
            tokens in 0usize..80, dims in 1usize..70, size in 0.1f32..6.0, seed in any::<u32>(),
        ) {
            let width = dims.next_multiple_of(16);
            let mut state = seed;
            let rows: Vec<f32> = (0..tokens * 3 * width)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let x = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
                    if i % width < dims { x * size } else { 0.0 }
                })
                .collect();
            let h = HeadRows { rows: &rows, width, dims };
            let (scale, stride) = (1.0 / (dims as f32).sqrt(), dims + 3);
            let want = slow(h, scale);
            let mut first: Option<Vec<u32>> = None;
            for isa in Isa::available() {
                let mut scratch = vec![f32::NAN; HeadRows::scratch(width, tokens)];
                let mut out = vec![7.0; tokens * stride];
                attend(isa, h, scale, &mut scratch, &mut out, stride);
                for (got, want) in out.chunks(stride).zip(&want) {
                    for (got, want) in got.iter().zip(want) {
                        let error = (f64::from(*got) - want).abs();
                        prop_assert!(error < 2e-5 * f64::from(size), "{} {got} {want}", isa.name());
                    }
                    prop_assert_eq!(&got[dims..], &[7.0; 3]);
                }
                let bits: Vec<u32> = out.iter().map(|x| x.to_bits()).collect();
                prop_assert!(first.get_or_insert_with(|| bits.clone()) == &bits, "{}", isa.name());
            }
        }
    }
}
