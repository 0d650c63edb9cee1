//! The record: what is reported of one article.

use serde::{Deserialize, Serialize};

use crate::country::Country;
use crate::stance::Stance;
use crate::statement::Kind;
use crate::text::{CodePoints, Span};

/// All statements of one article. Offsets are Unicode code points into the article's text, end exclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The article's identifier: its path, or what the input's id field holds.
    pub id: String,
    /// The headline, if one is known.
    pub title: Option<String>,
    /// The date of publication as `YYYY-MM-DD`, if known.
    pub date: Option<String>,
    /// Name and version of the model that read the article.
    pub model: String,
    /// In order of their contents.
    pub statements: Vec<StatementRecord>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// Direct, indirect or mixed.
    pub kind: Kind,
    /// The pieces of the content; more than one if a tag interrupts it.
    pub content: Vec<SpanRecord>,
    /// The reporting expression.
    pub cue: Option<SpanRecord>,
    /// Who said it.
    pub speaker: Option<SpeakerRecord>,
    /// Every country the statement names or has a stance toward.
    pub targets: Vec<TargetRecord>,
}

/// A piece of the article's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// The text between them.
    pub text: String,
}

impl SpanRecord {
    /// The record of a byte span of the text that `index` was made of.
    pub fn new(text: &str, index: &CodePoints<'_>, span: Span) -> Self {
        let (start, end) = index.span(span);
        Self { start, end, text: span.of(text).to_owned() }
    }
}

/// A speaker: the mention beside the content, and who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerRecord {
    /// The mention beside the content; for a quotation that continues a speech, the mention before it.
    #[serde(flatten)]
    pub mention: SpanRecord,
    /// The fullest name that the article gives.
    pub name: String,
    /// The title or office that stands with the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The state that the speaker speaks for.
    pub country: Option<Country>,
    /// How name and country were found, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SpeakerReason>,
}

/// How a speaker was resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerReason {
    /// Where the text gives the name.
    pub named_at: SpanRecord,
    /// The rule that took the mention for that name.
    pub name: String,
    /// The rule that found the country, or none.
    pub country: String,
}

/// One country of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// The country.
    pub country: Country,
    /// Where the text names it: in the statement, else the nearest mentions before it.
    pub mentions: Vec<SpanRecord>,
    /// The stances whose score reaches the model's threshold.
    pub stances: Vec<Stance>,
    /// Calibrated probabilities.
    pub scores: Scores,
    /// Where the country stands with respect to the statement, if that was asked for: the mentions there reached it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One probability per stance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Of [`Stance::Reject`].
    pub reject: f32,
    /// Of [`Stance::Accuse`].
    pub accuse: f32,
    /// Of [`Stance::Urge`].
    pub urge: f32,
}

/// What stands in the stream for an article that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// The path or identifier of the input.
    pub id: String,
    /// What went wrong.
    pub error: ErrorBody,
}

/// A machine-readable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable code, such as `invalid-utf8`.
    pub code: String,
    /// What was expected and what was found.
    pub message: String,
}

/// One line of the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// An article that could not be read.
    Error(ErrorRecord),
    /// An article that was read.
    Record(Record),
}
