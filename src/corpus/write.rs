//! Writing passages in the corpus format.

use std::fmt::Write;

use super::locate::{self, GAP, NotFound};
use super::parse::parse;
use super::passage::{BREAK, GoldStatement, GoldTarget, Passage};
use crate::text::Span;

/// Pieces of up to so many words are written in full.
const FULL: usize = 6;
/// The most words written on either side of a gap.
const EDGE: usize = 12;

/// A passage that the format cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A span that no quotation of the text would bring back.
    #[error("passage {id}, statement {statement}: expected a span that can be quoted, got {words:?}")]
    Span {
        /// The passage.
        id: String,
        /// The statement, from 1.
        statement: usize,
        /// The text under the span.
        words: String,
    },
    /// A text or a field with characters that mean something in the format.
    #[error("passage {id}: expected a passage that reads back as it was written, but it does not")]
    Unreadable {
        /// The passage.
        id: String,
    },
}

/// The passage in the corpus format, ending in a line break. Contents are abbreviated with ` .. `, and places are
/// numbered with `@N`, only where that is needed.
///
/// # Errors
///
/// A passage that would not read back as it is: a span that begins inside a word, a text that contains ` | `, …
pub fn write_passage(passage: &Passage) -> Result<String, WriteError> {
    let mut out = String::new();
    let date = passage.date.as_deref().unwrap_or("-");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "%% {} | {} | {date}", passage.id, passage.genre);
    write_text(passage, &mut out);
    out.push_str("%\n");
    let writer = Writer { passage, paragraphs: passage.paragraphs() };
    let mut reached = 0;
    for (i, statement) in passage.statements.iter().enumerate() {
        let line = writer.statement(statement, &mut reached).map_err(|span| WriteError::Span {
            id: passage.id.clone(),
            statement: i + 1,
            words: span.of(&passage.text).to_owned(),
        })?;
        out.push_str(&line);
    }
    if reads_back(passage, &out) { Ok(out) } else { Err(WriteError::Unreadable { id: passage.id.clone() }) }
}

fn write_text(passage: &Passage, out: &mut String) {
    let mut break_before = false;
    for span in passage.paragraphs() {
        let headline = passage.headlines.contains(&span);
        out.push_str(if break_before { "\n" } else { "" });
        break_before = !headline;
        out.push_str(if headline { "# " } else { "" });
        out.push_str(span.of(&passage.text));
        out.push('\n');
    }
    out.push('\n');
}

/// Whether the format brings back everything but the place in the file.
fn reads_back(passage: &Passage, written: &str) -> bool {
    let (mut passages, problems) = parse(&passage.path, written);
    let Some(mut read) = passages.pop() else { return false };
    read.line = passage.line;
    for (read, own) in read.statements.iter_mut().zip(&passage.statements) {
        read.line = own.line;
    }
    problems.is_empty() && passages.is_empty() && read == *passage
}

struct Writer<'a> {
    passage: &'a Passage,
    paragraphs: Vec<Span>,
}

impl Writer<'_> {
    /// The statement's lines, or the span that cannot be quoted.
    fn statement(&self, statement: &GoldStatement, reached: &mut usize) -> Result<String, Span> {
        let mut from = *reached;
        let mut pieces = Vec::new();
        for &span in &statement.content {
            pieces.push(self.piece(span, from).ok_or(span)?);
            from = span.end;
        }
        *reached = statement.content.first().map_or(*reached, |span| span.start);
        let beside = |span: Option<Span>| match span {
            None => Ok("-".to_owned()),
            Some(span) => self.quoted(span, |quoted| self.beside(quoted, &statement.content)).ok_or(span),
        };
        let (source, cue) = (beside(statement.source)?, beside(statement.cue)?);
        let speaker = statement.speaker.name.as_deref().unwrap_or("-");
        let country = statement.speaker.country.map_or_else(|| "-".to_owned(), |c| c.to_string());
        let mut out = format!("{} | {source} | {cue} | {}\n", statement.kind, pieces.join(" + "));
        let _ = writeln!(out, "  speaker: {speaker} = {country}");
        for target in &statement.targets {
            self.target(target, &statement.content, &mut out)?;
        }
        Ok(out)
    }

    fn target(&self, target: &GoldTarget, content: &[Span], out: &mut String) -> Result<(), Span> {
        out.push_str("  ");
        out.push_str(target.country.as_str());
        if let Some(span) = target.words {
            let reaching = |quoted: &str| locate::reaching(&self.passage.text, quoted, content);
            let _ = write!(out, " ({})", self.quoted(span, reaching).ok_or(span)?);
        }
        let stances: Vec<_> = target.stances.iter().map(|stance| stance.as_str()).collect();
        let _ = writeln!(out, ": {}", if stances.is_empty() { "-".to_owned() } else { stances.join(" ") });
        Ok(())
    }

    fn beside(&self, quoted: &str, content: &[Span]) -> Result<Span, NotFound> {
        locate::beside(&self.passage.text, &self.paragraphs, quoted, content)
    }

    /// The words of `span`, numbered if `find` would not come upon it otherwise.
    fn quoted(&self, span: Span, find: impl Fn(&str) -> Result<Span, NotFound>) -> Option<String> {
        let words = span.of(&self.passage.text);
        if !is_plain(words) {
            return None;
        }
        let numbered = self.number(words, span).map(|nth| format!("{words}@{nth}"));
        [Some(words.to_owned()), numbered].into_iter().flatten().find(|quoted| find(quoted) == Ok(span))
    }

    /// Which occurrence of `words`, from 1, begins where `span` does.
    fn number(&self, words: &str, span: Span) -> Option<usize> {
        let all = locate::occurrences(&self.passage.text, words);
        all.iter().position(|found| found.start == span.start).map(|i| i + 1)
    }

    /// The shortest quotation that brings `span` back when searched from byte `from`.
    fn piece(&self, span: Span, from: usize) -> Option<String> {
        let text = &self.passage.text;
        let found = |quoted: &str| locate::piece(text, &self.paragraphs, quoted, from) == Ok(span);
        let words = span.of(text);
        let bounds = word_bounds(words);
        if bounds.len() <= FULL && is_plain(words) && found(words) {
            return Some(words.to_owned());
        }
        let gapped = gapped(words, &bounds);
        if let Some(quoted) = gapped.iter().map(|(h, t)| format!("{h}{GAP}{t}")).find(|quoted| found(quoted)) {
            return Some(quoted);
        }
        let full = is_plain(words).then_some((words, ""));
        full.into_iter().chain(gapped).find_map(|(head, tail)| {
            let gap = if tail.is_empty() { "" } else { GAP };
            let numbered = self.number(head, span).map(|nth| format!("{head}@{nth}{gap}{tail}"));
            [Some(format!("{head}{gap}{tail}")), numbered].into_iter().flatten().find(|quoted| found(quoted))
        })
    }
}

