//! Which sources and cues a content may belong to.

use std::ops::Range;

use super::labels::{Labelled, Role};

/// A content and its candidates, as indices of labelled spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCandidates {
    /// The content.
    pub content: usize,
    /// Sources nearby, in the order of the text.
    pub sources: Vec<usize>,
    /// Cues nearby, in the order of the text.
    pub cues: Vec<usize>,
}

/// Sentences before and after a content in which its source may stand.
const SOURCE_REACH: (usize, usize) = (3, 1);
/// Sentences before and after a content in which its cue may stand.
const CUE_REACH: (usize, usize) = (2, 1);
/// Most candidates of each role: those nearest to the content.
const MOST: usize = 12;

/// The candidates of each content. `labelled` is in the order of the text; `sentences` are token ranges that partition
/// the tokens, `paragraphs` the paragraph of each. What stands in another paragraph is a candidate only if it stands
/// before the content.
pub fn candidates(labelled: &[Labelled], sentences: &[Range<usize>], paragraphs: &[usize]) -> Vec<LinkCandidates> {
    let sentence_of =
        |l: &Labelled| sentences.partition_point(|s| s.end <= l.tokens.start).min(sentences.len().saturating_sub(1));
    let at: Vec<usize> = labelled.iter().map(sentence_of).collect();
    let contents = (0..labelled.len()).filter(|i| labelled[*i].role == Role::Content);
    contents
        .map(|content| {
            let here = at[content];
            let near = |role: Role, (back, ahead): (usize, usize)| {
                let from = at.partition_point(|s| *s + back < here);
                let to = at.partition_point(|s| *s <= here + ahead);
                let mut found: Vec<usize> = (from..to.max(from))
                    .filter(|i| labelled[*i].role == role)
                    .filter(|i| at[*i] <= here || paragraphs.get(at[*i]) == paragraphs.get(here))
                    .collect();
                found.sort_by_key(|i| labelled[*i].span.distance(labelled[content].span));
                found.truncate(MOST);
                found.sort_unstable();
                found
            };
            LinkCandidates { content, sources: near(Role::Source, SOURCE_REACH), cues: near(Role::Cue, CUE_REACH) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn labelled(role: Role, at: usize) -> Labelled {
        Labelled { role, span: Span::new(at * 10, at * 10 + 5), tokens: at..at + 1, score: 0.0 }
    }

    #[test]
    fn candidates_stand_nearby_and_not_in_a_later_paragraph() {
        // One token a sentence.
        let sentences: Vec<Range<usize>> = (0..9).map(|i| i..i + 1).collect();
        let spans = [
            labelled(Role::Source, 0),
            labelled(Role::Source, 2),
            labelled(Role::Cue, 2),
            labelled(Role::Content, 5),
            labelled(Role::Source, 6),
            labelled(Role::Cue, 6),
        ];
        let one = candidates(&spans, &sentences, &[0; 9]);
        assert_eq!(one, [LinkCandidates { content: 3, sources: vec![1, 4], cues: vec![5] }]);
        let two = candidates(&spans, &sentences, &[0, 0, 0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(two, [LinkCandidates { content: 3, sources: vec![1], cues: vec![] }]);
    }
}
