//! Countries: codes, the gazetteer of their names, and their mentions in a text.

mod around;
mod code;
mod context;
mod data;
mod gazetteer;
mod leader;
mod lexicon;
mod line;
mod mention;
mod rename;
mod words;

pub use code::{Country, InvalidCountry};
pub use data::DataError;
pub use gazetteer::Gazetteer;
pub use leader::{Leader, Office};
pub use mention::{Form, Mention};

#[cfg(test)]
mod tests;
