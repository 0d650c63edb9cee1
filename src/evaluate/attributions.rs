//! Attribution relations in the manner of PolNeAR (Newell et al., LREC 2018).
//!
//! Tokens are words and marks by Unicode Annex 29; a token belongs to a span if the span covers at least half of its
//! characters. Offsets are code points.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::AddAssign;
use std::path::Path;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::article::{InputError, key, read_lines};
use super::counts::{Counts, Share};
use super::matching::{Overlap, one_to_one, sort};
use crate::statement::Kind;

/// The overlap of tokens from which on two contents are the same.
const SAME: f64 = 0.5;

/// An article with attributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributedText {
    /// The identifier.
    pub id: String,
    /// The text that the offsets refer to.
    pub text: String,
    /// The attributions.
    pub attributions: Vec<Attribution>,
}

/// One attribution: pieces of its parts as (start, end); no pieces where there is no such part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The mention of the source.
    pub source: Vec<(usize, usize)>,
    /// The cue.
    pub cue: Vec<(usize, usize)>,
    /// The content.
    pub content: Vec<(usize, usize)>,
}

/// What is counted of attributions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttributionTally {
    /// Tokens of contents.
    pub content: Counts,
    /// Tokens of sources.
    pub source: Counts,
    /// Tokens of cues.
    pub cue: Counts,
    /// Gold contents with a predicted one (token overlap of at least a half), and whether the sources overlap or are
    /// both missing.
    pub link: Share,
    /// Attributions; right if the contents are the same and the sources agree so.
    pub end_to_end: Counts,
    /// Those by kind, in the order of [`Kind::ALL`], by the quotation marks of the gold content, or of the predicted
    /// one where it has no gold.
    pub by_kind: [Counts; 3],
}

impl AddAssign for AttributionTally {
    fn add_assign(&mut self, other: Self) {
        self.content += other.content;
        self.source += other.source;
        self.cue += other.cue;
        self.link += other.link;
        self.end_to_end += other.end_to_end;
        self.by_kind.iter_mut().zip(other.by_kind).for_each(|(own, other)| *own += other);
    }
}

impl fmt::Display for AttributionTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:21}    F1  precision  recall", "")?;
        let mut line = |name: &str, counts: Counts| {
            writeln!(f, "{name:21} {:5.3}  {:9.3}  {:6.3}", counts.f1(), counts.precision(), counts.recall())
        };
        line("content tokens", self.content)?;
        line("source tokens", self.source)?;
        line("cue tokens", self.cue)?;
        line("end to end", self.end_to_end)?;
        for (kind, counts) in Kind::ALL.iter().zip(self.by_kind) {
            line(&format!("  {kind}"), counts)?;
        }
        writeln!(f, "{:21} {:5.3}", "source link", self.link.value())
    }
}

/// The articles of a file, one JSON object per line.
///
/// # Errors
///
/// A file that cannot be read, or a line that is no article with attributions.
pub fn read_attributions(path: impl AsRef<Path>) -> Result<Vec<AttributedText>, InputError> {
    read_lines(path.as_ref(), "an article with attributions", |article| article)
}

/// Compares predictions, by the identifiers of their articles, with gold. An article without a prediction counts as
/// one in which nothing was found.
pub fn score_attributions(gold: &[AttributedText], predicted: &[(String, Vec<Attribution>)]) -> AttributionTally {
    let by_key: HashMap<&str, &[Attribution]> =
        predicted.iter().map(|(id, attributions)| (key(id), attributions.as_slice())).collect();
    let mut all = AttributionTally::default();
    for article in gold {
        let own = by_key.get(key(&article.id)).copied().unwrap_or_default();
        all += score_article(&article.text, &article.attributions, own);
    }
    all
}

