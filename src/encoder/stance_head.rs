//! The stance head: a small decoder in which the candidate countries of a statement ask its context.
//!
//! Each candidate is a query made of pooled vectors. In every block it attends to the tokens around the statement, whose
//! roles (the country itself, another country, content, cue, source) are added to keys and values; then the candidates of the
//! same statement attend to each other, since an act mostly has one addressee; then a feed-forward layer follows. The blocks
//! are those of a transformer decoder (Vaswani et al., NeurIPS 2017) with post-normalisation, without order among the candidates.

use std::ops::Range;

use candle_core::{D, Device, Tensor};

use super::bert::{Dropout, LayerNorm, Linear};
use super::config::HeadsConfig;
use super::weights::Weights;
use super::{ModelError, ops};

/// Attention heads of each block.
pub(crate) const STANCE_HEADS: usize = 4;
/// Roles that a token of the context can have.
pub(crate) const MARKERS: usize = 6;
/// Epsilon of the blocks' LayerNorms.
const EPS: f64 = 1e-5;
/// A score that no softmax lets through, finite on purpose.
const NEVER: f32 = -1e4;

/// A statement with its candidate countries. All ranges are token rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StanceQuestion {
    /// The pieces of the content.
    pub content: Vec<Range<usize>>,
    /// The cue, if any.
    pub cue: Option<Range<usize>>,
    /// The source, if any.
    pub source: Option<Range<usize>>,
    /// The tokens that the head may look at.
    pub context: Range<usize>,
    /// The countries that the statement may be about.
    pub candidates: Vec<StanceCandidate>,
}

/// A country that a statement may be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StanceCandidate {
    /// The country's mentions: those in the statement, else the nearest before it.
    pub mentions: Vec<Range<usize>>,
    /// The role of each token of the context: 0 none, 1 the country, 2 another country, 3 content, 4 cue, 5 source.
    pub markers: Vec<u8>,
    /// Small facts, each below its bound in [`FEATURES`].
    pub features: [u8; 4],
}

/// One past the highest value of each of a candidate's features. What they mean is settled where candidates are found.
pub const FEATURES: [usize; 4] = [8, 3, 4, 4];

pub(crate) const FEATURES_WIDTH: usize = FEATURES[0] + FEATURES[1] + FEATURES[2] + FEATURES[3];

fn one_hot(features: [u8; 4], out: &mut [f32]) {
    let mut at = 0;
    for (value, bound) in features.into_iter().zip(FEATURES) {
        if let Some(x) = out.get_mut(at + usize::from(value).min(bound - 1)) {
            *x = 1.0;
        }
        at += bound;
    }
}

/// What the differentiable pass gives.
#[derive(Clone, Debug)]
pub struct StanceScores {
    /// Logits `[candidates of all questions, stances]`.
    pub logits: Tensor,
    /// Where the first head of the first block looks, `[candidates of all questions, longest context]`; a context's own tokens
    /// stand first.
    pub attention: Tensor,
}

#[derive(Clone, Debug)]
struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norm: LayerNorm,
    /// What a token's role adds to its key and to its value, `[markers, width]`.
    marker_key: Tensor,
    marker_value: Tensor,
    own_query: Linear,
    own_key: Linear,
    own_value: Linear,
    own_output: Linear,
    own_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    last_norm: LayerNorm,
}

impl Block {
    fn load(w: &Weights, name: &str, hidden: usize, d: usize) -> Result<Self, ModelError> {
        let linear = |part: &str, inner, outer| Linear::load(w, &format!("{name}.{part}"), inner, outer);
        let norm = |part: &str| LayerNorm::load(w, &format!("{name}.{part}"), d, EPS);
        Ok(Self {
            query: linear("query", d, d)?,
            key: linear("key", hidden, d)?,
            value: linear("value", hidden, d)?,
            output: linear("output", d, d)?,
            norm: norm("LayerNorm")?,
            marker_key: w.get(&format!("{name}.marker.key"), &[MARKERS, d])?,
            marker_value: w.get(&format!("{name}.marker.value"), &[MARKERS, d])?,
            own_query: linear("own.query", d, d)?,
            own_key: linear("own.key", d, d)?,
            own_value: linear("own.value", d, d)?,
            own_output: linear("own.output", d, d)?,
            own_norm: norm("own.LayerNorm")?,
            inner: linear("inner", d, 2 * d)?,
            outer: linear("outer", 2 * d, d)?,
            last_norm: norm("last.LayerNorm")?,
        })
    }
}

