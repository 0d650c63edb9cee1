//! The heads: small networks on the encoder's hidden states.
//!
//! All of them work on token rows `[tokens, hidden]` of one article or of several laid end to end, so that training
//! and reading take the same path.

use std::collections::HashMap;
use std::ops::Range;

use candle_core::{D, Device, Tensor};

use super::bert::{Dropout, Linear};
use super::config::HeadsConfig;
use super::weights::Weights;
use super::{ModelError, ops};

/// Attention heads of the stance head.
const STANCE_HEADS: usize = 4;
/// Roles that a token of a pair's context can have.
pub(crate) const MARKERS: usize = 6;
/// A score that no softmax lets through, finite on purpose.
const NEVER: f32 = -1e4;

/// Asks which source and which cue belong to a content. All ranges are token rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkQuestion {
    /// The pieces of the content.
    pub content: Vec<Range<usize>>,
    /// Candidate sources.
    pub sources: Vec<Range<usize>>,
    /// Candidate cues.
    pub cues: Vec<Range<usize>>,
}

/// Log-probabilities of a question's candidates; the first of each is that of "none of them".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkAnswer {
    /// One for none, then one for each candidate source.
    pub sources: Vec<f32>,
    /// One for none, then one for each candidate cue.
    pub cues: Vec<f32>,
}

/// A statement and a candidate country. All ranges are token rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The pieces of the content.
    pub content: Vec<Range<usize>>,
    /// The cue, if any.
    pub cue: Option<Range<usize>>,
    /// The source, if any.
    pub source: Option<Range<usize>>,
    /// The country's mentions: those in the statement, else the nearest before it.
    pub mentions: Vec<Range<usize>>,
    /// The tokens that the head may look at.
    pub context: Range<usize>,
    /// The role of each token of the context: 0 none, 1 the country, 2 another country, 3 content, 4 cue, 5 source.
    pub markers: Vec<u8>,
    /// Small facts about the pair, each below its bound in [`FEATURES`].
    pub features: [u8; 4],
}

/// One past the highest value of each of a pair's features. What they mean is settled where candidates are found.
pub const FEATURES: [usize; 4] = [8, 3, 4, 4];

fn one_hot(features: [u8; 4], out: &mut Vec<f32>) {
    for (value, bound) in features.into_iter().zip(FEATURES) {
        out.extend((0..bound).map(|i| f32::from(u8::from(i == usize::from(value)))));
    }
}

const FEATURES_WIDTH: usize = FEATURES[0] + FEATURES[1] + FEATURES[2] + FEATURES[3];

/// Tagger, linker and stance head.
#[derive(Clone, Debug)]
pub struct Heads {
    tagger: Linear,
    link: LinkHead,
    stance: StanceHead,
}

impl Heads {
    /// Takes its tensors from `weights`: `tagger.*`, `linker.*`, `stance.*`.
    ///
    /// # Errors
    /// As [`Weights::get`].
    pub fn load(w: &Weights, hidden: usize, tags: usize, stances: usize, c: HeadsConfig) -> Result<Self, ModelError> {
        Ok(Self {
            tagger: Linear::load(w, "tagger", hidden, tags)?,
            link: LinkHead::load(w, hidden, c.link)?,
            stance: StanceHead::load(w, hidden, stances, c)?,
        })
    }

    /// Tag logits `[tokens, tags]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn tag(&self, hidden: &Tensor, drop: &Dropout) -> candle_core::Result<Tensor> {
        self.tagger.forward(&drop.apply(hidden)?)
    }

    /// Log-probabilities of sources and of cues, each `[questions, 1 + most candidates]`; column 0 is "none".
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn link(
        &self,
        hidden: &Tensor,
        questions: &[LinkQuestion],
        drop: &Dropout,
    ) -> candle_core::Result<(Tensor, Tensor)> {
        self.link.forward(&drop.apply(hidden)?, questions)
    }

    /// Stance logits `[pairs, stances]`.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn stance(&self, hidden: &Tensor, pairs: &[Pair], drop: &Dropout) -> candle_core::Result<Tensor> {
        self.stance.forward(hidden, pairs, drop)
    }

    /// Stance logits `[pairs, stances]` without gradients: the same as [`Heads::stance`] up to rounding, faster.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn judge(&self, hidden: &Tensor, pairs: &[Pair]) -> candle_core::Result<Vec<Vec<f32>>> {
        self.stance.judge(hidden, pairs)
    }

    /// The linker's answers, without its padding.
    ///
    /// # Errors
    /// As [`Heads::link`].
    pub fn answers(&self, hidden: &Tensor, questions: &[LinkQuestion]) -> candle_core::Result<Vec<LinkAnswer>> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let (sources, cues) = self.link(hidden, questions, &Dropout::off())?;
        let (sources, cues) = (sources.to_vec2::<f32>()?, cues.to_vec2::<f32>()?);
        Ok(questions
            .iter()
            .zip(sources.into_iter().zip(cues))
            .map(|(q, (mut sources, mut cues))| {
                sources.truncate(1 + q.sources.len());
                cues.truncate(1 + q.cues.len());
                LinkAnswer { sources, cues }
            })
            .collect())
    }
}

