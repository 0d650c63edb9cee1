//! A passage and what is annotated in it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::country::Country;
use crate::stance::Stance;
use crate::statement::{Kind, Statement};
use crate::text::{Sentence, Span};

/// What separates two paragraphs of a passage's text.
pub(super) const BREAK: &str = "\n\n";

/// Finds the countries that a passage names, and where.
pub type Mentions<'a> = &'a dyn Fn(&Passage) -> Vec<(Span, Country)>;

/// One story of the corpus with its statements. Spans are bytes of [`text`](Self::text).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Unique in the corpus.
    pub id: String,
    /// One of [`GENRES`](super::GENRES), if the passage is sound.
    pub genre: String,
    /// `YYYY-MM-DD`, if known.
    pub date: Option<String>,
    /// Headlines and paragraphs, joined by a blank line.
    pub text: String,
    /// Those paragraphs that are headlines or subheadings.
    pub headlines: Vec<Span>,
    /// In the order of the file, which is that of their contents.
    pub statements: Vec<GoldStatement>,
    /// The file that holds the passage.
    pub path: PathBuf,
    /// The line of its header, from 1.
    pub line: usize,
}

/// One annotated statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldStatement {
    /// Direct, indirect or mixed.
    pub kind: Kind,
    /// The mention of the speaker beside the content.
    pub source: Option<Span>,
    /// The reporting expression.
    pub cue: Option<Span>,
    /// The pieces of the content, at least one.
    pub content: Vec<Span>,
    /// Who said it.
    pub speaker: GoldSpeaker,
    /// The countries that the statement names or has a stance toward.
    pub targets: Vec<GoldTarget>,
    /// The statement's line in the file, from 1.
    pub line: usize,
}

/// Who said it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldSpeaker {
    /// The fullest name that the article gives, with its title.
    pub name: Option<String>,
    /// The state that the speaker speaks for.
    pub country: Option<Country>,
}

/// One country of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldTarget {
    /// The country.
    pub country: Country,
    /// The words that reach a country which the content does not name.
    pub words: Option<Span>,
    /// None for a country that is only mentioned.
    pub stances: Vec<Stance>,
}

impl Passage {
    /// Headlines and paragraphs, in order.
    pub fn paragraphs(&self) -> Vec<Span> {
        paragraphs(&self.text)
    }

    /// The part of the corpus to which the passage's path assigns it.
    pub fn split(&self) -> Option<Split> {
        Split::of_path(&self.path)
    }
}

impl GoldStatement {
    /// From the first byte of the content to its last.
    pub fn extent(&self) -> Span {
        self.content.iter().copied().reduce(Span::cover).unwrap_or_default()
    }

    /// The statement as a perfect tagger would have found it among the sentences of its text.
    pub fn found(&self, sentences: &[Sentence]) -> Statement {
        Statement {
            kind: self.kind,
            content: self.content.clone(),
            cue: self.cue,
            source: self.source,
            sentence: sentences.partition_point(|s| s.span.end <= self.extent().start),
            layer: 0,
            score: 0.0,
        }
    }
}

/// The paragraphs of a text.
pub(super) fn paragraphs(text: &str) -> Vec<Span> {
    let mut at = 0;
    text.split(BREAK)
        .map(|paragraph| {
            let span = Span::new(at, at + paragraph.len());
            at = span.end + BREAK.len();
            span
        })
        .collect()
}

/// A part of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// For fitting.
    Train,
    /// For choosing.
    Dev,
    /// For the final figures.
    Test,
}

impl Split {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::Train, Self::Dev, Self::Test];

    /// The name of the folder that holds the part.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }

    /// The part that the innermost folder of such a name makes of `path`.
    pub fn of_path(path: &Path) -> Option<Self> {
        let named = |name: &std::ffi::OsStr| Self::ALL.into_iter().find(|split| name == split.as_str());
        path.ancestors().skip(1).find_map(|folder| folder.file_name().and_then(named))
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_folder_names_the_split() {
        assert_eq!(Split::of_path(Path::new("test/corpus/train/a.txt")), Some(Split::Train));
        assert_eq!(Split::of_path(Path::new("corpus/dev.txt")), None);
    }

    #[test]
    fn paragraphs_leave_out_the_break() {
        let text = "One.\n\nTwo.";
        let spans = paragraphs(text);
        assert_eq!(spans.iter().map(|s| s.of(text)).collect::<Vec<_>>(), ["One.", "Two."]);
    }
}
