//! Tag logits to labelled spans.

use std::ops::Range;

use super::labels::{LAYERS, Labelled, Role, TAGS};
use crate::text::Span;

/// The best sequence of tags of each layer as labelled spans, in the order of the text.
///
/// `logits` is row-major, `[tokens, LAYERS · TAGS]`; `sentences` are token ranges that partition the tokens; `tokens`
/// are the bytes of each token. The tags of a sentence are those of the highest sum of log-probabilities among the
/// well-formed ones (Viterbi, 1967): a span begins with B and ends within its sentence, and neither within a word
/// (`continues` marks the pieces that go on with the word before them). `outside` is taken off the logit of O: above 0,
/// more is found and less of it is right.
pub fn decode(
    logits: &[f32],
    sentences: &[Range<usize>],
    tokens: &[Span],
    continues: &[bool],
    outside: f32,
) -> [Vec<Labelled>; LAYERS] {
    std::array::from_fn(|layer| {
        let mut found = Vec::new();
        for sentence in sentences {
            let rows: Vec<[f32; TAGS]> =
                sentence.clone().filter_map(|t| log_softmax(logits, t, layer, outside)).collect();
            if rows.len() == sentence.len() {
                let within = continues.get(sentence.clone()).unwrap_or(&[]);
                spans(&rows, &best_path(&rows, within), sentence.start, tokens, &mut found);
            }
        }
        found
    })
}

/// Log-probabilities of one token's tags in a layer; `None` beyond the logits.
fn log_softmax(logits: &[f32], token: usize, layer: usize, outside: f32) -> Option<[f32; TAGS]> {
    let from = (token * LAYERS + layer) * TAGS;
    let mut row: [f32; TAGS] = logits.get(from..from + TAGS)?.try_into().ok()?;
    row[0] -= outside;
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    let sum = row.iter().map(|x| (x - max).exp()).sum::<f32>().ln();
    Some(row.map(|x| x - max - sum))
}

/// Whether tag `to` may follow tag `from`, within a word or between two.
const fn follows(from: usize, to: usize, within: bool) -> bool {
    let inside = to > 0 && to.is_multiple_of(2);
    let goes_on = inside && (from == to || from + 1 == to);
    if within { goes_on || from == 0 && to == 0 } else { goes_on || !inside }
}

fn best_path(rows: &[[f32; TAGS]], continues: &[bool]) -> Vec<u8> {
    let mut back: Vec<[u8; TAGS]> = Vec::with_capacity(rows.len());
    let mut score = [0.0f32; TAGS];
    for (i, row) in rows.iter().enumerate() {
        let mut next = [f32::NEG_INFINITY; TAGS];
        let mut from = [0u8; TAGS];
        for (tag, log_p) in row.iter().enumerate() {
            // The first token follows an O.
            let within = i > 0 && continues.get(i).copied().unwrap_or(false);
            let ways = (0..TAGS).filter(|f| follows(*f, tag, within) && (i > 0 || *f == 0));
            for f in ways {
                if score[f] + log_p > next[tag] {
                    (next[tag], from[tag]) = (score[f] + log_p, f as u8);
                }
            }
        }
        score = next;
        back.push(from);
    }
    let mut tag = (0..TAGS).max_by(|a, b| score[*a].total_cmp(&score[*b])).unwrap_or(0) as u8;
    let mut path = vec![0; rows.len()];
    for (slot, from) in path.iter_mut().zip(&back).rev() {
        *slot = tag;
        tag = from[usize::from(tag)];
    }
    path
}

fn spans(rows: &[[f32; TAGS]], path: &[u8], first: usize, tokens: &[Span], found: &mut Vec<Labelled>) {
    let mut i = 0;
    while i < path.len() {
        let Some(role) = Role::of_tag(path[i]) else {
            i += 1;
            continue;
        };
        let start = i;
        i += 1;
        while i < path.len() && path[i] == role.inside() {
            i += 1;
        }
        let log_p: f32 = (start..i).map(|t| rows[t][usize::from(path[t])]).sum();
        let (from, to) = (tokens.get(first + start), tokens.get(first + i - 1));
        if let (Some(from), Some(to)) = (from, to)
            && from.start < to.end
        {
            let score = log_p / (i - start) as f32;
            found.push(Labelled { role, span: from.cover(*to), tokens: first + start..first + i, score });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn logits(tags: &[(usize, usize)]) -> Vec<f32> {
        let mut logits = vec![0.0; tags.len() * LAYERS * TAGS];
        for (t, (outer, inner)) in tags.iter().enumerate() {
            logits[(t * LAYERS) * TAGS + outer] = 4.0;
            logits[(t * LAYERS + 1) * TAGS + inner] = 4.0;
        }
        logits
    }

    fn tokens(n: usize) -> Vec<Span> {
        (0..n).map(|i| Span::new(i * 2, i * 2 + 1)).collect()
    }

    #[test]
    fn layers_are_read_apart() {
        let logits = logits(&[(1, 0), (3, 0), (5, 1), (6, 3), (6, 5)]);
        let [outer, inner] = decode(&logits, std::slice::from_ref(&(0..5)), &tokens(5), &[], 0.0);
        let of = |all: &[Labelled]| all.iter().map(|l| (l.role, l.tokens.clone())).collect::<Vec<_>>();
        assert_eq!(of(&outer), [(Role::Source, 0..1), (Role::Cue, 1..2), (Role::Content, 2..5)]);
        assert_eq!(of(&inner), [(Role::Source, 2..3), (Role::Cue, 3..4), (Role::Content, 4..5)]);
        assert_eq!(outer[2].span, Span::new(4, 9));
    }

    #[test]
    fn a_hole_in_a_weakly_tagged_span_is_closed_or_begun_anew_never_ill_formed() {
        // I-content without a B before it: the best well-formed path begins the span.
        let [outer, _] =
            decode(&logits(&[(0, 0), (6, 0), (6, 0)]), std::slice::from_ref(&(0..3)), &tokens(3), &[], 0.0);
        assert_eq!(outer.len(), 1);
        // A sentence's end closes a span.
        let [outer, _] = decode(&logits(&[(5, 0), (6, 0), (6, 0), (6, 0)]), &[0..2, 2..4], &tokens(4), &[], 0.0);
        assert_eq!(outer.iter().map(|l| l.tokens.clone()).collect::<Vec<_>>(), [0..2, 2..4]);
    }

    #[test]
    fn a_word_is_not_cut() {
        let logits = logits(&[(1, 0), (0, 0), (3, 0), (5, 0), (5, 0)]);
        let continues = [false, true, false, false, true];
        let [outer, _] = decode(&logits, std::slice::from_ref(&(0..5)), &tokens(5), &continues, 0.0);
        let found: Vec<_> = outer.iter().map(|l| l.tokens.clone()).collect();
        assert!(found == [0..2, 2..3, 3..5] || found == [2..3, 3..5], "{found:?}");
    }

    proptest! {
        #[test]
        fn any_logits_give_sorted_disjoint_spans(values in prop::collection::vec(-9.0f32..9.0, 0..400)) {
            let n = values.len() / (LAYERS * TAGS);
            let sentences = [0..n / 2, n / 2..n];
            for layer in decode(&values, &sentences, &tokens(n), &[], 0.0) {
                for pair in layer.windows(2) {
                    prop_assert!(pair[0].tokens.end <= pair[1].tokens.start);
                }
                for l in &layer {
                    prop_assert!(sentences.iter().any(|s| s.start <= l.tokens.start && l.tokens.end <= s.end));
                }
            }
        }
    }
}
