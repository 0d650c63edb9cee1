//! Stances: labels, candidate pairs and decisions.

mod label;

pub use label::{InvalidStance, Stance};
