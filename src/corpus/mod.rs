//! The annotated corpus: its format, checks and exports.