/// The biaffine pointer from a content to its source and its cue (after Dozat and Manning, ICLR 2017).
#[derive(Clone, Debug)]
struct LinkHead {
    content: Linear,
    candidate: Linear,
    source: Pointer,
    cue: Pointer,
}

#[derive(Clone, Debug)]
struct Pointer {
    /// `[d, d]`, applied to the content.
    bilinear: Linear,
    none: Linear,
    /// A score for each bucket of distance, `[buckets, 1]`.
    distance: Tensor,
}

impl Pointer {
    fn load(w: &Weights, name: &str, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            bilinear: Linear::load(w, &format!("{name}.bilinear"), width, width)?,
            none: Linear::load(w, &format!("{name}.none"), width, 1)?,
            distance: w.get(&format!("{name}.distance"), &[DISTANCES, 1])?,
        })
    }
}

/// Buckets of signed distance: eight for each side and one for "between the pieces".
pub(crate) const DISTANCES: usize = 17;

fn distance_bucket(content: &[Range<usize>], candidate: &Range<usize>) -> u32 {
    let start = content.first().map_or(0, |p| p.start);
    let end = content.last().map_or(0, |p| p.end);
    let log = |gap: usize| (usize::BITS - gap.leading_zeros()).min(7);
    if candidate.end <= start {
        log(start - candidate.end)
    } else if candidate.start >= end {
        8 + log(candidate.start - end)
    } else {
        16
    }
}

impl LinkHead {
    fn load(w: &Weights, hidden: usize, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            content: Linear::load(w, "linker.content", 3 * hidden, width)?,
            candidate: Linear::load(w, "linker.candidate", 3 * hidden, width)?,
            source: Pointer::load(w, "linker.source", width)?,
            cue: Pointer::load(w, "linker.cue", width)?,
        })
    }

    fn forward(&self, hidden: &Tensor, questions: &[LinkQuestion]) -> candle_core::Result<(Tensor, Tensor)> {
        let contents = questions.iter().map(|q| q.content.clone()).collect();
        let contents = ops::gelu(&self.content.forward(&span_vectors(hidden, contents)?)?)?;
        let side =
            |pointer, of: fn(&LinkQuestion) -> &[Range<usize>]| self.point(hidden, &contents, questions, pointer, of);
        Ok((side(&self.source, |q| &q.sources)?, side(&self.cue, |q| &q.cues)?))
    }

    fn point(
        &self,
        hidden: &Tensor,
        contents: &Tensor,
        questions: &[LinkQuestion],
        pointer: &Pointer,
        of: fn(&LinkQuestion) -> &[Range<usize>],
    ) -> candle_core::Result<Tensor> {
        let n = questions.len();
        let none = pointer.none.forward(contents)?;
        let most = questions.iter().map(|q| of(q).len()).max().unwrap_or(0);
        if most == 0 {
            return candle_nn::ops::log_softmax(&none, D::Minus1);
        }
        // A span is a candidate of several contents: its vector is computed once.
        let (mut spans, mut which, mut owner, mut buckets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut seen: HashMap<Range<usize>, u32> = HashMap::new();
        for (i, question) in questions.iter().enumerate() {
            for candidate in of(question) {
                let at = *seen.entry(candidate.clone()).or_insert_with(|| {
                    spans.push(vec![candidate.clone()]);
                    spans.len() as u32 - 1
                });
                which.push(at);
                owner.push(i as u32);
                buckets.push(distance_bucket(&question.content, candidate));
            }
        }
        let pairs = which.len();
        let candidates = ops::gelu(&self.candidate.forward(&span_vectors(hidden, spans)?)?)?;
        let candidates = candidates.index_select(&Tensor::from_vec(which, pairs, &Device::Cpu)?, 0)?;
        let owner = Tensor::from_vec(owner, pairs, &Device::Cpu)?;
        let asked = pointer.bilinear.forward(contents)?.index_select(&owner, 0)?;
        let width = (candidates.dim(1)? as f64).sqrt();
        let scores = ((asked * candidates)?.sum_keepdim(1)? / width)?;
        let scores = (scores + pointer.distance.index_select(&Tensor::from_vec(buckets, pairs, &Device::Cpu)?, 0)?)?;
        // One flat list [none of each question, all pairs, NEVER], from which the padded table is gathered.
        let never = Tensor::full(NEVER, (1, 1), &Device::Cpu)?;
        let flat = Tensor::cat(&[&none, &scores, &never], 0)?;
        let mut table = vec![(n + pairs) as u32; n * (1 + most)];
        let mut next = n as u32;
        for (i, question) in questions.iter().enumerate() {
            let row = &mut table[i * (1 + most)..];
            row[0] = i as u32;
            for cell in row.iter_mut().skip(1).take(of(question).len()) {
                *cell = next;
                next += 1;
            }
        }
        let cells = table.len();
        let table = flat.index_select(&Tensor::from_vec(table, cells, &Device::Cpu)?, 0)?.reshape((n, 1 + most))?;
        candle_nn::ops::log_softmax(&table, D::Minus1)
    }
}

