//! Multi-head self-attention over a packed sequence.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::{slice, with_slice};
use crate::encoder::kernels::{View, matmul, softmax_rows, softmax_rows_backward};

/// How the tokens of a packed batch attend to each other.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Cumulative lengths: sequence `i` holds the rows `offsets[i]..offsets[i + 1]`.
    pub offsets: Arc<[usize]>,
    /// Attention heads.
    pub heads: usize,
    /// What is added to the scaled scores; it gets no gradient.
    pub bias: Option<Arc<RelativeBias>>,
}

/// A bias for each head and signed distance of two tokens, as of T5 and MPNet: distances up to a quarter of the buckets have
/// their own, longer ones share buckets that grow with the logarithm up to a distance of 128 (`relative_position_bucket` of
/// Raffel et al., JMLR 2020).
#[derive(Clone, Debug)]
pub struct RelativeBias {
    /// `[buckets, heads]`.
    table: Vec<f32>,
    buckets: usize,
    heads: usize,
}

impl RelativeBias {
    /// From a checkpoint's table `[buckets, heads]`.
    pub fn new(table: Vec<f32>, buckets: usize, heads: usize) -> Self {
        Self { table, buckets, heads }
    }

    /// The bucket of a key's place relative to a query's.
    fn bucket(&self, key: usize, query: usize) -> usize {
        const FAR: f64 = 128.0;
        let half = self.buckets / 2;
        let side = if key > query { half } else { 0 };
        let distance = key.abs_diff(query);
        let exact = half / 2;
        if distance < exact {
            return side + distance;
        }
        let log = (distance as f64 / exact.max(1) as f64).ln() / (FAR / exact.max(1) as f64).ln();
        side + (exact + (log * (half - exact) as f64) as usize).min(half.saturating_sub(1))
    }

    /// Adds the bias of a head to the scores `rows × rows` of a sequence.
    fn add(&self, head: usize, scores: &mut [f32], rows: usize) {
        for (query, row) in scores[..rows * rows].chunks_exact_mut(rows.max(1)).enumerate() {
            for (key, score) in row.iter_mut().enumerate() {
                *score += self.table.get(self.bucket(key, query) * self.heads + head).copied().unwrap_or(0.0);
            }
        }
    }
}

/// Scaled dot-product attention within each sequence of a packed batch.
///
/// `q`, `k` and `v` are `[tokens, width]` with the heads side by side in the width; the offsets hold the cumulative
/// lengths of the sequences, from 0 to `tokens`. No padding and so no mask: a token sees its own sequence alone. The
/// backward pass computes the probabilities again instead of keeping them (as in Dao et al., NeurIPS 2022, without
/// the tiling: a sequence has at most a few hundred tokens).
///
/// # Errors
/// If the shapes do not fit or an operand is not f32 on the CPU.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, op: Attention) -> Result<Tensor> {
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op)
}

impl Attention {
    /// Calls `f(first row, rows, first column)` for each sequence and head.
    fn blocks(&self, tokens: usize, width: usize) -> Result<impl Iterator<Item = (usize, usize, usize)> + '_> {
        let sorted = self.offsets.windows(2).all(|w| w[0] <= w[1]);
        if !sorted || self.offsets.first() != Some(&0) || self.offsets.last() != Some(&tokens) {
            candle_core::bail!("attention: offsets {:?} do not partition {tokens} tokens", self.offsets);
        }
        if self.heads == 0 || !width.is_multiple_of(self.heads) {
            candle_core::bail!("attention: {width} columns can't be shared by {} heads", self.heads);
        }
        let (heads, dim) = (self.heads, width / self.heads);
        Ok(self.offsets.windows(2).flat_map(move |w| {
            let (from, rows) = (w[0], w[1] - w[0]);
            (0..heads).map(move |h| (from, rows, h * dim))
        }))
    }

    /// The softmax of the scaled scores of one sequence and head, `rows × rows`.
    fn probabilities(&self, p: &mut [f32], q: View<'_>, k: View<'_>, rows: usize, head: usize, scale: f32) {
        matmul(p, rows, q, k.t(), scale, false);
        if let Some(bias) = &self.bias {
            bias.add(head, p, rows);
        }
        softmax_rows(&mut p[..rows * rows], rows);
    }

    fn longest(&self) -> usize {
        self.offsets.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (tokens, width) = q_layout.shape().dims2()?;
        if k_layout.shape() != q_layout.shape() || v_layout.shape() != q_layout.shape() {
            candle_core::bail!("attention: shapes of q, k and v differ");
        }
        let (q, k, v) = (slice(q, q_layout)?, slice(k, k_layout)?, slice(v, v_layout)?);
        let dim = width / self.heads.max(1);
        let scale = 1.0 / (dim as f32).sqrt();
        let longest = self.longest();
        let mut p = vec![0.0; longest * longest];
        let mut out = vec![0.0; tokens * width];
        for (from, rows, col) in self.blocks(tokens, width)? {
            if rows == 0 {
                continue;
            }
            let at = from * width + col;
            let view = |x| View::new(x, rows, dim, width);
            self.probabilities(&mut p, view(&q[at..]), view(&k[at..]), rows, col / dim, scale);
            matmul(&mut out[at..], width, View::new(&p, rows, rows, rows), view(&v[at..]), 1.0, false);
        }
        Ok((CpuStorage::F32(out), Shape::from((tokens, width))))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (tokens, width) = q.dims2()?;
        let dim = width / self.heads.max(1);
        let scale = 1.0 / (dim as f32).sqrt();
        let longest = self.longest();
        let (mut p, mut dp) = (vec![0.0; longest * longest], vec![0.0; longest * longest]);
        let [mut dq, mut dk, mut dv] = [(); 3].map(|()| vec![0.0; tokens * width]);
        with_slice(q, |q| {
            with_slice(k, |k| {
                with_slice(v, |v| {
                    with_slice(grad, |g| {
                        for (from, rows, col) in self.blocks(tokens, width)? {
                            if rows == 0 {
                                continue;
                            }
                            let at = from * width + col;
                            let view = |x| View::new(x, rows, dim, width);
                            let (q, k, v, g) = (view(&q[at..]), view(&k[at..]), view(&v[at..]), view(&g[at..]));
                            self.probabilities(&mut p, q, k, rows, col / dim, scale);
                            matmul(&mut dv[at..], width, View::new(&p, rows, rows, rows).t(), g, 1.0, false);
                            matmul(&mut dp, rows, g, v.t(), 1.0, false);
                            softmax_rows_backward(&p[..rows * rows], &mut dp[..rows * rows], rows);
                            let ds = View::new(&dp, rows, rows, rows);
                            matmul(&mut dq[at..], width, ds, k, scale, false);
                            matmul(&mut dk[at..], width, ds.t(), q, scale, false);
                        }
                        Ok(())
                    })
                })
            })
        })?;
        let tensor = |x| Tensor::from_vec(x, (tokens, width), &Device::Cpu);
        Ok((Some(tensor(dq)?), Some(tensor(dk)?), Some(tensor(dv)?)))
    }
}
