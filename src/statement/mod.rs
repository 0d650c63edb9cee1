//! Statements: labels, decoding, linking and speakers.

mod assemble;
mod candidates;
mod decode;
mod kind;
mod labels;
mod speaker;
mod speech;

pub use assemble::{Linked, LinkedLayer, Statement, assemble};
pub use candidates::{LinkCandidates, candidates};
pub use decode::decode;
pub use kind::{InvalidKind, Kind};
pub use labels::{LAYERS, Labelled, Role, TAG_NAMES, TAGS, tags};
pub use speaker::{CountryRule, NameRule, Scene, Speaker};