/// Name and shape of every tensor of the head.
pub(crate) fn shapes(hidden: usize, stances: usize, c: HeadsConfig) -> Vec<(String, Vec<usize>)> {
    let d = c.stance;
    let mut shapes = Vec::new();
    let mut linear = |name: String, inner: usize, outer: usize| {
        shapes.push((format!("{name}.weight"), vec![outer, inner]));
        shapes.push((format!("{name}.bias"), vec![outer]));
    };
    linear("stance.input".to_owned(), 5 * hidden + FEATURES_WIDTH, d);
    linear("stance.output".to_owned(), d, stances);
    for i in 0..c.blocks {
        let part = |part: &str| format!("stance.block.{i}.{part}");
        for name in ["query", "output", "own.query", "own.key", "own.value", "own.output"] {
            linear(part(name), d, d);
        }
        linear(part("key"), hidden, d);
        linear(part("value"), hidden, d);
        linear(part("inner"), d, 2 * d);
        linear(part("outer"), 2 * d, d);
    }
    let mut norms = vec!["stance.input.LayerNorm".to_owned()];
    for i in 0..c.blocks {
        norms.extend(["", "own.", "last."].map(|part| format!("stance.block.{i}.{part}LayerNorm")));
        shapes.extend(["key", "value"].map(|m| (format!("stance.block.{i}.marker.{m}"), vec![MARKERS, d])));
    }
    for norm in norms {
        shapes.push((format!("{norm}.weight"), vec![d]));
        shapes.push((format!("{norm}.bias"), vec![d]));
    }
    shapes
}

#[derive(Clone, Debug)]
pub(super) struct StanceHead {
    input: Linear,
    norm: LayerNorm,
    blocks: Vec<Block>,
    output: Linear,
    width: usize,
}

/// Questions laid out as padded tables: b questions, at most k candidates, at most t tokens of context.
struct Layout {
    b: usize,
    k: usize,
    t: usize,
    /// The token row of each place of each context, `[b · t]`.
    rows: Tensor,
    /// 0 for a place of the context, else [`NEVER`], `[b, 1, 1, t]`.
    mask: Tensor,
    /// One-hot roles `[b, k, markers, t]`.
    roles: Tensor,
    /// Which candidate stands at each place of the table, `[b · k]`; one past the last for none.
    slots: Tensor,
    /// The place of each candidate, `[candidates]`.
    places: Tensor,
    /// 0 for a candidate, else [`NEVER`], `[b, 1, 1, k]`.
    present: Tensor,
}

impl Layout {
    fn new(questions: &[StanceQuestion]) -> candle_core::Result<Self> {
        let b = questions.len();
        let n: usize = questions.iter().map(|q| q.candidates.len()).sum();
        let k = questions.iter().map(|q| q.candidates.len()).max().unwrap_or(0).max(1);
        let t = questions.iter().map(|q| q.context.len()).max().unwrap_or(0).max(1);
        let (mut rows, mut mask) = (vec![0u32; b * t], vec![NEVER; b * t]);
        let mut roles = vec![0.0f32; b * k * MARKERS * t];
        let (mut slots, mut present, mut places) = (vec![n as u32; b * k], vec![NEVER; b * k], Vec::with_capacity(n));
        for (i, question) in questions.iter().enumerate() {
            for (j, row) in question.context.clone().enumerate() {
                rows[i * t + j] = row as u32;
                mask[i * t + j] = 0.0;
            }
            for (c, candidate) in question.candidates.iter().enumerate() {
                let place = i * k + c;
                slots[place] = places.len() as u32;
                present[place] = 0.0;
                places.push(place as u32);
                for j in 0..question.context.len() {
                    roles[(place * MARKERS + role(candidate, j)) * t + j] = 1.0;
                }
            }
        }
        let device = &Device::Cpu;
        Ok(Self {
            b,
            k,
            t,
            rows: Tensor::from_vec(rows, b * t, device)?,
            mask: Tensor::from_vec(mask, (b, 1, 1, t), device)?,
            roles: Tensor::from_vec(roles, (b, k, MARKERS, t), device)?,
            slots: Tensor::from_vec(slots, b * k, device)?,
            places: Tensor::from_vec(places, n, device)?,
            present: Tensor::from_vec(present, (b, 1, 1, k), device)?,
        })
    }
}