/// First row, last row and mean of each span, side by side: `[spans, 3 · hidden]`.
fn span_vectors(hidden: &Tensor, spans: Vec<Vec<Range<usize>>>) -> candle_core::Result<Tensor> {
    let n = spans.len();
    let first = spans.iter().map(|s| s.first().map_or(0, |r| r.start) as u32).collect::<Vec<_>>();
    let last = spans.iter().map(|s| s.last().map_or(0, |r| r.end.saturating_sub(1)) as u32).collect::<Vec<_>>();
    let first = hidden.index_select(&Tensor::from_vec(first, n, &Device::Cpu)?, 0)?;
    let last = hidden.index_select(&Tensor::from_vec(last, n, &Device::Cpu)?, 0)?;
    Tensor::cat(&[&first, &last, &ops::span_mean(hidden, spans)?], 1)
}

/// Scores a pair from pooled vectors and from one attention step, asked by the country, over the statement's context.
#[derive(Clone, Debug)]
struct StanceHead {
    query: Linear,
    key: Linear,
    value: Linear,
    /// What a token's role adds to its key, `[markers, attention]`.
    marker: Tensor,
    hidden: Linear,
    output: Linear,
    attention: usize,
}

impl StanceHead {
    fn load(w: &Weights, hidden: usize, stances: usize, c: HeadsConfig) -> Result<Self, ModelError> {
        let a = c.attention;
        if !a.is_multiple_of(STANCE_HEADS) {
            return Err(candle_core::Error::Msg(format!("{a} columns can't be shared by {STANCE_HEADS} heads")).into());
        }
        Ok(Self {
            query: Linear::load(w, "stance.query", 2 * hidden, a)?,
            key: Linear::load(w, "stance.key", hidden, a)?,
            value: Linear::load(w, "stance.value", hidden, a)?,
            marker: w.get("stance.marker", &[MARKERS, a])?,
            hidden: Linear::load(w, "stance.hidden", 5 * hidden + a + FEATURES_WIDTH, c.stance)?,
            output: Linear::load(w, "stance.output", c.stance, stances)?,
            attention: a,
        })
    }

