//! Baselines without a model, to measure what the model adds: quotation marks and reporting verbs for statements, key
//! words for stances.

use std::collections::BTreeSet;

use super::article::{Article, Statement};
use crate::country::Mention;
use crate::stance::Stance;
use crate::statement::Kind;
use crate::text::{CodePoints, Span, quotations, sentences};

/// A way to find statements without a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Every quotation of at least four words, sentence by sentence; no stances.
    Quotations,
    /// Every sentence with a reporting or performative verb, from after the verb to its end, or its longer quotation; each country
    /// that it names gets the stances of the sentence's key words.
    Keywords,
}

/// Reporting verbs without a stance.
const REPORT: [&str; 36] = [
    "said",
    "says",
    "told",
    "tells",
    "added",
    "adds",
    "noted",
    "stated",
    "announced",
    "insisted",
    "argued",
    "claimed",
    "believes",
    "believed",
    "wrote",
    "warned",
    "warns",
    "denied",
    "denies",
    "hopes",
    "hoped",
    "expects",
    "expected",
    "vowed",
    "pledged",
    "promised",
    "suggested",
    "confirmed",
    "acknowledged",
    "explained",
    "declared",
    "described",
    "called",
    "stressed",
    "according",
    "reported",
];

/// Words of a refusal, of blame and of a demand, in the order of [`Stance::ALL`].
const STANCE: [&[&str]; 3] = [
    &[
        "reject",
        "rejects",
        "rejected",
        "rejecting",
        "refuse",
        "refuses",
        "refused",
        "dismiss",
        "dismisses",
        "dismissed",
        "deny",
        "denied",
        "denies",
        "declined",
        "ruled",
        "rules",
        "unacceptable",
        "never",
        "opposes",
        "opposed",
        "rebuffed",
        "spurned",
    ],
    &[
        "accuse",
        "accuses",
        "accused",
        "accusing",
        "blame",
        "blames",
        "blamed",
        "blaming",
        "condemn",
        "condemns",
        "condemned",
        "criticised",
        "criticized",
        "criticises",
        "criticizes",
        "denounced",
        "denounces",
        "violated",
        "violation",
        "aggression",
        "illegal",
        "crime",
        "deplored",
        "slammed",
    ],
    &[
        "urge",
        "urges",
        "urged",
        "urging",
        "call",
        "calls",
        "called",
        "demand",
        "demands",
        "demanded",
        "asked",
        "asks",
        "must",
        "should",
        "appealed",
        "appeals",
        "request",
        "requested",
        "pressed",
        "ought",
    ],
];

/// Fewest words of a quotation that counts as a statement.
const QUOTED_WORDS: usize = 4;

/// Words of a span with their places.
fn words(text: &str, span: Span) -> impl Iterator<Item = (Span, String)> + '_ {
    let part = span.of(text);
    part.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(move |word| {
        let start = span.start + (word.as_ptr() as usize - part.as_ptr() as usize);
        (Span::new(start, start + word.len()), word.to_lowercase())
    })
}

/// What a baseline finds in a text in which the given countries are mentioned.
pub fn baseline(kind: Baseline, id: &str, text: &str, mentions: &[Mention]) -> Article {
    let index = CodePoints::new(text);
    let statement = |content: Span, kind, stances| {
        let span = index.span(content);
        Statement { kind, content: std::iter::once(span.0..span.1).collect(), name: None, country: None, stances }
    };
    let mut statements = Vec::new();
    let all = sentences(text);
    let mut paragraph: Option<(usize, Vec<Span>)> = None;
    for sentence in &all {
        if paragraph.as_ref().is_none_or(|(p, _)| *p != sentence.paragraph) {
            let same = all.iter().filter(|s| s.paragraph == sentence.paragraph).map(|s| s.span);
            let whole = same.reduce(Span::cover).unwrap_or_default();
            paragraph = Some((sentence.paragraph, quotations(text, whole)));
        }
        let quoted = paragraph.as_ref().map(|(_, q)| q.as_slice()).unwrap_or_default();
        let inside = |q: &Span| Span::new(q.start.max(sentence.span.start), q.end.min(sentence.span.end));
        let overlapping = quoted.iter().filter(|q| q.start < sentence.span.end && q.end > sentence.span.start);
        let quoted: Vec<Span> = overlapping.map(inside).filter(|q| words(text, *q).count() >= QUOTED_WORDS).collect();
        if kind == Baseline::Quotations {
            statements.extend(quoted.into_iter().map(|q| statement(q, Kind::Direct, BTreeSet::new())));
            continue;
        }
        let found: Vec<(Span, String)> = words(text, sentence.span).collect();
        let stances: Vec<Stance> = Stance::ALL
            .into_iter()
            .zip(STANCE)
            .filter(|(_, list)| found.iter().any(|(_, word)| list.contains(&word.as_str())))
            .map(|(stance, _)| stance)
            .collect();
        let reporting = |word: &str| REPORT.contains(&word) || STANCE.iter().any(|list| list.contains(&word));
        let Some((verb, _)) = found.iter().find(|(_, word)| reporting(word)) else { continue };
        let (kind, content) = match quoted.iter().max_by_key(|q| q.len()) {
            Some(q) => (Kind::Direct, *q),
            None => (Kind::Indirect, Span::new(verb.end, sentence.span.end)),
        };
        if content.of(text).trim().is_empty() {
            continue;
        }
        let named = mentions.iter().filter(|m| content.contains(m.span)).map(|m| m.country);
        let toward = named.flat_map(|country| stances.iter().map(move |stance| (country, *stance)));
        statements.push(statement(content, kind, toward.collect()));
    }
    Article { id: id.to_owned(), statements }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::Gazetteer;

    fn find(kind: Baseline, text: &str) -> Vec<(String, usize)> {
        let article = baseline(kind, "a", text, &Gazetteer::builtin().mentions(text, None));
        let of = |s: &Statement| text.chars().skip(s.content[0].start).take(s.content[0].len()).collect();
        article.statements.iter().map(|s| (of(s), s.stances.len())).collect()
    }

    #[test]
    fn quotations_are_statements_and_key_words_stances() {
        let text = "Peru urged Chile to leave. \"We will not go to any court,\" the minister said. It rained.";
        assert_eq!(find(Baseline::Quotations, text), [("\"We will not go to any court,\"".to_owned(), 0)]);
        let both = find(Baseline::Keywords, text);
        assert_eq!(both[0], (" Chile to leave.".to_owned(), 1));
        assert_eq!(both[1], ("\"We will not go to any court,\"".to_owned(), 0));
        assert_eq!(both.len(), 2);
    }
}
