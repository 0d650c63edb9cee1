//! Spans, sentences and windows of a text.

mod span;

pub use span::{CodePoints, Span};
