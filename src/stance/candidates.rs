//! Which countries a statement may be about.

use std::ops::Range;

use crate::country::{Country, Mention};
use crate::text::{Sentence, Span};

/// Where a candidate country is named, nearest place first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In the content.
    Content,
    /// In the source or the cue.
    Tag,
    /// Elsewhere in a sentence of the statement.
    Sentence,
    /// Earlier in its paragraph.
    Paragraph,
    /// One or two sentences before, in another paragraph.
    Near,
    /// Three to [`REACH`] sentences before.
    Far,
    /// In the headline alone.
    Headline,
    /// Nowhere near, but the speaker's own country.
    Own,
}

impl Place {
    /// The place in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "named in the content",
            Self::Tag => "named in the source or the cue",
            Self::Sentence => "named in the sentence",
            Self::Paragraph => "named earlier in the paragraph",
            Self::Near => "named one or two sentences before",
            Self::Far => "named some sentences before",
            Self::Headline => "named in the headline",
            Self::Own => "the speaker's own country",
        }
    }
}

/// Sentences before a statement in which a country that it points to is looked for.
pub const REACH: usize = 8;
/// Countries that are considered although the statement's sentences do not name them.
const POINTED_TO: usize = 4;
/// Countries of the headline that are considered although nothing nearer names them.
const HEADLINE: usize = 2;

/// A country that a statement may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The country.
    pub country: Country,
    /// Its nearest place.
    pub place: Place,
    /// Its mentions in that place; of a place before the statement, the last two.
    pub mentions: Vec<Span>,
    /// All its mentions near the statement, from one sentence before on.
    pub all_mentions: Vec<Span>,
    /// Mentions of other countries near the statement.
    pub others: Vec<Span>,
    /// 0 if the content names it, else its rank by nearness among those that it does not name, from 1.
    pub rank: usize,
    /// Countries that the content names.
    pub named: usize,
    /// The sentences that the content touches.
    pub sentences: Range<usize>,
}

impl Candidate {
    /// The facts that the stance head is told, given whether the speaker's country is this one.
    pub fn features(&self, speaker: Option<Country>) -> [u8; 4] {
        let own = match speaker {
            None => 0,
            Some(c) if c == self.country => 1,
            Some(_) => 2,
        };
        [self.place as u8, own, self.rank.min(3) as u8, self.named.min(3) as u8]
    }
}

/// An article's sentences and mentions, as candidates are looked for in them.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// In order.
    pub sentences: &'a [Sentence],
    /// In order.
    pub mentions: &'a [Mention],
}

impl Surroundings<'_> {
    /// The sentences that a span touches; the nearest one if it lies between two.
    pub fn sentences_of(&self, span: Span) -> Range<usize> {
        let start = self.sentences.partition_point(|s| s.span.end <= span.start);
        let end = self.sentences.partition_point(|s| s.span.start < span.end);
        let start = start.min(self.sentences.len().saturating_sub(1));
        start..end.max(start + 1).min(self.sentences.len())
    }

    /// The candidates of a statement, nearest place first.
    pub fn candidates(
        &self,
        content: &[Span],
        cue: Option<Span>,
        source: Option<Span>,
        speaker: Option<Country>,
    ) -> Vec<Candidate> {
        let Some(whole) = content.iter().copied().reduce(Span::cover) else { return Vec::new() };
        let sentences = self.sentences_of(whole);
        if sentences.is_empty() {
            return Vec::new();
        }
        let first = sentences.start.saturating_sub(REACH);
        let near = self.mentions_between(first, sentences.end);
        let mut found: Vec<(Place, Country, Vec<Span>)> = Vec::new();
        let headline = if first > 0 { self.mentions_between(0, 1) } else { &[] };
        for mention in headline.iter().chain(near).filter(|m| !m.country.is_dependent()) {
            let place = self.place(mention.span, content, cue, source, &sentences);
            match found.iter_mut().find(|(_, c, _)| *c == mention.country) {
                Some((p, _, spans)) if *p == place => spans.push(mention.span),
                Some((p, _, _)) if *p < place => {}
                Some(entry) => *entry = (place, mention.country, vec![mention.span]),
                None => found.push((place, mention.country, vec![mention.span])),
            }
        }
        if let Some(country) = speaker
            && !country.is_dependent()
            && !found.iter().any(|(_, c, _)| *c == country)
        {
            found.push((Place::Own, country, Vec::new()));
        }
        // Nearest place first, and within a place before the statement the one named last.
        let last = |spans: &[Span]| spans.last().map_or(0, |s| s.start);
        found.sort_by_key(|(place, _, spans)| {
            (*place, if *place < Place::Paragraph { last(spans) } else { usize::MAX - last(spans) })
        });
        let named = found.iter().filter(|(p, _, _)| *p == Place::Content).count();
        let (mut pointed, mut headlines) = (0, 0);
        found.retain(|(place, _, _)| match place {
            Place::Paragraph | Place::Near | Place::Far => {
                pointed += 1;
                pointed <= POINTED_TO
            }
            Place::Headline => {
                headlines += 1;
                headlines <= HEADLINE
            }
            _ => true,
        });
        let beside = self.mentions_between(sentences.start.saturating_sub(1), sentences.end);
        found
            .into_iter()
            .enumerate()
            .map(|(i, (place, country, mut mentions))| {
                if place >= Place::Paragraph && mentions.len() > 2 {
                    mentions.drain(..mentions.len() - 2);
                }
                let (own, others): (Vec<_>, Vec<_>) = beside.iter().partition(|m| m.country == country);
                let spans = |mentions: Vec<&Mention>| mentions.into_iter().map(|m| m.span).collect();
                Candidate {
                    country,
                    place,
                    mentions,
                    all_mentions: spans(own),
                    others: spans(others),
                    rank: if place == Place::Content { 0 } else { i + 1 - named },
                    named,
                    sentences: sentences.clone(),
                }
            })
            .collect()
    }

    fn mentions_between(&self, first: usize, end: usize) -> &[Mention] {
        let (Some(from), Some(to)) =
            (self.sentences.get(first), end.checked_sub(1).and_then(|e| self.sentences.get(e)))
        else {
            return &[];
        };
        let start = self.mentions.partition_point(|m| m.span.start < from.span.start);
        let end = self.mentions.partition_point(|m| m.span.start < to.span.end);
        &self.mentions[start..end.max(start)]
    }

    fn place(
        &self,
        mention: Span,
        content: &[Span],
        cue: Option<Span>,
        source: Option<Span>,
        sentences: &Range<usize>,
    ) -> Place {
        if content.iter().any(|c| c.overlaps(mention)) {
            return Place::Content;
        }
        if cue.into_iter().chain(source).any(|s| s.overlaps(mention)) {
            return Place::Tag;
        }
        let at = self.sentences_of(mention).start;
        if sentences.contains(&at) {
            return Place::Sentence;
        }
        let paragraph = |i: usize| self.sentences.get(i).map(|s| s.paragraph);
        let back = sentences.start.saturating_sub(at);
        if back > REACH {
            Place::Headline
        } else if paragraph(at) == paragraph(sentences.start) {
            Place::Paragraph
        } else if back <= 2 {
            Place::Near
        } else {
            Place::Far
        }
    }
}