fn role(candidate: &StanceCandidate, at: usize) -> usize {
    usize::from(candidate.markers.get(at).copied().unwrap_or(0)).min(MARKERS - 1)
}

impl StanceHead {
    pub(super) fn load(w: &Weights, hidden: usize, stances: usize, c: HeadsConfig) -> Result<Self, ModelError> {
        let d = c.stance;
        if !d.is_multiple_of(STANCE_HEADS) {
            return Err(candle_core::Error::Msg(format!("{d} columns can't be shared by {STANCE_HEADS} heads")).into());
        }
        Ok(Self {
            input: Linear::load(w, "stance.input", 5 * hidden + FEATURES_WIDTH, d)?,
            norm: LayerNorm::load(w, "stance.input.LayerNorm", d, EPS)?,
            blocks: (0..c.blocks)
                .map(|i| Block::load(w, &format!("stance.block.{i}"), hidden, d))
                .collect::<Result<_, _>>()?,
            output: Linear::load(w, "stance.output", d, stances)?,
            width: d,
        })
    }

    pub(super) fn forward(
        &self,
        hidden: &Tensor,
        questions: &[StanceQuestion],
        drop: &Dropout,
    ) -> candle_core::Result<StanceScores> {
        let hidden = drop.apply(hidden)?;
        let layout = Layout::new(questions)?;
        let (b, k, d) = (layout.b, layout.k, self.width);
        let x = self.input(&hidden, questions)?;
        // A row of zeros stands for the places without a candidate.
        let x = Tensor::cat(&[&x, &Tensor::zeros((1, d), x.dtype(), &Device::Cpu)?], 0)?;
        let mut q = x.index_select(&layout.slots, 0)?;
        let mut first = None;
        for block in &self.blocks {
            let (asked, weights) = block.ask(&q, &hidden, &layout)?;
            if first.is_none() {
                first = Some(weights.narrow(1, 0, 1)?.reshape((b * k, layout.t))?);
            }
            q = block.norm.forward(&(q + drop.apply(&block.output.forward(&asked)?)?)?)?;
            let own = block.compare(&q, &layout)?;
            q = block.own_norm.forward(&(q + drop.apply(&block.own_output.forward(&own)?)?)?)?;
            let inner = ops::gelu(&block.inner.forward(&q)?)?;
            q = block.last_norm.forward(&(q + drop.apply(&block.outer.forward(&inner)?)?)?)?;
        }
        let attention = match first {
            Some(weights) => weights,
            None => Tensor::zeros((b * k, layout.t), q.dtype(), &Device::Cpu)?,
        };
        Ok(StanceScores {
            logits: self.output.forward(&q.index_select(&layout.places, 0)?)?,
            attention: attention.index_select(&layout.places, 0)?,
        })
    }

    /// The first state of each candidate, `[candidates, width]`.
    fn input(&self, hidden: &Tensor, questions: &[StanceQuestion]) -> candle_core::Result<Tensor> {
        let per = |f: fn(&StanceQuestion) -> Vec<Range<usize>>| {
            let vectors = ops::span_mean(hidden, questions.iter().map(f).collect())?;
            let owner: Vec<u32> =
                questions.iter().enumerate().flat_map(|(i, q)| vec![i as u32; q.candidates.len()]).collect();
            let n = owner.len();
            vectors.index_select(&Tensor::from_vec(owner, n, &Device::Cpu)?, 0)
        };
        let content = per(|q| q.content.clone())?;
        let cue = per(|q| q.cue.iter().cloned().collect())?;
        let source = per(|q| q.source.iter().cloned().collect())?;
        let candidates = || questions.iter().flat_map(|q| &q.candidates);
        let mention = ops::span_mean(hidden, candidates().map(|c| c.mentions.clone()).collect())?;
        let n = candidates().count();
        let mut features = vec![0.0; n * FEATURES_WIDTH];
        for (candidate, out) in candidates().zip(features.chunks_exact_mut(FEATURES_WIDTH)) {
            one_hot(candidate.features, out);
        }
        let features = Tensor::from_vec(features, (n, FEATURES_WIDTH), &Device::Cpu)?;
        let meeting = (&content * &mention)?;
        let x = Tensor::cat(&[&content, &cue, &source, &mention, &meeting, &features], 1)?;
        self.norm.forward(&self.input.forward(&x)?)
    }
}