/// Compares the attributions of one text.
pub fn score_article(text: &str, gold: &[Attribution], predicted: &[Attribution]) -> AttributionTally {
    let tokens = tokens(text);
    let covered = |pieces: &[(usize, usize)]| covered(&tokens, pieces);
    let role = |of: fn(&Attribution) -> &Vec<(usize, usize)>| {
        let union = |all: &[Attribution]| all.iter().flat_map(|a| covered(of(a))).collect::<BTreeSet<_>>();
        Counts::of_sets(&union(gold), &union(predicted))
    };
    let mut tally = AttributionTally {
        content: role(|a| &a.content),
        source: role(|a| &a.source),
        cue: role(|a| &a.cue),
        ..AttributionTally::default()
    };
    let own: Vec<_> = gold.iter().map(|a| covered(&a.content)).collect();
    let other: Vec<_> = predicted.iter().map(|a| covered(&a.content)).collect();
    let pairs: HashMap<usize, usize> = one_to_one(&overlaps(&own, &other), SAME).into_iter().collect();
    let chars: Vec<char> = text.chars().collect();
    for (i, attribution) in gold.iter().enumerate() {
        let found = pairs.get(&i).and_then(|p| predicted.get(*p));
        let right = found.is_some_and(|found| same_source(&attribution.source, &found.source));
        if found.is_some() {
            tally.link.count(right);
        }
        let counts = Counts { hits: usize::from(right), predicted: usize::from(found.is_some()), gold: 1 };
        tally.count(kind(&chars, &attribution.content), counts);
    }
    let taken: BTreeSet<usize> = pairs.into_values().collect();
    for (_, attribution) in predicted.iter().enumerate().filter(|(p, _)| !taken.contains(p)) {
        tally.count(kind(&chars, &attribution.content), Counts { predicted: 1, ..Counts::default() });
    }
    tally
}

impl AttributionTally {
    fn count(&mut self, kind: Kind, counts: Counts) {
        self.end_to_end += counts;
        for (own, _) in self.by_kind.iter_mut().zip(Kind::ALL).filter(|(_, other)| *other == kind) {
            *own += counts;
        }
    }
}

/// The tokens of a text as (start, end) in code points.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut at = 0;
    let mut tokens = Vec::new();
    for word in text.split_word_bounds() {
        let end = at + word.chars().count();
        if !word.trim().is_empty() {
            tokens.push((at, end));
        }
        at = end;
    }
    tokens
}

/// Indices of the tokens that the pieces cover at least by half.
fn covered(tokens: &[(usize, usize)], pieces: &[(usize, usize)]) -> BTreeSet<usize> {
    let mut shares: HashMap<usize, usize> = HashMap::new();
    for &(start, end) in pieces {
        let first = tokens.partition_point(|token| token.1 <= start);
        for (i, token) in tokens.iter().enumerate().skip(first).take_while(|(_, token)| token.0 < end) {
            *shares.entry(i).or_default() += token.1.min(end) - token.0.max(start);
        }
    }
    let half = |(i, share): (usize, usize)| {
        let (start, end) = tokens.get(i)?;
        (2 * share >= end - start).then_some(i)
    };
    shares.into_iter().filter_map(half).collect()
}

fn overlaps(gold: &[BTreeSet<usize>], predicted: &[BTreeSet<usize>]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (g, own) in gold.iter().enumerate() {
        for (p, other) in predicted.iter().enumerate() {
            let shared = own.intersection(other).count();
            if shared > 0 {
                let iou = shared as f64 / (own.len() + other.len() - shared) as f64;
                found.push(Overlap { iou, gold: g, predicted: p });
            }
        }
    }
    sort(&mut found);
    found
}

fn same_source(gold: &[(usize, usize)], predicted: &[(usize, usize)]) -> bool {
    let overlap = |a: &(usize, usize)| predicted.iter().any(|b| a.0 < b.1 && b.0 < a.1);
    if gold.is_empty() { predicted.is_empty() } else { gold.iter().any(overlap) }
}