    fn forward(&self, hidden: &Tensor, pairs: &[Pair], drop: &Dropout) -> candle_core::Result<Tensor> {
        let hidden = drop.apply(hidden)?;
        let pooled = |f: fn(&Pair) -> Vec<Range<usize>>| ops::span_mean(&hidden, pairs.iter().map(f).collect());
        let content = pooled(|p| p.content.clone())?;
        let cue = pooled(|p| p.cue.iter().cloned().collect())?;
        let source = pooled(|p| p.source.iter().cloned().collect())?;
        let mention = pooled(|p| p.mentions.clone())?;
        let context = self.attend(&hidden, pairs, &Tensor::cat(&[&mention, &content], 1)?)?;
        let mut features = Vec::new();
        for pair in pairs {
            one_hot(pair.features, &mut features);
        }
        let features = Tensor::from_vec(features, (pairs.len(), FEATURES_WIDTH), &Device::Cpu)?;
        let meeting = (&content * &mention)?;
        let x = Tensor::cat(&[&content, &cue, &source, &mention, &meeting, &context, &features], 1)?;
        self.output.forward(&drop.apply(&ops::gelu(&self.hidden.forward(&x)?)?)?)
    }

    /// One step of multi-head attention: each pair asks the tokens of its context. `[pairs, attention]`.
    fn attend(&self, hidden: &Tensor, pairs: &[Pair], asks: &Tensor) -> candle_core::Result<Tensor> {
        let (n, a) = (pairs.len(), self.attention);
        let most = pairs.iter().map(|p| p.context.len()).max().unwrap_or(0).max(1);
        let (mut rows, mut roles, mut mask) = (vec![0u32; n * most], vec![0u32; n * most], vec![NEVER; n * most]);
        for (i, pair) in pairs.iter().enumerate() {
            for (j, row) in pair.context.clone().enumerate() {
                rows[i * most + j] = row as u32;
                roles[i * most + j] = u32::from(pair.markers.get(j).copied().unwrap_or(0)).min(MARKERS as u32 - 1);
                mask[i * most + j] = 0.0;
            }
        }
        let rows = Tensor::from_vec(rows, n * most, &Device::Cpu)?;
        let roles = Tensor::from_vec(roles, n * most, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, (n, 1, 1, most), &Device::Cpu)?;
        let split =
            |x: Tensor, len: usize| x.reshape((n, len, STANCE_HEADS, a / STANCE_HEADS))?.transpose(1, 2)?.contiguous();
        let keys = (self.key.forward(hidden)?.index_select(&rows, 0)? + self.marker.index_select(&roles, 0)?)?;
        let keys = split(keys, most)?;
        let values = split(self.value.forward(hidden)?.index_select(&rows, 0)?, most)?;
        let queries = split(self.query.forward(asks)?, 1)?;
        let scale = ((a / STANCE_HEADS) as f64).sqrt();
        let scores = (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? / scale)?.broadcast_add(&mask)?;
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        weights.matmul(&values)?.transpose(1, 2)?.contiguous()?.reshape((n, a))
    }
}

impl StanceHead {
    /// [`StanceHead::forward`] for inference: keys and values of all tokens once, then pair by pair on slices.
    fn judge(&self, hidden: &Tensor, pairs: &[Pair]) -> candle_core::Result<Vec<Vec<f32>>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let (tokens, width) = hidden.dims2()?;
        let inside = |r: &Range<usize>| r.start <= r.end && r.end <= tokens;
        let sound = |p: &Pair| {
            p.content.iter().chain(&p.cue).chain(&p.source).chain(&p.mentions).chain([&p.context]).all(inside)
        };
        if !pairs.iter().all(sound) {
            candle_core::bail!("a pair lies outside {tokens} tokens");
        }
        let (keys, values) = (self.key.forward(hidden)?, self.value.forward(hidden)?);
        let a = self.attention;
        let columns = 5 * width + a + FEATURES_WIDTH;
        let mut x = vec![0.0; pairs.len() * columns];
        let mut asks = vec![0.0; pairs.len() * 2 * width];
        ops::with_slice(hidden, |hidden| {
            for ((pair, x), asks) in pairs.iter().zip(x.chunks_exact_mut(columns)).zip(asks.chunks_exact_mut(2 * width))
            {
                let mut parts = x[..5 * width].chunks_exact_mut(width);
                let slots: [&mut [f32]; 5] = std::array::from_fn(|_| parts.next().unwrap_or(&mut []));
                let [content, cue, source, mention, meeting] = slots;
                mean(hidden, &pair.content, content);
                mean(hidden, pair.cue.as_slice(), cue);
                mean(hidden, pair.source.as_slice(), source);
                mean(hidden, &pair.mentions, mention);
                meeting.iter_mut().zip(content.iter().zip(mention.iter())).for_each(|(m, (a, b))| *m = a * b);
                asks[..width].copy_from_slice(mention);
                asks[width..].copy_from_slice(content);
            }
            Ok(())
        })?;
        let queries = self.query.forward(&Tensor::from_vec(asks, (pairs.len(), 2 * width), &Device::Cpu)?)?;
        use ops::with_slice;
        with_slice(&queries, |queries| {
            with_slice(&keys, |keys| {
                with_slice(&values, |values| {
                    with_slice(&self.marker, |marker| {
                        let mut features = Vec::with_capacity(FEATURES_WIDTH);
                        let mut weights = Vec::new();
                        for ((pair, x), query) in
                            pairs.iter().zip(x.chunks_exact_mut(columns)).zip(queries.chunks_exact(a))
                        {
                            let rest = &mut x[5 * width..];
                            attend(pair, query, keys, values, marker, &mut weights, &mut rest[..a]);
                            features.clear();
                            one_hot(pair.features, &mut features);
                            rest[a..].copy_from_slice(&features);
                        }
                        Ok(())
                    })
                })
            })
        })?;
        let x = Tensor::from_vec(x, (pairs.len(), columns), &Device::Cpu)?;
        self.output.forward(&ops::gelu(&self.hidden.forward(&x)?)?)?.to_vec2()
    }
}