impl Block {
    /// Attention of the candidates to their contexts: `[b · k, width]`, and the weights `[b, heads, k, t]`.
    fn ask(&self, q: &Tensor, hidden: &Tensor, l: &Layout) -> candle_core::Result<(Tensor, Tensor)> {
        let d = q.dim(1)?;
        let (b, k, t, dim) = (l.b, l.k, l.t, d / STANCE_HEADS);
        let context = |linear: &Linear| -> candle_core::Result<Tensor> {
            linear.forward(hidden)?.index_select(&l.rows, 0)?.reshape((b, t, STANCE_HEADS, dim))?.transpose(1, 2)
        };
        let keys = context(&self.key)?.transpose(2, 3)?.contiguous()?;
        let values = context(&self.value)?.contiguous()?;
        let query = self.query.forward(q)?;
        let queries = query.reshape((b, k, STANCE_HEADS, dim))?.transpose(1, 2)?.contiguous()?;
        // What the roles add: a product with the markers, spread over the tokens by the one-hot table.
        let flat = query.reshape((b * k, STANCE_HEADS, dim))?.transpose(0, 1)?.contiguous()?;
        let by_head = |marker: &Tensor| marker.reshape((MARKERS, STANCE_HEADS, dim))?.transpose(0, 1)?.contiguous();
        let added = flat.matmul(&by_head(&self.marker_key)?.transpose(1, 2)?.contiguous()?)?;
        let added = added.reshape((STANCE_HEADS, b, k, MARKERS))?.permute((1, 2, 0, 3))?.contiguous()?;
        let added = added.matmul(&l.roles)?.transpose(1, 2)?.contiguous()?;
        let scores = ((queries.matmul(&keys)? + added)? / (dim as f64).sqrt())?.broadcast_add(&l.mask)?;
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        let mass = weights.transpose(1, 2)?.contiguous()?.matmul(&l.roles.transpose(2, 3)?.contiguous()?)?;
        let mass = mass.permute((2, 0, 1, 3))?.contiguous()?.reshape((STANCE_HEADS, b * k, MARKERS))?;
        let roles = mass.matmul(&by_head(&self.marker_value)?)?.reshape((STANCE_HEADS, b, k, dim))?;
        let found = (weights.matmul(&values)? + roles.transpose(0, 1)?.contiguous()?)?;
        Ok((found.transpose(1, 2)?.contiguous()?.reshape((b * k, d))?, weights))
    }

    /// Attention among the candidates of each question: `[b · k, width]`.
    fn compare(&self, q: &Tensor, l: &Layout) -> candle_core::Result<Tensor> {
        let d = q.dim(1)?;
        let (b, k, dim) = (l.b, l.k, d / STANCE_HEADS);
        let split = |linear: &Linear| -> candle_core::Result<Tensor> {
            linear.forward(q)?.reshape((b, k, STANCE_HEADS, dim))?.transpose(1, 2)?.contiguous()
        };
        let (queries, keys, values) = (split(&self.own_query)?, split(&self.own_key)?, split(&self.own_value)?);
        let scores = (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? / (dim as f64).sqrt())?;
        let weights = candle_nn::ops::softmax(&scores.broadcast_add(&l.present)?, D::Minus1)?;
        weights.matmul(&values)?.transpose(1, 2)?.contiguous()?.reshape((b * k, d))
    }
}

impl StanceHead {
    /// [`StanceHead::forward`] for inference, the same up to rounding: no padding, keys and values of all tokens once.
    pub(super) fn judge(&self, hidden: &Tensor, questions: &[StanceQuestion]) -> candle_core::Result<Vec<Vec<f32>>> {
        let tokens = hidden.dim(0)?;
        let inside = |r: &Range<usize>| r.start <= r.end && r.end <= tokens;
        let sound = |q: &StanceQuestion| {
            let spans = q.content.iter().chain(&q.cue).chain(&q.source).chain([&q.context]);
            spans.chain(q.candidates.iter().flat_map(|c| &c.mentions)).all(inside)
        };
        if !questions.iter().all(sound) {
            candle_core::bail!("a question lies outside {tokens} tokens");
        }
        let n: usize = questions.iter().map(|q| q.candidates.len()).sum();
        if n == 0 {
            return Ok(Vec::new());
        }
        let d = self.width;
        let mut q = self.input(hidden, questions)?;
        for block in &self.blocks {
            let asked = block.asked(&q, hidden, questions)?;
            q = block.norm.forward(&(q + block.output.forward(&Tensor::from_vec(asked, (n, d), &Device::Cpu)?)?)?)?;
            let own = block.compared(&q, questions)?;
            q = block
                .own_norm
                .forward(&(q + block.own_output.forward(&Tensor::from_vec(own, (n, d), &Device::Cpu)?)?)?)?;
            let inner = ops::gelu(&block.inner.forward(&q)?)?;
            q = block.last_norm.forward(&(q + block.outer.forward(&inner)?)?)?;
        }
        self.output.forward(&q)?.to_vec2()
    }
}

