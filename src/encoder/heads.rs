//! The heads: small networks on the encoder's hidden states.
//!
//! All of them work on token rows `[tokens, hidden]` of one article or of several laid end to end, so that training
//! and reading take the same path.

use std::collections::HashMap;
use std::ops::Range;

use candle_core::{D, Device, Tensor};

use super::bert::{Dropout, Linear};
use super::config::HeadsConfig;
use super::stance_head::{StanceHead, StanceQuestion, StanceScores};
use super::weights::Weights;
use super::{ModelError, ops};

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

    /// Stance logits of every candidate of every question, in order.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn stance(
        &self,
        hidden: &Tensor,
        questions: &[StanceQuestion],
        drop: &Dropout,
    ) -> candle_core::Result<StanceScores> {
        self.stance.forward(hidden, questions, drop)
    }

    /// Stance logits `[candidates of all questions, stances]` without gradients: the same as [`Heads::stance`] up to
    /// rounding, faster.
    ///
    /// # Errors
    /// If a range lies outside the tokens.
    pub fn judge(&self, hidden: &Tensor, questions: &[StanceQuestion]) -> candle_core::Result<Vec<Vec<f32>>> {
        self.stance.judge(hidden, questions)
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
}
