//! The gazetteer as the source of names for exchanging countries.

use super::swap::Names;
use crate::country::{Country, Gazetteer};
use crate::text::Span;

impl Names for Gazetteer {
    fn mentions(&self, text: &str, date: Option<&str>) -> Vec<(Span, Country)> {
        Self::mentions(self, text, date).into_iter().map(|mention| (mention.span, mention.country)).collect()
    }

    fn rename(&self, words: &str, from: Country, to: Country) -> Option<String> {
        Self::rename(self, words, from, to)
    }
}
