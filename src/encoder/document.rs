//! An article in tokens.

use std::ops::Range;

use super::ModelError;
use super::stance_head::{StanceCandidate, StanceQuestion};
use super::tokenize::{Tokenizer, Tokens};
use crate::text::{Sentence, Span, Window, token_range, windows};

/// Most tokens that a question's context holds.
const CONTEXT: usize = 192;

/// A statement in bytes of the text.
#[derive(Clone, Debug)]
pub struct StatementSpans<'a> {
    /// The pieces of the content.
    pub content: &'a [Span],
    /// The cue, if any.
    pub cue: Option<Span>,
    /// The source, if any.
    pub source: Option<Span>,
    /// The sentences that the content touches.
    pub sentences: Range<usize>,
}

/// A candidate country of a statement, in bytes of the text.
#[derive(Clone, Debug)]
pub struct CandidateSpans<'a> {
    /// The mentions that stand for the country: those in the statement, else the nearest before it.
    pub mentions: &'a [Span],
    /// Every mention of the country near the statement.
    pub all_mentions: &'a [Span],
    /// Mentions of other countries near the statement.
    pub others: &'a [Span],
    /// As in [`StanceCandidate::features`].
    pub features: [u8; 4],
}

/// An article as the encoder sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its word pieces.
    pub tokens: Tokens,
    /// The token range of each sentence; together they partition the tokens.
    pub sentences: Vec<Range<usize>>,
    /// The windows to encode.
    pub windows: Vec<Window>,
}

impl Document {
    /// Tokenizes a text and cuts it into windows of at most `window` tokens with `context` tokens before.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn new(
        tokenizer: &Tokenizer,
        text: &str,
        sentences: &[Sentence],
        window: usize,
        context: usize,
    ) -> Result<Self, ModelError> {
        let tokens = tokenizer.tokenize(text)?;
        let mut ranges = Vec::with_capacity(sentences.len());
        let mut from = 0;
        for (i, sentence) in sentences.iter().enumerate() {
            // Tokens between two sentences, if any, go with the first: the ranges partition the tokens.
            let end = match sentences.get(i + 1) {
                Some(next) => token_range(&tokens.spans, next.span).start.max(from),
                None => tokens.spans.len(),
            };
            debug_assert!(sentence.span.end <= text.len());
            ranges.push(from..end);
            from = end;
        }
        let windows = windows(&ranges, window, context);
        Ok(Self { tokens, sentences: ranges, windows })
    }

    /// The word-piece ids of a window between `[CLS]` and `[SEP]`.
    pub fn sequence(&self, tokenizer: &Tokenizer, window: &Window) -> Vec<u32> {
        let mut ids = Vec::with_capacity(window.tokens.len() + 2);
        ids.push(tokenizer.cls);
        ids.extend_from_slice(&self.tokens.ids[window.tokens.clone()]);
        ids.push(tokenizer.sep);
        ids
    }

    /// The rows of a window's packed sequence that hold its own tokens.
    pub fn owned_rows(window: &Window) -> Range<usize> {
        let skip = 1 + window.owned.start - window.tokens.start;
        skip..skip + window.owned.len()
    }

    /// The token rows under a byte span.
    pub fn rows(&self, span: Span) -> Range<usize> {
        token_range(&self.tokens.spans, span)
    }

    /// A question to the stance head in token rows; `None` if the content has no token.
    pub fn question<'a>(
        &self,
        statement: &StatementSpans<'_>,
        candidates: impl IntoIterator<Item = CandidateSpans<'a>>,
    ) -> Option<StanceQuestion> {
        let rows = |spans: &[Span]| spans.iter().map(|s| self.rows(*s)).filter(|r| !r.is_empty()).collect::<Vec<_>>();
        let content = rows(statement.content);
        if content.is_empty() {
            return None;
        }
        let context = self.context(statement.sentences.clone(), &content);
        let (cue, source) = (statement.cue.map(|s| self.rows(s)), statement.source.map(|s| self.rows(s)));
        let mut common = vec![0; context.len()];
        let mark = |markers: &mut [u8], rows: &[Range<usize>], role: u8| {
            for row in rows.iter().cloned().flatten().filter(|r| context.contains(r)) {
                markers[row - context.start] = role;
            }
        };
        mark(&mut common, &content, 3);
        mark(&mut common, cue.as_slice(), 4);
        mark(&mut common, source.as_slice(), 5);
        let candidates = candidates.into_iter().map(|candidate| {
            let mut markers = common.clone();
            mark(&mut markers, &rows(candidate.others), 2);
            mark(&mut markers, &rows(candidate.all_mentions), 1);
            StanceCandidate { mentions: rows(candidate.mentions), markers, features: candidate.features }
        });
        let candidates = candidates.collect();
        Some(StanceQuestion { content, cue, source, context, candidates })
    }

    /// A relation text as a question: all of it but its source is the content, and the target stands for the country.
    pub fn relation(&self, text: &str, sentences: usize, source: &[Span], target: &[Span]) -> Option<StanceQuestion> {
        let content = match source.first() {
            Some(s) => vec![Span::new(0, s.start), Span::new(s.end.min(text.len()), text.len())],
            None => vec![Span::new(0, text.len())],
        };
        let statement =
            StatementSpans { content: &content, cue: None, source: source.first().copied(), sentences: 0..sentences };
        // Named in the content, spoken by another, the only country.
        let features = [0, 2, 0, 1];
        self.question(&statement, [CandidateSpans { mentions: target, all_mentions: target, others: &[], features }])
    }

    /// The statement's sentences and the one before, cut to [`CONTEXT`] tokens around the content.
    fn context(&self, sentences: Range<usize>, content: &[Range<usize>]) -> Range<usize> {
        let first = sentences.start.saturating_sub(1);
        let start = self.sentences.get(first).map_or(0, |r| r.start);
        let end = sentences.end.checked_sub(1).and_then(|i| self.sentences.get(i)).map_or(start, |r| r.end).max(start);
        if end - start <= CONTEXT {
            return start..end;
        }
        let content_start = content.first().map_or(start, |r| r.start).clamp(start, end);
        let from = content_start.saturating_sub(CONTEXT / 4).max(start).min(end - CONTEXT.min(end - start));
        from..(from + CONTEXT).min(end)
    }
}
