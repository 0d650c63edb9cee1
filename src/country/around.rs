//! The words beside a name.

use crate::text::Span;

/// No word is followed further, so that a text without spaces costs no more than one with.
const LONGEST: usize = 40;

/// A word beside a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Its letters, digits, inner apostrophes, hyphens and full stops; without full stops at the end.
    pub text: &'a str,
    /// Whether nothing but one space (and the full stop of an abbreviation) lies between.
    pub adjacent: bool,
    /// Whether a sentence may begin with it.
    pub initial: bool,
}

impl Word<'_> {
    /// Whether it begins with a capital letter.
    pub(super) fn capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '.')
}

/// The word before the span.
pub(super) fn before(text: &str, span: Span) -> Option<Word<'_>> {
    let head = text.get(..span.start)?;
    let trimmed = head.trim_end_matches(' ');
    let gap = head.len() - trimmed.len();
    let length: usize = trimmed.chars().rev().take(LONGEST).take_while(|c| in_word(*c)).map(char::len_utf8).sum();
    let start = trimmed.len() - length;
    let raw = trimmed.get(start..)?;
    let word = raw.trim_matches(['.', '\'', '’', '-']);
    if word.is_empty() {
        return None;
    }
    let last = trimmed.get(..start)?.trim_end_matches([' ', '"', '“', '”', '‘', '\'']).chars().next_back();
    Some(Word {
        text: word,
        adjacent: gap == 1 && (!raw.ends_with('.') || word.chars().count() <= 4),
        initial: matches!(last, None | Some('.' | '!' | '?' | '\n' | ':' | '—')),
    })
}

/// The word after the span.
pub(super) fn after(text: &str, span: Span) -> Option<Word<'_>> {
    let tail = text.get(span.end..)?;
    let trimmed = tail.trim_start_matches(' ');
    let gap = tail.len() - trimmed.len();
    let length: usize = trimmed.chars().take(LONGEST).take_while(|c| in_word(*c)).map(char::len_utf8).sum();
    let word = trimmed.get(..length)?.trim_matches(['.', '\'', '’', '-']);
    let begins = trimmed.chars().next().is_some_and(char::is_alphanumeric);
    (begins && !word.is_empty()).then_some(Word { text: word, adjacent: gap == 1, initial: false })
}

/// The article *the* before the span, with its space.
pub(super) fn article(text: &str, span: Span) -> Option<Span> {
    let start = span.start.checked_sub(4)?;
    let article = text.get(start..span.start)?;
    let free = !text.get(..start)?.chars().next_back().is_some_and(char::is_alphanumeric);
    (free && matches!(article, "the " | "The " | "THE " | "the\n" | "The\n")).then(|| Span::new(start, span.start))
}
