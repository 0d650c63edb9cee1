//! Training: examples, losses, the optimiser, checkpoints and calibration.

mod calibrate;
mod checkpoint;
mod example;
mod loss;
mod optimizer;
mod soft;
mod sources;
mod trainer;

use std::path::PathBuf;

pub use calibrate::{PairScore, calibrate};
pub use example::{Attribution, Builder, Cut, Example, Link, StanceLesson};
pub use loss::{LossWeights, Parts, Scales, binary_cross_entropy, loss};
pub use optimizer::{AdamConfig, AdamW};
pub use soft::SoftLabels;
pub use sources::{AttributionRow, AttributionSpans, RelationRow, Source, Sources, read_rows};
pub use trainer::{Progress, Settings, Trainer, fresh_config, hold_out};

use crate::encoder::ModelError;

/// Why a training run stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A line of a training file does not fit.
    #[error("{}:{line}: expected a training row: {message}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The corpus has mistakes.
    #[error(transparent)]
    Corpus(Box<crate::corpus::LoadError>),
    /// Something is wrong with the model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint does not belong to this run.
    #[error("{}: {message}", path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// Expected and found.
        message: String,
    },
    /// There is nothing to learn from.
    #[error("nothing to train on: give a corpus, attributions or relations")]
    Nothing,
}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        Self::Model(error.into())
    }
}
