//! Labelled spans and links to statements.

use super::kind::Kind;
use super::labels::{Labelled, Role};
use super::speech::complete;
use crate::text::{Sentence, Span, quotations, quoted_share};

/// One attribution of an article. Spans are bytes of its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Direct, indirect or mixed, by the quotation marks.
    pub kind: Kind,
    /// The pieces of the content, in order, at least one.
    pub content: Vec<Span>,
    /// The reporting expression.
    pub cue: Option<Span>,
    /// The mention of the speaker.
    pub source: Option<Span>,
    /// Index of the sentence in which the content begins.
    pub sentence: usize,
    /// 0 for a statement of the article, 1 for one inside another statement.
    pub layer: usize,
    /// Mean log-probability of the content's tags.
    pub score: f32,
}

impl Statement {
    /// From the first byte of the content to its last.
    pub fn extent(&self) -> Span {
        self.content.iter().copied().reduce(Span::cover).unwrap_or_default()
    }
}

/// A content with the indices of its source and its cue among the labelled spans of its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The content.
    pub content: usize,
    /// Its source.
    pub source: Option<usize>,
    /// Its cue.
    pub cue: Option<usize>,
}

/// The labelled spans of one layer and their links.
#[derive(Clone, Copy, Debug)]
pub struct LinkedLayer<'a> {
    /// In the order of the text.
    pub labelled: &'a [Labelled],
    /// One for each content.
    pub links: &'a [Linked],
}

/// Mean log-probability below which a content without source and cue is taken for a fragment.
const FRAGMENT: f32 = -0.35;
/// Intersection over union from which an inner statement is the outer one again.
const SAME: f64 = 0.7;
/// Share of a quotation's letters from which on a content that touches it means all of it.
const QUOTED: f64 = 0.6;

