//! Parts of a line.

use crate::country::Country;

/// A part of a line, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
    pub(super) text: &'a str,
}

impl<'a> Field<'a> {
    pub(super) fn trim(self) -> Self {
        let text = self.text.trim_start();
        let cut = self.text.get(..self.text.len() - text.len()).unwrap_or("");
        Self { line: self.line, column: self.column + cut.chars().count(), text: text.trim_end() }
    }

    /// The parts between separators, trimmed.
    pub(super) fn split(self, separator: &str) -> Vec<Self> {
        let mut column = self.column;
        let part = |text: &'a str| {
            let field = Self { line: self.line, column, text };
            column += text.chars().count() + separator.chars().count();
            field.trim()
        };
        self.text.split(separator).map(part).collect()
    }

    /// The parts before and after the last separator, trimmed.
    pub(super) fn rsplit_once(self, separator: &str) -> Option<(Self, Self)> {
        let (head, tail) = self.text.rsplit_once(separator)?;
        Some((Self { text: head, ..self }.trim(), self.after(head.len() + separator.len(), tail)))
    }

    /// The field that `text` makes, which begins at byte `at` of this one.
    pub(super) fn after(self, at: usize, text: &'a str) -> Self {
        let skipped = self.text.get(..at).unwrap_or("").chars().count();
        Self { line: self.line, column: self.column + skipped, text }.trim()
    }

    /// `None` for the dash that stands for nothing.
    pub(super) fn some(self) -> Option<Self> {
        (self.text != "-").then_some(self)
    }

    /// Splits `ISO3 (words): stances`.
    pub(super) fn target(self) -> Option<(Country, Option<Self>, Self)> {
        let country = self.text.get(..3)?.parse().ok()?;
        let rest = self.text.get(3..)?;
        if let Some(stances) = rest.strip_prefix(':') {
            return Some((country, None, self.after(4, stances)));
        }
        // The words may hold brackets or colons themselves, the stances hold neither.
        let (words, stances) = rest.strip_prefix(" (")?.rsplit_once("):")?;
        Some((country, Some(self.after(5, words)), self.after(5 + words.len() + 2, stances)))
    }
}

/// The text in quotation marks, cut to a length that fits a message.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or("")),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_their_columns() {
        let line = Field { line: 1, column: 1, text: "é | bc |  d " };
        let fields: Vec<_> = line.split(" | ").iter().map(|f| (f.column, f.text)).collect();
        assert_eq!(fields, [(1, "é"), (5, "bc"), (11, "d")]);
        let (head, tail) = line.rsplit_once("|").expect("two parts");
        assert_eq!((head.text, tail.column, tail.text), ("é | bc", 11, "d"));
        assert!(Field { text: "-", ..line }.some().is_none());
    }

    #[test]
    fn targets_may_have_brackets_in_their_words() {
        let field = |text| Field { line: 1, column: 1, text };
        let (country, words, stances) = field("CHL (they [the Chileans] (all)): urge").target().expect("a target");
        assert_eq!(
            (country.as_str(), words.map(|w| (w.column, w.text))),
            ("CHL", Some((6, "they [the Chileans] (all)")))
        );
        assert_eq!((stances.column, stances.text), (34, "urge"));
        assert!(field("CHL urge").target().is_none());
        assert!(field("éa: urge").target().is_none());
    }
}
