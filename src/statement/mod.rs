//! Statements: labels, decoding, linking and speakers.

mod kind;

pub use kind::{InvalidKind, Kind};