/// Mean of the rows under some pieces; zeros without any.
fn mean(rows: &[f32], pieces: &[Range<usize>], out: &mut [f32]) {
    let width = out.len();
    let n: usize = pieces.iter().map(ExactSizeIterator::len).sum();
    let scale = 1.0 / n.max(1) as f32;
    for row in pieces.iter().cloned().flatten() {
        out.iter_mut().zip(&rows[row * width..(row + 1) * width]).for_each(|(o, x)| *o += x * scale);
    }
}

/// Multi-head attention of one query over a pair's context; keys get what their token's role adds.
fn attend(
    pair: &Pair,
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    marker: &[f32],
    weights: &mut Vec<f32>,
    out: &mut [f32],
) {
    let a = query.len();
    let dim = a / STANCE_HEADS;
    let n = pair.context.len();
    if n == 0 {
        // The differentiable path pads such a context with the first token.
        out.copy_from_slice(values.get(..a).unwrap_or(&[]));
        return;
    }
    let scale = 1.0 / (dim as f32).sqrt();
    for head in 0..STANCE_HEADS {
        let columns = head * dim..(head + 1) * dim;
        let query = &query[columns.clone()];
        let dot = |row: &[f32]| query.iter().zip(&row[columns.clone()]).map(|(q, k)| q * k).sum::<f32>();
        // What a role adds to a score does not depend on the token.
        let added: [f32; MARKERS] = std::array::from_fn(|role| dot(&marker[role * a..(role + 1) * a]));
        weights.clear();
        weights.extend(pair.context.clone().enumerate().map(|(j, row)| {
            let role = usize::from(pair.markers.get(j).copied().unwrap_or(0)).min(MARKERS - 1);
            (dot(&keys[row * a..(row + 1) * a]) + added[role]) * scale
        }));
        super::kernels::softmax_rows(weights, n);
        let out = &mut out[columns.clone()];
        for (weight, row) in weights.iter().zip(pair.context.clone()) {
            let value = &values[row * a..(row + 1) * a][columns.clone()];
            out.iter_mut().zip(value).for_each(|(o, v)| *o += weight * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_know_their_side() {
        let content = [10..20, 30..40];
        assert_eq!(distance_bucket(&content, &(8..10)), 0);
        assert_eq!(distance_bucket(&content, &(0..3)), 3);
        assert_eq!(distance_bucket(&content, &(40..42)), 8);
        assert_eq!(distance_bucket(&content, &(21..25)), 16);
        assert_eq!(distance_bucket(&content, &(4000..4001)), 15);
    }

    #[test]
    fn features_fill_their_width() {
        let mut out = Vec::new();
        one_hot([7, 2, 3, 3], &mut out);
        assert_eq!(out.len(), FEATURES_WIDTH);
        assert_eq!(out.iter().sum::<f32>(), 4.0);
    }
}