/// Makes statements of the linked contents of all layers, in the order of their contents.
///
/// Contents of one sentence with the same source and the same cue are pieces of one statement. A content that holds
/// most of a quotation is extended to the whole of it within the sentence, marks included. What looks like a fragment,
/// and an inner statement that repeats an outer one, is left out.
pub fn assemble(text: &str, sentences: &[Sentence], layers: &[LinkedLayer<'_>]) -> Vec<Statement> {
    let quotes = Quotations::new(text, sentences);
    let mut found: Vec<Statement> = Vec::new();
    for (layer, linked) in layers.iter().enumerate() {
        let taken: Vec<Span> = linked.labelled.iter().filter(|l| l.role != Role::Content).map(|l| l.span).collect();
        for mut statement in joined(linked, sentences, layer) {
            let Some(sentence) = sentences.get(statement.sentence) else { continue };
            let marks = quotes.of(sentence);
            for piece in &mut statement.content {
                *piece = repaired(text, *piece, sentence.span, marks, &taken);
            }
            merge_touching(text, &mut statement.content);
            let Some(share) = quoted_share(text, &statement.content, marks) else { continue };
            statement.kind = kind(share);
            let alone = statement.source.is_none() && statement.cue.is_none();
            let fragment = alone && share < 0.98 && statement.score < FRAGMENT;
            let repeated = layer > 0 && found.iter().any(|other| overlap(&other.content, &statement.content) > SAME);
            if !fragment && !repeated {
                found.push(statement);
            }
        }
    }
    found.sort_by_key(|s| (s.extent().start, std::cmp::Reverse(s.extent().end)));
    complete(text, sentences, &quotes.0, &mut found);
    found
}

/// The kind of a statement whose content stands in quotation marks to this share.
fn kind(quoted: f64) -> Kind {
    if quoted >= 0.98 {
        Kind::Direct
    } else if quoted <= 0.0 {
        Kind::Indirect
    } else {
        Kind::Mixed
    }
}

/// Statements of one layer, before any repair.
fn joined(layer: &LinkedLayer<'_>, sentences: &[Sentence], number: usize) -> Vec<Statement> {
    let mut out: Vec<(Linked, Statement)> = Vec::new();
    for link in layer.links {
        let Some(content) = layer.labelled.get(link.content) else { continue };
        let sentence = sentences.partition_point(|s| s.span.end <= content.span.start);
        let span = |i: Option<usize>| i.and_then(|i| layer.labelled.get(i)).map(|l| l.span);
        let (source, cue) = (span(link.source), span(link.cue));
        let same = |(other, s): &&mut (Linked, Statement)| {
            s.sentence == sentence
                && other.source == link.source
                && other.cue == link.cue
                && (link.source.is_some() || link.cue.is_some())
        };
        if let Some((_, statement)) = out.iter_mut().rev().take(4).find(same) {
            statement.content.push(content.span);
            statement.score = statement.score.max(content.score);
        } else {
            let statement = Statement {
                kind: Kind::Indirect,
                content: vec![content.span],
                cue,
                source,
                sentence,
                layer: number,
                score: content.score,
            };
            out.push((*link, statement));
        }
    }
    out.into_iter().map(|(_, statement)| statement).collect()
}

/// The quotations of each paragraph.
struct Quotations(Vec<(usize, Vec<Span>)>);

impl Quotations {
    fn new(text: &str, sentences: &[Sentence]) -> Self {
        let mut all: Vec<(usize, Span)> = Vec::new();
        for sentence in sentences {
            match all.last_mut() {
                Some((paragraph, span)) if *paragraph == sentence.paragraph => *span = span.cover(sentence.span),
                _ => all.push((sentence.paragraph, sentence.span)),
            }
        }
        Self(all.into_iter().map(|(paragraph, span)| (paragraph, quotations(text, span))).collect())
    }

    fn of(&self, sentence: &Sentence) -> &[Span] {
        let at = self.0.binary_search_by_key(&sentence.paragraph, |(paragraph, _)| *paragraph);
        at.ok().and_then(|at| self.0.get(at)).map_or(&[], |(_, spans)| spans.as_slice())
    }
}

/// The piece, extended to the whole of a quotation that it mostly holds or lies in, as far as the sentence goes and
/// unless a source or a cue stands there.
fn repaired(text: &str, piece: Span, sentence: Span, quotations: &[Span], taken: &[Span]) -> Span {
    let mut out = piece;
    for quotation in quotations.iter().filter(|q| q.overlaps(piece)) {
        let part = Span::new(quotation.start.max(sentence.start), quotation.end.min(sentence.end));
        if part.is_empty() || taken.iter().any(|t| t.overlaps(part)) {
            continue;
        }
        // Either most of the quotation is in the piece, or most of the piece is in the quotation.
        let held = quoted_share(text, &[part], &[piece]).unwrap_or(0.0);
        let inside = quoted_share(text, &[piece], &[part]).unwrap_or(0.0);
        if held >= QUOTED || inside >= 0.9 {
            out = out.cover(part);
        }
    }
    out
}

/// Joins pieces between which no letter or digit stands.
fn merge_touching(text: &str, pieces: &mut Vec<Span>) {
    pieces.sort_unstable();
    pieces.dedup_by(|next, last| {
        let gap = Span::new(last.end, next.start.max(last.end));
        let joined = !gap.of(text).chars().any(char::is_alphanumeric);
        if joined {
            *last = last.cover(*next);
        }
        joined
    });
}

/// Intersection over union of two contents, in bytes.
fn overlap(a: &[Span], b: &[Span]) -> f64 {
    let common: usize =
        a.iter().flat_map(|x| b.iter().map(move |y| Span::new(x.start.max(y.start), x.end.min(y.end)).len())).sum();
    let all = a.iter().chain(b).map(|s| s.len()).sum::<usize>() - common;
    if all == 0 { 0.0 } else { common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sentences;

    fn labelled(text: &str, role: Role, part: &str) -> Labelled {
        let start = text.find(part).expect("a part of the text");
        Labelled { role, span: Span::new(start, start + part.len()), tokens: 0..1, score: -0.1 }
    }

    fn run(text: &str, parts: &[(Role, &str)], links: &[Linked]) -> Vec<(Kind, Vec<String>)> {
        let labelled: Vec<_> = parts.iter().map(|(role, part)| labelled(text, *role, part)).collect();
        let layer = LinkedLayer { labelled: &labelled, links };
        let words = |s: &Statement| s.content.iter().map(|c| c.of(text).to_owned()).collect();
        assemble(text, &sentences(text), &[layer]).iter().map(|s| (s.kind, words(s))).collect()
    }

    #[test]
    fn a_cut_quotation_is_made_whole() {
        let text = "He came. \"We will never sign it,\" Ana said. They left.";
        let parts = [(Role::Content, "will never sign it"), (Role::Source, "Ana"), (Role::Cue, "said")];
        let found = run(text, &parts, &[Linked { content: 0, source: Some(1), cue: Some(2) }]);
        assert_eq!(found, [(Kind::Direct, vec!["\"We will never sign it,\"".to_owned()])]);
    }

    #[test]
    fn halves_around_a_tag_are_one_statement() {
        let text = "“No one,” she said, “wants a quarrel.”";
        let parts =
            [(Role::Content, "No one"), (Role::Source, "she"), (Role::Cue, "said"), (Role::Content, "wants a quarrel")];
        let link = |content| Linked { content, source: Some(1), cue: Some(2) };
        let found = run(text, &parts, &[link(0), link(3)]);
        assert_eq!(found, [(Kind::Direct, vec!["“No one,”".to_owned(), "“wants a quarrel.”".to_owned()])]);
    }

    #[test]
    fn a_quoted_fragment_makes_a_paraphrase_mixed() {
        let text = "She called the blockade \"an act of war\" by Serbia.";
        let parts = [(Role::Source, "She"), (Role::Cue, "called"), (Role::Content, "the blockade \"an act of")];
        let found = run(text, &parts, &[Linked { content: 2, source: Some(0), cue: Some(1) }]);
        assert_eq!(found, [(Kind::Mixed, vec!["the blockade \"an act of war\"".to_owned()])]);
    }

    #[test]
    fn doubtful_contents_need_a_source_or_a_cue() {
        let text = "The boats left. The harbour was empty.";
        let mut lone = labelled(text, Role::Content, "The harbour was");
        lone.score = -1.0;
        let links = [Linked { content: 0, source: None, cue: None }];
        let found = assemble(text, &sentences(text), &[LinkedLayer { labelled: &[lone], links: &links }]);
        assert_eq!(found, []);
    }
}
