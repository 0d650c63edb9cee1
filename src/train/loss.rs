//! The loss of a batch of examples.

use candle_core::{D, Device, Result, Tensor};

use super::example::Example;
use crate::encoder::{Document, Dropout, LinkQuestion, Network, Packed, StanceCandidate, StanceQuestion, Tokenizer};
use crate::statement::TAGS;

/// What each part of the loss is divided by: its mean number of items in a batch, so that an item weighs the same in
/// every batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// Tagged tokens.
    pub tags: f64,
    /// Link questions.
    pub links: f64,
    /// Questions to the stance head.
    pub stances: f64,
}

/// Weights of the parts of the loss.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LossWeights {
    /// Of the tagger's cross-entropy per token.
    pub tags: f64,
    /// Of the linker's cross-entropy per question.
    pub links: f64,
    /// Of the stance head's binary cross-entropy per statement, summed over candidates and stances.
    pub stances: f64,
    /// Of the attention to the words that point to a country, within the stance head's part.
    pub pointing: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self { tags: 1.0, links: 0.3, stances: 1.0, pointing: 0.3 }
    }
}

/// The parts of a loss, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// Of the tagger.
    pub tags: f64,
    /// Of the linker.
    pub links: f64,
    /// Of the stance head.
    pub stances: f64,
}

impl std::ops::AddAssign for Parts {
    fn add_assign(&mut self, other: Self) {
        self.tags += other.tags;
        self.links += other.links;
        self.stances += other.stances;
    }
}

/// Binary cross-entropy of logits, elementwise and stable for any finite logit:
/// max(x, 0) - x·y + ln(1 + e^-|x|).
///
/// candle-nn's own takes the logarithm of a sigmoid and so gives NaN beyond logits of about 16.
///
/// # Errors
/// If the shapes differ.
pub fn binary_cross_entropy(logits: &Tensor, truth: &Tensor) -> Result<Tensor> {
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (logits.relu()? - (logits * truth)?)? + soft
}

/// Negative log-probability of the right column of each row of `log_p`, summed.
fn nll(log_p: &Tensor, right: Vec<u32>) -> Result<Tensor> {
    let n = right.len();
    let right = Tensor::from_vec(right, (n, 1), &Device::Cpu)?;
    log_p.gather(&right, 1)?.sum_all()?.neg()
}

/// Hidden states of the examples' own tokens, laid end to end.
pub(super) fn hidden(net: &Network, tokenizer: &Tokenizer, examples: &[&Example], drop: &Dropout) -> Result<Tensor> {
    let (mut sequences, mut rows, mut at) = (Vec::new(), Vec::new(), 0usize);
    for document in examples.iter().map(|e| &e.document) {
        for window in &document.windows {
            let ids = document.sequence(tokenizer, window);
            rows.extend(Document::owned_rows(window).map(|r| (at + r) as u32));
            at += ids.len();
            sequences.push(ids);
        }
    }
    let hidden = net.bert.forward(&Packed::new(sequences.iter().map(Vec::as_slice)), drop)?;
    let n = rows.len();
    hidden.index_select(&Tensor::from_vec(rows, n, &Device::Cpu)?, 0)
}

fn shift_question(q: &LinkQuestion, by: usize) -> LinkQuestion {
    let shift = |v: &[std::ops::Range<usize>]| v.iter().map(|r| r.start + by..r.end + by).collect();
    LinkQuestion { content: shift(&q.content), sources: shift(&q.sources), cues: shift(&q.cues) }
}

/// A question of a document that starts at token row `by` of a batch.
pub(super) fn shift_stance(q: &StanceQuestion, by: usize) -> StanceQuestion {
    let one = |r: &std::ops::Range<usize>| r.start + by..r.end + by;
    let candidate = |c: &StanceCandidate| StanceCandidate {
        mentions: c.mentions.iter().map(one).collect(),
        markers: c.markers.clone(),
        features: c.features,
    };
    StanceQuestion {
        content: q.content.iter().map(one).collect(),
        cue: q.cue.as_ref().map(one),
        source: q.source.as_ref().map(one),
        context: one(&q.context),
        candidates: q.candidates.iter().map(candidate).collect(),
    }
}