/// Rows of `width` columns, side by side in memory.
#[derive(Clone, Copy)]
struct Rows<'a> {
    data: &'a [f32],
    width: usize,
}

impl<'a> Rows<'a> {
    fn part(self, row: usize, columns: &Range<usize>) -> &'a [f32] {
        &self.data[row * self.width..(row + 1) * self.width][columns.clone()]
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(out: &mut [f32], weight: f32, row: &[f32]) {
    out.iter_mut().zip(row).for_each(|(o, x)| *o += weight * x);
}

impl Block {
    fn asked(&self, q: &Tensor, hidden: &Tensor, questions: &[StanceQuestion]) -> candle_core::Result<Vec<f32>> {
        use ops::with_slice;
        let (n, d) = q.dims2()?;
        let (queries, keys, values) = (self.query.forward(q)?, self.key.forward(hidden)?, self.value.forward(hidden)?);
        let mut out = vec![0.0; n * d];
        with_slice(&queries, |queries| {
            with_slice(&keys, |keys| {
                with_slice(&values, |values| {
                    with_slice(&self.marker_key, |marker_key| {
                        with_slice(&self.marker_value, |marker_value| {
                            let table =
                                [queries, keys, values, marker_key, marker_value].map(|data| Rows { data, width: d });
                            let mut scratch = Vec::new();
                            let candidates = questions.iter().flat_map(|q| q.candidates.iter().map(move |c| (q, c)));
                            for (i, ((question, candidate), out)) in candidates.zip(out.chunks_exact_mut(d)).enumerate()
                            {
                                ask_one(i, question, candidate, table, &mut scratch, out);
                            }
                            Ok(())
                        })
                    })
                })
            })
        })?;
        Ok(out)
    }