/// Byte ranges of the words between white space.
fn word_bounds(text: &str) -> Vec<Span> {
    let mut bounds = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(i),
            (true, Some(from)) => {
                bounds.push(Span::new(from, i));
                start = None;
            }
            _ => {}
        }
    }
    bounds.extend(start.map(|from| Span::new(from, text.len())));
    bounds
}

/// Heads and tails of the words, the shortest first, with at least a word between them.
fn gapped<'a>(words: &'a str, bounds: &[Span]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = Vec::new();
    for total in 3..=2 * EDGE {
        for tail in 1..total {
            let head = total - tail;
            if head.max(tail) > EDGE || total >= bounds.len() {
                continue;
            }
            let (Some(h), Some(t)) = (bounds.get(head - 1), bounds.get(bounds.len() - tail)) else { continue };
            let (head, tail) = (words.get(..h.end).unwrap_or(""), words.get(t.start..).unwrap_or(""));
            if is_plain(head) && is_plain(tail) {
                pairs.push((head, tail));
            }
        }
    }
    pairs
}

/// Whether the words hold nothing that the format reads as its own.
fn is_plain(words: &str) -> bool {
    let signs = [" | ", " + ", GAP, BREAK];
    !words.is_empty()
        && words != "-"
        && words.trim() == words
        && !signs.iter().any(|sign| words.contains(sign))
        && locate::numbered(words).1.is_none()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::corpus::parse::tests::SAMPLE;
    use crate::corpus::passage::GoldSpeaker;
    use crate::statement::Kind;

    fn sample() -> Passage {
        parse(Path::new("a.txt"), SAMPLE).0.remove(0)
    }

    #[test]
    fn the_sample_is_written_as_it_was() {
        let (passages, _) = parse(Path::new("a.txt"), SAMPLE);
        let written: Vec<_> = passages.iter().map(|p| write_passage(p).expect("written")).collect();
        assert_eq!(written.join("\n"), SAMPLE);
    }

    #[test]
    fn what_cannot_be_quoted_is_told() {
        let mut passage = sample();
        passage.statements[0].content = vec![Span::new(1, 9)];
        assert!(matches!(write_passage(&passage), Err(WriteError::Span { statement: 1, .. })));
        let mut passage = sample();
        passage.genre = "wire | x".to_owned();
        assert!(matches!(write_passage(&passage), Err(WriteError::Unreadable { .. })));
    }

    proptest! {
        /// Any spans of whole words, in a text that repeats itself, survive.
        #[test]
        fn spans_survive(words in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "“d”", "e,"]), 3..60),
                         cuts in prop::collection::vec((0usize..60, 1usize..30), 1..5)) {
            let text = words.join(" ");
            let bounds = word_bounds(&text);
            let span = |at: usize, len: usize| {
                let (first, last) = (at % bounds.len(), (at % bounds.len() + len - 1).min(bounds.len() - 1));
                Span::new(bounds[first].start, bounds[last].end)
            };
            let statements = cuts.into_iter().map(|(at, len)| GoldStatement {
                kind: Kind::Indirect,
                source: Some(span(at + 7, 1)),
                cue: None,
                content: vec![span(at, len)],
                speaker: GoldSpeaker::default(),
                targets: Vec::new(),
                line: 1,
            });
            let passage = Passage {
                id: "p".to_owned(), genre: "wire".to_owned(), date: None, headlines: Vec::new(),
                statements: statements.collect(), path: "p.txt".into(), line: 1, text: text.clone(),
            };
            prop_assert!(write_passage(&passage).is_ok(), "{:?}", write_passage(&passage));
        }
    }
}
