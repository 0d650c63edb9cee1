//! Articles from fields: what JSON and CSV have in common.

use super::bytes::check;
use super::{Article, Failure, ReadOptions, date};

/// The values of one record's fields.
pub(super) trait Fields {
    /// The field's value as text; `Ok(None)` if it is missing or null, `Err` names the type found instead.
    fn get(&self, field: &str) -> Result<Option<String>, &'static str>;
    /// The names of the fields there are, for messages.
    fn names(&self) -> Vec<String>;
}

/// Builds the article at `place` (`FILE:LINE`).
pub(super) fn article(fields: &impl Fields, place: &str, options: &ReadOptions) -> Result<Article, Failure> {
    let missing = |found: String| {
        let message = format!("expected a text in the field {:?}, found {found}", options.text_field);
        Failure::new(place, "missing-field", message)
    };
    let text = match fields.get(&options.text_field) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let names = fields.names();
            let shown: Vec<_> = names.iter().take(12).map(|n| n.chars().take(40).collect::<String>()).collect();
            let more = if names.len() > shown.len() { ", …" } else { "" };
            return Err(missing(format!("the fields {}{more}", shown.join(", "))));
        }
        Err(kind) => return Err(missing(kind.to_owned())),
    };
    check(&text, place)?;
    // Titles, dates and identifiers are help, not substance: one of a wrong type counts as missing.
    let filled = |field: &str| fields.get(field).ok().flatten().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    Ok(Article {
        id: filled(&options.id_field).unwrap_or_else(|| place.to_owned()),
        title: filled(&options.title_field),
        date: filled(&options.date_field).and_then(|d| date::find(&d)),
        text,
    })
}
