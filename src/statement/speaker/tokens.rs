//! The words of a text.

use crate::text::{Sentence, Span};

/// A word: a run of letters, digits, apostrophes, hyphens and full stops inside.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) span: Span,
    pub(super) text: &'a str,
    /// In lower case, without a final full stop or a possessive ending.
    pub(super) plain: String,
    /// The sentence.
    pub(super) sentence: usize,
}

impl Word<'_> {
    /// Whether it begins as a name does: with a capital, or with a particle and a capital (*el-Shafei*, *d'Arvor*).
    pub(super) fn capital(&self) -> bool {
        if self.text.starts_with(char::is_uppercase) {
            return true;
        }
        let mut parts = self.text.splitn(2, ['-', '\'', '’']);
        let (head, tail) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        head.chars().count() <= 3 && tail.starts_with(char::is_uppercase)
    }

    /// Whether it ends in the sign of a possessive.
    pub(super) fn possessive(&self) -> bool {
        self.text.ends_with("'s") || self.text.ends_with("’s")
    }
}

/// All words of a text, sentence by sentence.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) all: Vec<Word<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, sentences: &[Sentence]) -> Self {
        let mut all = Vec::new();
        for (index, sentence) in sentences.iter().enumerate() {
            split(text, sentence.span, index, &mut all);
        }
        Self { text, all }
    }

    /// The indices of the words that begin inside a span.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        let from = self.all.partition_point(|w| w.span.start < span.start);
        let to = self.all.partition_point(|w| w.span.start < span.end);
        from..to.max(from)
    }

    /// The words that begin inside a span.
    pub(super) fn within(&self, span: Span) -> &[Word<'a>] {
        &self.all[self.range(span)]
    }

    /// What stands between a word and the one before it in its sentence; none for the first of a sentence.
    pub(super) fn gap(&self, index: usize) -> Option<&'a str> {
        let (before, here) = (self.all.get(index.checked_sub(1)?)?, self.all.get(index)?);
        (before.sentence == here.sentence).then(|| Span::new(before.span.end, here.span.start).of(self.text))
    }
}

/// A word in lower case, without a final full stop or a possessive ending.
pub(super) fn plain(word: &str) -> String {
    let word = word.trim_end_matches(['.', '\'', '’']);
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    word.to_lowercase()
}

/// A word without its possessive ending.
pub(super) fn trimmed(word: &str) -> &str {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word)
}

fn split<'a>(text: &'a str, part: Span, sentence: usize, found: &mut Vec<Word<'a>>) {
    let slice = part.of(text);
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '.');
    let mut start: Option<usize> = None;
    for (i, c) in slice.char_indices().chain(std::iter::once((slice.len(), ' '))) {
        match (start, inner(c)) {
            (None, true) if c.is_alphanumeric() => start = Some(i),
            (Some(from), false) => {
                let word = slice[from..i].trim_end_matches(['\'', '’', '-']);
                // A full stop belongs to an initial or an abbreviation, not to a word.
                let stem = word.trim_end_matches('.');
                let short = stem.chars().count() <= 3 || stem.contains('.');
                let word = if short { word } else { stem };
                let span = Span::new(part.start + from, part.start + from + word.len());
                found.push(Word { span, text: word, plain: plain(word), sentence });
                start = None;
            }
            _ => {}
        }
    }
}
