//! Stances: labels and candidate countries.

mod candidates;
mod label;

pub use candidates::{Candidate, Place, REACH, Surroundings};
pub use label::{InvalidStance, Stance};
