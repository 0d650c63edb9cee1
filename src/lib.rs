//! Reads news articles and reports who said what, about which country, and with what stance.
//!
//! Data flows one way: [`article`] → [`text`] → [`encoder`] and [`country`] → [`statement`] → [`stance`] →
//! [`pipeline`] → [`output`]. `tests/layering.rs` keeps it so.

pub mod article;
pub mod corpus;
pub mod country;
pub mod encoder;
pub mod evaluate;
pub mod output;
pub mod pipeline;
pub mod stance;
pub mod statement;
pub mod text;
pub mod train;
