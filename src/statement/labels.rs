//! What the tagger says of a token.

use std::ops::Range;

use crate::text::{Span, token_range};

/// The part that a span plays in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The speaker's mention.
    Source,
    /// The reporting expression.
    Cue,
    /// What is said.
    Content,
}

impl Role {
    /// All roles, in the order of the tags.
    pub const ALL: [Self; 3] = [Self::Source, Self::Cue, Self::Content];

    /// The tag of a span's first token.
    pub const fn begin(self) -> u8 {
        1 + 2 * self as u8
    }

    /// The tag of its other tokens.
    pub const fn inside(self) -> u8 {
        self.begin() + 1
    }

    /// The role of a tag; `None` for O and for what is no tag.
    pub const fn of_tag(tag: u8) -> Option<Self> {
        match tag {
            1 | 2 => Some(Self::Source),
            3 | 4 => Some(Self::Cue),
            5 | 6 => Some(Self::Content),
            _ => None,
        }
    }
}

/// BIO tags of one layer: O, and B and I of each role.
pub const TAGS: usize = 7;

/// The outer layer of statements and the one inside it.
pub const LAYERS: usize = 2;

/// Names of the tagger's outputs: first those of the outer layer, then those of statements within statements.
pub const TAG_NAMES: [&str; LAYERS * TAGS] = [
    "O",
    "B-source",
    "I-source",
    "B-cue",
    "I-cue",
    "B-content",
    "I-content",
    "inner:O",
    "inner:B-source",
    "inner:I-source",
    "inner:B-cue",
    "inner:I-cue",
    "inner:B-content",
    "inner:I-content",
];

/// A labelled stretch of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// Its role.
    pub role: Role,
    /// Its bytes.
    pub span: Span,
    /// The tokens that it touches.
    pub tokens: Range<usize>,
    /// Mean log-probability of its tags; 0 for gold.
    pub score: f32,
}

/// The BIO tag of each token. Where spans overlap, the later one wins.
pub fn tags(tokens: &[Span], roles: &[(Role, Span)]) -> Vec<u8> {
    let mut tags = vec![0; tokens.len()];
    for (role, span) in roles {
        let range = token_range(tokens, *span);
        for (n, tag) in tags[range].iter_mut().enumerate() {
            *tag = if n == 0 { role.begin() } else { role.inside() };
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_table_of_names() {
        for role in Role::ALL {
            let name = format!("{role:?}").to_lowercase();
            assert_eq!(TAG_NAMES[role.begin() as usize], format!("B-{name}"));
            assert_eq!(TAG_NAMES[TAGS + role.inside() as usize], format!("inner:I-{name}"));
            assert_eq!(Role::of_tag(role.inside()), Some(role));
        }
    }

    #[test]
    fn spans_become_tags() {
        let tokens = [Span::new(0, 2), Span::new(3, 7), Span::new(8, 9), Span::new(9, 12)];
        let roles = [(Role::Source, Span::new(0, 2)), (Role::Content, Span::new(8, 12))];
        assert_eq!(tags(&tokens, &roles), [1, 0, 5, 6]);
    }
}
