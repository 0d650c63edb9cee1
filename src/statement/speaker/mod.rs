//! Who the source of a statement is: the fullest name that the article gives, and the state that the speaker serves.
//!
//! A name is matched by its surname, a description by its head word and what qualifies it, a pronoun by gender,
//! recency and place; a quotation without a source goes on with the speaker before it. Each speaker tells by which
//! rule it got its name and its country.

mod country;
mod describe;
mod names;
mod people;
mod pronoun;
mod resolve;
mod tokens;
mod vicinity;
mod why;
mod words;

use self::resolve::Resolver;
use super::assemble::Statement;
use crate::country::{Country, Gazetteer, Mention};
use crate::text::{Sentence, Span};

pub use self::why::{CountryRule, NameRule};

/// A resolved speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The mention beside the content; for a quotation that continues a speech, the mention before it.
    pub mention: Span,
    /// The fullest name that the article gives.
    pub name: String,
    /// The title or office that stands with the name.
    pub title: Option<String>,
    /// The state that the speaker speaks for.
    pub country: Option<Country>,
    /// Where the text gives that name.
    pub named_at: Span,
    /// By which rule the mention was taken for that name.
    pub named_by: NameRule,
    /// By which rule the country was found.
    pub country_by: CountryRule,
}

/// The article in which speakers are resolved.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Its text.
    pub text: &'a str,
    /// Its sentences, in order.
    pub sentences: &'a [Sentence],
    /// The countries that it names, in order.
    pub mentions: &'a [Mention],
    /// Its date, `YYYY-MM-DD`.
    pub date: Option<&'a str>,
    /// The names of countries and leaders.
    pub gazetteer: &'a Gazetteer,
}

impl Scene<'_> {
    /// The speaker of each statement; the statements are in the order of the text.
    pub fn speakers(&self, statements: &[Statement]) -> Vec<Option<Speaker>> {
        let mut speakers = Resolver::new(*self, statements).speakers();
        for speaker in speakers.iter_mut().flatten() {
            // A territory that depends on a state is none: its officials serve no state that the codebook knows.
            if speaker.country.is_some_and(Country::is_dependent) {
                (speaker.country, speaker.country_by) = (None, CountryRule::Stateless);
            }
        }
        speakers
    }

    fn sentence_of(&self, span: Span) -> usize {
        self.sentences.partition_point(|s| s.span.end <= span.start).min(self.sentences.len().saturating_sub(1))
    }

    fn paragraph_of(&self, sentence: usize) -> usize {
        self.sentences.get(sentence).map_or(0, |s| s.paragraph)
    }

    /// The span of a sentence; empty if there is none of that number.
    fn sentence(&self, index: usize) -> Span {
        self.sentences.get(index).map_or(Span::default(), |s| s.span)
    }

    /// The mentions of countries that overlap a part of the text.
    fn countries_in(&self, part: Span) -> &[Mention] {
        let from = self.mentions.partition_point(|m| m.span.end <= part.start);
        let to = self.mentions.partition_point(|m| m.span.start < part.end);
        &self.mentions[from..to.max(from)]
    }
}

#[cfg(test)]
mod tests;
