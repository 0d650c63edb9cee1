//! The loss of a batch of examples.

use candle_core::{D, Device, Result, Tensor};

use super::example::Example;
use crate::encoder::{Document, Dropout, LinkQuestion, Network, Packed, Pair, Tokenizer};
use crate::statement::TAGS;

/// What each part of the loss is divided by: its mean number of items in a batch, so that an item weighs the same in
/// every batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// Tagged tokens.
    pub tags: f64,
    /// Link questions.
    pub links: f64,
    /// Stance pairs.
    pub pairs: f64,
}

/// Weights of the parts of the loss.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LossWeights {
    /// Of the tagger's cross-entropy per token.
    pub tags: f64,
    /// Of the linker's cross-entropy per question.
    pub links: f64,
    /// Of the stance head's binary cross-entropy per pair, summed over the stances.
    pub pairs: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self { tags: 1.0, links: 0.3, pairs: 1.0 }
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
    pub pairs: f64,
}

impl std::ops::AddAssign for Parts {
    fn add_assign(&mut self, other: Self) {
        self.tags += other.tags;
        self.links += other.links;
        self.pairs += other.pairs;
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

/// A pair of a document that starts at token row `by` of a batch.
pub(super) fn shift_pair(p: &Pair, by: usize) -> Pair {
    let one = |r: &std::ops::Range<usize>| r.start + by..r.end + by;
    Pair {
        content: p.content.iter().map(one).collect(),
        cue: p.cue.as_ref().map(one),
        source: p.source.as_ref().map(one),
        mentions: p.mentions.iter().map(one).collect(),
        context: one(&p.context),
        markers: p.markers.clone(),
        features: p.features,
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
    let (links, pairs) = (link_loss(net, &hidden, examples, drop)?, pair_loss(net, &hidden, examples, drop)?);
    let mut parts = Parts::default();
    let mut total: Option<Tensor> = None;
    for (part, weight, scale, slot) in [
        (tags, weights.tags, scales.tags, &mut parts.tags),
        (links, weights.links, scales.links, &mut parts.links),
        (pairs, weights.pairs, scales.pairs, &mut parts.pairs),
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

fn pair_loss(net: &Network, hidden: &Tensor, examples: &[&Example], drop: &Dropout) -> Result<Option<Tensor>> {
    let (mut pairs, mut truth, mut at) = (Vec::new(), Vec::new(), 0);
    for example in examples {
        for (pair, right) in &example.pairs {
            pairs.push(shift_pair(pair, at));
            truth.extend_from_slice(right);
        }
        at += example.document.tokens.ids.len();
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    let logits = net.heads.stance(hidden, &pairs, drop)?;
    let truth = Tensor::from_vec(truth, logits.shape(), &Device::Cpu)?;
    Ok(Some(binary_cross_entropy(&logits, &truth)?.sum_all()?))
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
