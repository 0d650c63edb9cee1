//! BERT word pieces with their places in the article.

use std::path::{Path, PathBuf};

use super::ModelError;
use crate::text::Span;

/// A BERT word-piece tokenizer.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    /// Id of `[CLS]` or `<s>`, which opens a sequence.
    pub cls: u32,
    /// Id of `[SEP]` or `</s>`, which closes it.
    pub sep: u32,
}

/// The word pieces of a text, without special tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// The bytes of the text that each piece stands for; sorted, never overlapping.
    pub spans: Vec<Span>,
    /// Whether each piece goes on with the word of the piece before it.
    pub continues: Vec<bool>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. What it says of truncation and padding is ignored: windows are cut elsewhere.
    ///
    /// # Errors
    /// If the file can't be read, is no tokenizer, or lacks the tokens that open and close a sequence.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        let failed = |message: String| ModelError::Tokenizer { path: path.to_owned(), message };
        let mut inner = tokenizers::Tokenizer::from_bytes(&bytes)
            .map_err(|e| failed(format!("expected a tokenizer file, got something else ({e})")))?;
        inner.with_truncation(None).map_err(|e| failed(e.to_string()))?;
        inner.with_padding(None);
        // BERT's names, or MPNet's.
        let special = |bert: &str, mpnet: &str| {
            let id = inner.token_to_id(bert).or_else(|| inner.token_to_id(mpnet));
            id.ok_or_else(|| failed(format!("expected a vocabulary with {bert} or {mpnet}")))
        };
        let (cls, sep) = (special("[CLS]", "<s>")?, special("[SEP]", "</s>")?);
        Ok(Self { inner, path: path.to_owned(), cls, sep })
    }

    /// Splits a text into word pieces.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn tokenize(&self, text: &str) -> Result<Tokens, ModelError> {
        let encoding = self
            .inner
            .encode(text, false)
            .map_err(|e| ModelError::Tokenizer { path: self.path.clone(), message: e.to_string() })?;
        let continues = encoding.get_tokens().iter().map(|token| token.starts_with("##")).collect();
        let spans = Vec::with_capacity(encoding.len());
        let mut tokens = Tokens { ids: encoding.get_ids().to_vec(), spans, continues };
        // Pieces that share a character of the text (as after Unicode normalisation) must not overlap: what follows
        // relies on sorted spans.
        let mut last = 0;
        for (start, end) in encoding.get_offsets() {
            let (start, end) = (boundary(text, (*start).max(last)), boundary(text, (*end).max(last)));
            tokens.spans.push(Span::new(start, end.max(start)));
            last = end.max(start);
        }
        Ok(tokens)
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
