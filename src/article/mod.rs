//! Articles and how they are read.
//!
//! [`read`] turns paths, folders, globs and standard input into a stream of [`Article`]s. What cannot be read becomes
//! a [`Failure`] in the same stream, and reading goes on.

mod bytes;
mod csv;
mod date;
mod fields;
mod html;
mod json;
mod jsonl;
mod source;
mod text;

pub use source::{Reader, read};

/// One article as read.
///
/// `text` is the decoded text without a byte order mark and otherwise unchanged: line ends are kept as they stand, so
/// that for a text file Python's `open(path, encoding="utf-8-sig", newline="").read()[start:end]` gives back a span
/// of the record. For HTML it is the extracted text: title, blank line, paragraphs with blank lines between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// The path with forward slashes, what the id field holds, or `FILE:LINE`.
    pub id: String,
    /// The headline, if one is known.
    pub title: Option<String>,
    /// The date of publication as `YYYY-MM-DD`, if known.
    pub date: Option<String>,
    /// The text that all offsets refer to.
    pub text: String,
}

/// One article that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id}: {message}")]
pub struct Failure {
    /// The path, or `FILE:LINE` in a file of many articles.
    pub id: String,
    /// A stable code, such as `invalid-utf8`.
    pub code: &'static str,
    /// What was expected and what was found.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(id: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { id: id.into(), code, message: message.into() }
    }
}

/// The formats of input, each also compressed with gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One article per file: `.txt`, `.text`, `.md`.
    Text,
    /// One JSON object per line: `.jsonl`, `.ndjson`.
    JsonLines,
    /// One JSON object, or an array of them: `.json`.
    Json,
    /// Comma-separated values with a header: `.csv`.
    Csv,
    /// Tab-separated values with a header: `.tsv`.
    Tsv,
    /// A web page: `.html`, `.htm`.
    Html,
}

impl Format {
    /// The format that a file name's extension stands for (a final `.gz` aside), or `None`.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() || stem.ends_with(['/', '\\']) {
            return None;
        }
        Some(match extension {
            "txt" | "text" | "md" => Self::Text,
            "jsonl" | "ndjson" => Self::JsonLines,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "html" | "htm" => Self::Html,
            _ => return None,
        })
    }
}

/// How to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format of all inputs; `None` goes by the extension and takes text for any other.
    pub format: Option<Format>,
    /// The field that holds the identifier; may be a dotted path into nested objects.
    pub id_field: String,
    /// The field that holds the text.
    pub text_field: String,
    /// The field that holds the headline.
    pub title_field: String,
    /// The field that holds the date.
    pub date_field: String,
    /// The most bytes, after decompression, of one article, one line or one `.json` file.
    pub max_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            id_field: "id".to_owned(),
            text_field: "text".to_owned(),
            title_field: "title".to_owned(),
            date_field: "date".to_owned(),
            max_bytes: 64 << 20,
        }
    }
}

/// The articles of one file, in order.
pub(crate) type Articles = Box<dyn Iterator<Item = Result<Article, Failure>> + Send>;