/// Direct if the content begins and ends with a quotation mark, mixed if it has one elsewhere.
fn kind(text: &[char], content: &[(usize, usize)]) -> Kind {
    let chars = || content.iter().filter_map(|(start, end)| text.get(*start..*end)).flatten().copied();
    let mark = |c: char| "\"“”„«»‘’'".contains(c);
    let mut inner = chars().filter(|c| !c.is_whitespace());
    let (first, last) = (inner.next(), inner.next_back());
    if first.is_some_and(mark) && last.is_some_and(mark) {
        Kind::Direct
    } else if chars().any(|c| "\"“”„«»‘".contains(c)) {
        Kind::Mixed
    } else {
        Kind::Indirect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    //                  0    5    10    16 19       28
    const TEXT: &str = "Ana said “no”. They went home, he told us.";

    fn attribution(source: &str, cue: &str, content: &str) -> Attribution {
        let of = |words: &str| {
            let at = TEXT.find(words).filter(|_| !words.is_empty());
            let start = at.map(|at| TEXT[..at].chars().count());
            start.map(|start| (start, start + words.chars().count())).into_iter().collect()
        };
        Attribution { source: of(source), cue: of(cue), content: of(content) }
    }

    fn gold() -> Vec<Attribution> {
        vec![attribution("Ana", "said", "“no”"), attribution("he", "told", "They went home")]
    }

    #[test]
    fn gold_against_itself_is_right() {
        let tally = score_article(TEXT, &gold(), &gold());
        assert_eq!(tally.end_to_end, Counts { hits: 2, predicted: 2, gold: 2 });
        assert_eq!(tally.link, Share { hits: 2, total: 2 });
        // Marks are tokens: “, no, ” and the three words.
        assert_eq!(tally.content, Counts { hits: 6, predicted: 6, gold: 6 });
        assert_eq!(tally.by_kind[0], Counts { hits: 1, predicted: 1, gold: 1 });
        assert_eq!(tally.by_kind[1], Counts { hits: 1, predicted: 1, gold: 1 });
    }

    #[test]
    fn a_hand_made_prediction() {
        let predicted = [
            // Half of the content's tokens and another source.
            attribution("us", "said", "They went"),
            attribution("", "", "told us"),
        ];
        let tally = score_article(TEXT, &gold(), &predicted);
        assert_eq!(tally.content, Counts { hits: 2, predicted: 4, gold: 6 });
        assert_eq!(tally.source, Counts { hits: 0, predicted: 1, gold: 2 });
        assert_eq!(tally.cue, Counts { hits: 1, predicted: 1, gold: 2 });
        assert_eq!(tally.link, Share { hits: 0, total: 1 });
        assert_eq!(tally.end_to_end, Counts { hits: 0, predicted: 2, gold: 2 });
        assert_eq!(tally.by_kind[1], Counts { hits: 0, predicted: 2, gold: 1 });
    }

    #[test]
    fn no_source_agrees_with_no_source_only() {
        assert!(same_source(&[], &[]));
        assert!(!same_source(&[], &[(0, 1)]));
        assert!(!same_source(&[(0, 1)], &[]));
        assert!(same_source(&[(0, 3), (8, 9)], &[(8, 10)]));
    }

    #[test]
    fn a_token_counts_from_half_on() {
        let tokens = tokens("abcd efg");
        assert_eq!(tokens, [(0, 4), (5, 8)]);
        assert_eq!(covered(&tokens, &[(2, 6)]).into_iter().collect::<Vec<_>>(), [0]);
        assert_eq!(covered(&tokens, &[(3, 4), (0, 1), (5, 7)]).len(), 2);
    }

    #[test]
    fn missing_articles_are_missed() {
        let article = AttributedText { id: "a".to_owned(), text: TEXT.to_owned(), attributions: gold() };
        let tally = score_attributions(std::slice::from_ref(&article), &[]);
        assert_eq!(tally.end_to_end, Counts { hits: 0, predicted: 0, gold: 2 });
        let tally = score_attributions(&[article], &[("x/a.txt".to_owned(), gold())]);
        assert_eq!(tally.end_to_end.f1(), 1.0);
        assert!(tally.to_string().contains("source link           1.000"));
    }
}
