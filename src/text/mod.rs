//! Spans, sentences, quotations and windows of a text.

mod quotes;
mod sentences;
mod span;
mod windows;

pub use quotes::{quotations, quoted_share};
pub use sentences::{Sentence, paragraphs, sentences};
pub use span::{CodePoints, Span};
pub use windows::{Window, token_range, windows};
