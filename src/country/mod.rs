//! Countries: codes, the gazetteer of their names, and their mentions in a text.

mod code;

pub use code::{Country, InvalidCountry};
