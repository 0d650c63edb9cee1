//! The annotated corpus: its format, checks, figures and exports.
//!
//! `data/corpus/FORMAT.md` describes the format. [`load`] reads it, [`write_passage`] writes it back.

mod check;
mod export;
mod field;
mod locate;
mod names;
mod parse;
mod passage;
mod prior;
mod similarity;
mod stats;
mod swap;
mod write;

pub use check::{Checks, Finding, GENRES, Severity, check};
pub use export::{BRAT_CONFIGURATION, GoldRecord, brat, gold_record, write_brat, write_columns, write_records};
pub use parse::{LoadError, Problem, Syntax, load, parse, read};
pub use passage::{GoldSpeaker, GoldStatement, GoldTarget, Mentions, Passage, Split};
pub use prior::{PriorFigure, PriorReport, country_prior};
pub use similarity::{Likeness, likenesses};
pub use stats::{Counts, Stats, table};
pub use swap::{Names, SwapError, swap, swap_at_random};
pub use write::{WriteError, write_passage};
