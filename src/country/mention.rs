//! Places of a text that name a country.

use super::Country;
use crate::text::Span;

/// How a mention names its country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// By its name or an abbreviation of it: *Peru*, *the U.S.*
    Name,
    /// By a word for its people or an adjective: *Peruvian*, *Frenchmen*, *US-led*.
    Demonym,
    /// By a city or seat that stands for its government: *Lima*, *the Kremlin*.
    Seat,
    /// By the person who leads it: *Putin*, *the Obama administration*.
    Leader,
}

/// A place of a text that names a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Where.
    pub span: Span,
    /// Which.
    pub country: Country,
    /// How.
    pub form: Form,
}