/// Loss of a batch and its parts; `None` if the batch teaches nothing.
///
/// # Errors
/// If a tensor operation fails.
pub fn loss(
    net: &Network,
    tokenizer: &Tokenizer,
    examples: &[&Example],
    weights: LossWeights,
    scales: Scales,
    drop: &Dropout,
) -> Result<Option<(Tensor, Parts)>> {
    let hidden = hidden(net, tokenizer, examples, drop)?;
    let tags = tag_loss(net, &hidden, examples, drop)?;
    let (links, stances) =
        (link_loss(net, &hidden, examples, drop)?, stance_loss(net, &hidden, examples, weights.pointing, drop)?);
    let mut parts = Parts::default();
    let mut total: Option<Tensor> = None;
    for (part, weight, scale, slot) in [
        (tags, weights.tags, scales.tags, &mut parts.tags),
        (links, weights.links, scales.links, &mut parts.links),
        (stances, weights.stances, scales.stances, &mut parts.stances),
    ] {
        let Some(part) = part else { continue };
        let part = (part / scale.max(1.0))?;
        *slot = f64::from(part.to_scalar::<f32>()?);
        let part = (part * weight)?;
        total = Some(match total {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    Ok(total.map(|t| (t, parts)))
}

fn tag_loss(net: &Network, hidden: &Tensor, examples: &[&Example], drop: &Dropout) -> Result<Option<Tensor>> {
    if !examples.iter().any(|e| e.is_tagged()) {
        return Ok(None);
    }
    let logits = net.heads.tag(hidden, drop)?;
    let mut total: Option<Tensor> = None;
    for layer in 0..2 {
        let (mut rows, mut right, mut at) = (Vec::new(), Vec::new(), 0usize);
        for example in examples {
            let n = example.document.tokens.ids.len();
            if let Some(tags) = &example.tags[layer] {
                rows.extend((at..at + n).map(|r| r as u32));
                right.extend(tags.iter().map(|t| u32::from(*t)));
            }
            at += n;
        }
        if rows.is_empty() {
            continue;
        }
        let n = rows.len();
        let logits = logits.narrow(1, layer * TAGS, TAGS)?.contiguous()?;
        let logits = logits.index_select(&Tensor::from_vec(rows, n, &Device::Cpu)?, 0)?;
        let part = nll(&candle_nn::ops::log_softmax(&logits, D::Minus1)?, right)?;
        total = Some(match total {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    Ok(total)
}

fn link_loss(net: &Network, hidden: &Tensor, examples: &[&Example], drop: &Dropout) -> Result<Option<Tensor>> {
    let (mut questions, mut sources, mut cues, mut at) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for example in examples {
        for link in &example.links {
            questions.push(shift_question(&link.question, at));
            sources.push(link.source);
            cues.push(link.cue);
        }
        at += example.document.tokens.ids.len();
    }
    if questions.is_empty() {
        return Ok(None);
    }
    let (s, c) = net.heads.link(hidden, &questions, drop)?;
    Ok(Some((nll(&s, sources)? + nll(&c, cues)?)?))
}

/// Binary cross-entropy of every candidate, and for those whose pointing words are annotated the negative logarithm of
/// the attention that the head's first head gives to these words.
fn stance_loss(
    net: &Network,
    hidden: &Tensor,
    examples: &[&Example],
    pointing: f64,
    drop: &Dropout,
) -> Result<Option<Tensor>> {
    let (mut questions, mut truth, mut words, mut at) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for example in examples {
        for lesson in &example.stances {
            questions.push(shift_stance(&lesson.question, at));
            truth.extend(lesson.truth.iter().flatten().copied());
            let start = lesson.question.context.start;
            let end = lesson.question.context.end;
            let inside = |r: &std::ops::Range<usize>| r.start.max(start) - start..r.end.min(end).max(start) - start;
            words.extend(lesson.words.iter().map(|w| w.as_ref().map(inside).filter(|r| !r.is_empty())));
        }
        at += example.document.tokens.ids.len();
    }
    if truth.is_empty() {
        return Ok(None);
    }
    let scores = net.heads.stance(hidden, &questions, drop)?;
    let truth = Tensor::from_vec(truth, scores.logits.shape(), &Device::Cpu)?;
    let judged = binary_cross_entropy(&scores.logits, &truth)?.sum_all()?;
    let annotated: Vec<(u32, std::ops::Range<usize>)> =
        words.into_iter().enumerate().filter_map(|(i, w)| Some((i as u32, w?))).collect();
    if pointing <= 0.0 || annotated.is_empty() {
        return Ok(Some(judged));
    }
    let (n, width) = (annotated.len(), scores.attention.dim(1)?);
    let mut mask = vec![0.0f32; n * width];
    for ((_, words), row) in annotated.iter().zip(mask.chunks_exact_mut(width)) {
        row[words.start..words.end.min(width)].fill(1.0);
    }
    let rows: Vec<u32> = annotated.iter().map(|(i, _)| *i).collect();
    let attention = scores.attention.index_select(&Tensor::from_vec(rows, n, &Device::Cpu)?, 0)?;
    let seen = (attention * Tensor::from_vec(mask, (n, width), &Device::Cpu)?)?.sum(1)?;
    let missed = (seen + 1e-4)?.log()?.sum_all()?.neg()?;
    Ok(Some((judged + (missed * pointing)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_finite_and_right_at_large_logits() {
        let logits = Tensor::new(&[100.0f32, -100.0, 100.0, -100.0, 0.0], &Device::Cpu).unwrap();
        let truth = Tensor::new(&[1.0f32, 0.0, 0.0, 1.0, 1.0], &Device::Cpu).unwrap();
        let loss = binary_cross_entropy(&logits, &truth).unwrap().to_vec1::<f32>().unwrap();
        for (got, want) in loss.iter().zip([0.0, 0.0, 100.0, 100.0, std::f32::consts::LN_2]) {
            assert!((got - want).abs() < 1e-5, "{loss:?}");
        }
    }
}
