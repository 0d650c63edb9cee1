//! Windows of tokens with ownership.

use std::ops::Range;

use super::Span;

/// A stretch of tokens that the encoder reads at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// All tokens that are read, left context first.
    pub tokens: Range<usize>,
    /// Those whose results count; the end of `tokens`.
    pub owned: Range<usize>,
}

/// Cuts an article's tokens into windows of at most `max_tokens`.
///
/// `sentences` are token ranges that partition the tokens in order; some may be empty. Every token is owned by exactly
/// one window, and the owned ranges follow one another without a gap. A window ends at a sentence's end wherever a
/// sentence fits; a longer one is cut hard. Each window but the first carries tokens of left context: at least
/// `min_context` of them (but never more than half of the window), begun at a sentence's start where one lies within
/// reach.
pub fn windows(sentences: &[Range<usize>], max_tokens: usize, min_context: usize) -> Vec<Window> {
    let max_tokens = max_tokens.max(1);
    let min_context = min_context.min(max_tokens / 2);
    let ends: Vec<usize> = sentences.iter().filter(|s| !s.is_empty()).map(|s| s.end).collect();
    let n = ends.last().copied().unwrap_or(0);
    let mut windows = Vec::new();
    let mut from = 0;
    while from < n {
        let start = context_start(&ends, from, min_context, max_tokens);
        let room = start + max_tokens;
        // The last sentence end within reach; without one, the sentence is cut where the window is full.
        let reach = ends.partition_point(|e| *e <= room);
        let to = match reach.checked_sub(1).map(|i| ends[i]) {
            Some(end) if end > from => end,
            _ => room.min(n),
        };
        windows.push(Window { tokens: start..to, owned: from..to });
        from = to;
    }
    windows
}

/// Where a window that owns tokens from `from` on begins to read.
fn context_start(ends: &[usize], from: usize, min_context: usize, max_tokens: usize) -> usize {
    if from == 0 || min_context == 0 {
        return from;
    }
    let latest = from.saturating_sub(min_context);
    // The nearest sentence start at or before `latest`, if it costs at most half as much again and leaves the owned
    // part at least half of the window.
    let before = ends.partition_point(|e| *e <= latest);
    let sentence_start = before.checked_sub(1).map_or(0, |i| ends[i]);
    let cost = from - sentence_start;
    if cost <= min_context + min_context / 2 && cost <= max_tokens / 2 { sentence_start } else { latest }
}

/// The indices of the tokens that share a byte with `span`. The tokens are sorted and do not overlap.
pub fn token_range(tokens: &[Span], span: Span) -> Range<usize> {
    let start = tokens.partition_point(|t| t.end <= span.start);
    let end = tokens.partition_point(|t| t.start < span.end);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranges(lengths: &[usize]) -> Vec<Range<usize>> {
        let mut at = 0;
        lengths
            .iter()
            .map(|n| {
                at += n;
                at - n..at
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_token_has_one_owner(
            lengths in prop::collection::vec(0usize..90, 0..40), max in 1usize..120, context in 0usize..60,
        ) {
            let n: usize = lengths.iter().sum();
            let windows = windows(&ranges(&lengths), max, context);
            let mut at = 0;
            for (i, w) in windows.iter().enumerate() {
                prop_assert_eq!(w.owned.start, at);
                prop_assert!(!w.owned.is_empty());
                prop_assert_eq!(w.owned.end, w.tokens.end);
                prop_assert!(w.tokens.len() <= max);
                let carried = w.owned.start - w.tokens.start;
                prop_assert!(i == 0 || carried >= context.min(max / 2).min(w.owned.start));
                at = w.owned.end;
            }
            prop_assert_eq!(at, n);
        }

        #[test]
        fn short_sentences_are_never_cut(lengths in prop::collection::vec(1usize..20, 1..60)) {
            let sentences = ranges(&lengths);
            for w in windows(&sentences, 64, 16) {
                prop_assert!(sentences.iter().any(|s| s.end == w.owned.end));
            }
        }
    }

    #[test]
    fn tokens_under_a_span_are_found() {
        let tokens = [Span::new(0, 3), Span::new(4, 6), Span::new(6, 7)];
        assert_eq!(token_range(&tokens, Span::new(2, 5)), 0..2);
        assert_eq!(token_range(&tokens, Span::new(3, 4)), 1..1);
        assert_eq!(token_range(&tokens, Span::new(6, 99)), 2..3);
    }
}
