//! Token windows to hidden states and head scores.

pub mod hub;
pub mod init;
pub mod kernels;
pub mod ops;

mod bert;
mod config;
mod document;
mod error;
mod heads;
mod model;
mod packed;
mod stance_head;
mod tokenize;
mod weights;

pub use bert::{Bert, Dropout, Linear, Packed};
pub use config::{BertConfig, Calibration, Family, HeadsConfig, ModelConfig};
pub use document::{CandidateSpans, Document, StatementSpans};
pub use error::ModelError;
pub use heads::{Heads, LinkAnswer, LinkQuestion};
pub use model::{EncoderPath, FILES, Hidden, Model, Network, sha256};
pub use packed::{PackedEncoder, Scratch};
pub use stance_head::{FEATURES, StanceCandidate, StanceQuestion, StanceScores};
pub use tokenize::{Tokenizer, Tokens};
pub use weights::{QuantisedRows, Storage, Weights, quantise_rows, write, write_aside};
