//! Byte spans and their conversion to Unicode code points.

use std::ops::Range;

/// A half-open range of **bytes** in a text, on character boundaries.
///
/// Inside the program offsets are bytes, so that slicing is free; [`CodePoints`] turns them into the code points
/// that a record holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span holds no byte.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether the two spans share a byte.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `other` lies wholly inside this span.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds both.
    pub fn cover(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Bytes between the two spans, 0 if they touch or overlap.
    pub const fn distance(self, other: Self) -> usize {
        let after = other.start.saturating_sub(self.end);
        let before = self.start.saturating_sub(other.end);
        if after > before { after } else { before }
    }

    /// The span as a range, for slicing.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The text under the span; empty if the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }

    /// The span without white space at its ends.
    pub fn trim(self, text: &str) -> Self {
        let slice = self.of(text);
        let start = self.start + (slice.len() - slice.trim_start().len());
        let end = self.end - (slice.len() - slice.trim_end().len());
        Self::new(start, end.max(start))
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// Converts byte offsets of one text to offsets in Unicode code points and back.
///
/// ASCII texts need no table; other texts keep one count every 64 bytes.
#[derive(Clone, Debug)]
pub struct CodePoints<'a> {
    text: &'a str,
    /// Code points before byte `64 * i`; `None` for ASCII.
    counts: Option<Vec<usize>>,
}

impl<'a> CodePoints<'a> {
    const STEP: usize = 64;

    /// Indexes `text`.
    pub fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self { text, counts: None };
        }
        let mut counts = Vec::with_capacity(text.len() / Self::STEP + 1);
        let mut seen = 0;
        for (i, byte) in text.bytes().enumerate() {
            if i % Self::STEP == 0 {
                counts.push(seen);
            }
            seen += usize::from(!is_continuation(byte));
        }
        Self { text, counts: Some(counts) }
    }

    /// The number of code points before byte `byte` (clamped to the text).
    pub fn at_byte(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let Some(counts) = &self.counts else { return byte };
        let block = (byte / Self::STEP).min(counts.len().saturating_sub(1));
        let from = block * Self::STEP;
        let rest = &self.text.as_bytes()[from..byte];
        counts.get(block).copied().unwrap_or(0) + rest.iter().filter(|b| !is_continuation(**b)).count()
    }

    /// The byte at which code point `point` starts (clamped to the text's end).
    pub fn to_byte(&self, point: usize) -> usize {
        let Some(counts) = &self.counts else { return point.min(self.text.len()) };
        let block = counts.partition_point(|c| *c <= point).saturating_sub(1);
        let mut seen = counts.get(block).copied().unwrap_or(0);
        for (i, byte) in self.text.bytes().enumerate().skip(block * Self::STEP) {
            if !is_continuation(byte) {
                if seen == point {
                    return i;
                }
                seen += 1;
            }
        }
        self.text.len()
    }

    /// A byte span as `(start, end)` in code points.
    pub fn span(&self, span: Span) -> (usize, usize) {
        (self.at_byte(span.start), self.at_byte(span.end))
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_agree_with_char_indices() {
        for text in ["plain", "Ísland “says” no — 東京 ".repeat(20).as_str(), ""] {
            let index = CodePoints::new(text);
            for (point, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(index.at_byte(byte), point);
                assert_eq!(index.to_byte(point), byte);
            }
            assert_eq!(index.at_byte(text.len()), text.chars().count());
            assert_eq!(index.to_byte(usize::MAX), text.len());
        }
    }

    #[test]
    fn trimming_keeps_inner_space() {
        let text = "  a b  ";
        assert_eq!(Span::new(0, 7).trim(text).of(text), "a b");
        assert!(Span::new(0, 2).trim(text).is_empty());
    }
}