    fn compared(&self, q: &Tensor, questions: &[StanceQuestion]) -> candle_core::Result<Vec<f32>> {
        use ops::with_slice;
        let (n, d) = q.dims2()?;
        let dim = d / STANCE_HEADS;
        let scale = 1.0 / (dim as f32).sqrt();
        let (queries, keys, values) =
            (self.own_query.forward(q)?, self.own_key.forward(q)?, self.own_value.forward(q)?);
        let mut out = vec![0.0; n * d];
        with_slice(&queries, |queries| {
            with_slice(&keys, |keys| {
                with_slice(&values, |values| {
                    let [queries, keys, values] = [queries, keys, values].map(|data| Rows { data, width: d });
                    let (mut from, mut weights) = (0, Vec::new());
                    for question in questions {
                        let all = from..from + question.candidates.len();
                        from = all.end;
                        for i in all.clone() {
                            for head in 0..STANCE_HEADS {
                                let columns = head * dim..(head + 1) * dim;
                                let query = queries.part(i, &columns);
                                weights.clear();
                                weights.extend(all.clone().map(|j| dot(query, keys.part(j, &columns)) * scale));
                                super::kernels::softmax_rows(&mut weights, all.len());
                                let out = &mut out[i * d..(i + 1) * d][columns.clone()];
                                for (weight, j) in weights.iter().zip(all.clone()) {
                                    add(out, *weight, values.part(j, &columns));
                                }
                            }
                        }
                    }
                    Ok(())
                })
            })
        })?;
        Ok(out)
    }
}

/// Multi-head attention of one candidate over its context; the table holds queries, keys, values and the markers of both.
fn ask_one(
    i: usize,
    question: &StanceQuestion,
    candidate: &StanceCandidate,
    table: [Rows<'_>; 5],
    weights: &mut Vec<f32>,
    out: &mut [f32],
) {
    let [queries, keys, values, marker_key, marker_value] = table;
    let dim = queries.width / STANCE_HEADS;
    let n = question.context.len();
    if n == 0 {
        // The differentiable path pads such a context with the first token, without a role.
        if !values.data.is_empty() {
            out.copy_from_slice(values.part(0, &(0..values.width)));
        }
        return;
    }
    let scale = 1.0 / (dim as f32).sqrt();
    for head in 0..STANCE_HEADS {
        let columns = head * dim..(head + 1) * dim;
        let query = queries.part(i, &columns);
        // What a role adds to a score does not depend on the token.
        let added: [f32; MARKERS] = std::array::from_fn(|role| dot(query, marker_key.part(role, &columns)));
        weights.clear();
        weights.extend(
            question
                .context
                .clone()
                .enumerate()
                .map(|(j, row)| (dot(query, keys.part(row, &columns)) + added[role(candidate, j)]) * scale),
        );
        super::kernels::softmax_rows(weights, n);
        let out = &mut out[columns.clone()];
        let mut mass = [0.0; MARKERS];
        for (j, (weight, row)) in weights.iter().zip(question.context.clone()).enumerate() {
            add(out, *weight, values.part(row, &columns));
            mass[role(candidate, j)] += weight;
        }
        for (role, mass) in mass.into_iter().enumerate() {
            add(out, mass, marker_value.part(role, &columns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};
    use std::collections::BTreeMap;

    fn head(hidden: usize, c: HeadsConfig) -> StanceHead {
        let mut rng = StdRng::seed_from_u64(3);
        let tensors: BTreeMap<String, Tensor> = shapes(hidden, 3, c)
            .into_iter()
            .map(|(name, shape)| {
                let n: usize = shape.iter().product();
                let data: Vec<f32> = (0..n).map(|_| rng.random_range(-0.3..0.3)).collect();
                (name, Tensor::from_vec(data, shape, &Device::Cpu).unwrap())
            })
            .collect();
        let weights = Weights::from_vars(&BTreeMap::new(), &tensors);
        let head = StanceHead::load(&weights, hidden, 3, c).unwrap();
        weights.finish().unwrap();
        head
    }

    fn questions(tokens: usize) -> Vec<StanceQuestion> {
        let mut rng = StdRng::seed_from_u64(5);
        (1..6)
            .map(|n| {
                let start = rng.random_range(0..tokens - 10);
                let context = start..rng.random_range(start + 5..tokens);
                let candidate = |rng: &mut StdRng| StanceCandidate {
                    mentions: vec![start..start + 1, start + 3..start + 4],
                    markers: context.clone().map(|_| rng.random_range(0..MARKERS as u8)).collect(),
                    features: [rng.random_range(0..8), 1, 2, 3],
                };
                StanceQuestion {
                    content: vec![start + 1..start + 2, start + 2..start + 3],
                    cue: (n % 2 == 0).then_some(start..start + 1),
                    source: (n % 3 == 0).then_some(start + 3..start + 4),
                    candidates: (0..n).map(|_| candidate(&mut rng)).collect(),
                    context,
                }
            })
            .collect()
    }

    #[test]
    fn inference_gives_what_training_sees() {
        let (tokens, hidden) = (40, 12);
        let head = head(hidden, HeadsConfig { link: 4, stance: 16, blocks: 2 });
        let mut rng = StdRng::seed_from_u64(7);
        let data: Vec<f32> = (0..tokens * hidden).map(|_| rng.random_range(-1.0..1.0)).collect();
        let states = Tensor::from_vec(data, (tokens, hidden), &Device::Cpu).unwrap();
        let questions = questions(tokens);
        let scores = head.forward(&states, &questions, &Dropout::off()).unwrap();
        let slow = scores.logits.to_vec2::<f32>().unwrap();
        let fast = head.judge(&states, &questions).unwrap();
        assert_eq!(slow.len(), 15);
        for (a, b) in slow.iter().flatten().zip(fast.iter().flatten()) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        // The attention of each candidate is a distribution over its own context.
        let attention = scores.attention.to_vec2::<f32>().unwrap();
        let contexts = questions.iter().flat_map(|q| vec![q.context.len(); q.candidates.len()]);
        for (row, n) in attention.iter().zip(contexts) {
            let inside: f32 = row[..n].iter().sum();
            assert!((inside - 1.0).abs() < 1e-4 && row[n..].iter().all(|w| *w < 1e-6));
        }
        // A question alone gets the same answers as in company.
        let alone = head.judge(&states, &questions[2..3]).unwrap();
        for (a, b) in alone.iter().flatten().zip(fast[3..6].iter().flatten()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn features_fill_their_width() {
        let mut out = [0.0; FEATURES_WIDTH];
        one_hot([7, 2, 3, 3], &mut out);
        assert_eq!(out.iter().sum::<f32>(), 4.0);
    }
}
