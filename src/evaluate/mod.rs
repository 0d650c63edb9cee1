//! Predictions against gold: matching, metrics and reports.
//!
//! [`evaluate`] compares statements with stances, [`attributions`] attribution relations in the manner of PolNeAR, and
//! [`relations`] labels of given pairs.

mod article;
pub mod attributions;
mod baseline;
mod consistency;
mod counts;
mod given;
mod matching;
mod metrics;
mod pieces;
pub mod relations;
mod report;

pub use article::{Article, InputError, Statement, read_records};
pub use baseline::{Baseline, baseline};
pub use consistency::ConsistencyTally;
pub use counts::{Counts, Share};
pub use given::{Bin, Decision, GivenTally};
pub use matching::{Overlap, one_to_one, overlaps};
pub use metrics::Tally;
pub use pieces::read_pieces;
pub use report::{Figure, Options, Report, evaluate};
