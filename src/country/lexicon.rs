//! All phrases that are looked for, and where they stand in a text.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::Country;
use super::data::{Entry, Item};
use super::leader::Leader;
use crate::text::Span;

/// What a phrase can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Adjective,
    /// One of the people.
    Person,
    /// Several of the people.
    People,
    /// The capital, or a city that stands for the government.
    City,
    /// An organ or a building of the state.
    Organ,
    /// The full name of a leader.
    FullName,
    /// The surname of a leader.
    Surname,
}

/// One meaning of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub country: Country,
    pub kind: Kind,
    pub article: bool,
    pub only_with_article: bool,
    pub personal: bool,
}

/// A phrase. Without a reading it hides the names in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase {
    pub text: String,
    pub readings: Vec<Reading>,
    /// Whose full name or surname it is, by number.
    pub leaders: Vec<usize>,
    /// The longest other phrase that this one begins with.
    shorter: Option<usize>,
}

/// All phrases, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: Vec<Phrase>,
    /// By text in small letters.
    index: HashMap<String, usize>,
    automaton: Option<AhoCorasick>,
}

impl Lexicon {
    /// The lexicon of countries, leaders and exceptions.
    pub(super) fn new(entries: &[Entry], leaders: &[Leader], exceptions: &[&str]) -> Self {
        let mut lexicon = Self::default();
        for entry in entries {
            let mut add = |items: &mut dyn Iterator<Item = &Item>, kind| {
                items.for_each(|item| lexicon.add(entry.country, kind, item));
            };
            add(&mut entry.names.iter(), Kind::Name);
            add(&mut entry.adjectives.iter(), Kind::Adjective);
            add(&mut entry.people.iter().map(|(one, _)| one), Kind::Person);
            add(&mut entry.people.iter().map(|(_, many)| many), Kind::People);
            add(&mut entry.seats.iter(), Kind::City);
            add(&mut entry.organs.iter(), Kind::Organ);
        }
        for (number, leader) in leaders.iter().enumerate() {
            let names = leader.names.iter().map(|name| (name, Kind::FullName));
            let surnames = leader.surnames.iter().map(|(name, _)| (name, Kind::Surname));
            for (name, kind) in names.chain(surnames) {
                let reading = Reading {
                    country: leader.country,
                    kind,
                    article: false,
                    only_with_article: false,
                    personal: false,
                };
                lexicon.push(name, Some(reading), Some(number));
            }
        }
        for phrase in exceptions {
            lexicon.push(phrase, None, None);
        }
        lexicon.link();
        let texts = lexicon.phrases.iter().map(|phrase| phrase.text.as_bytes());
        lexicon.automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(texts)
            .ok();
        lexicon
    }

    fn add(&mut self, country: Country, kind: Kind, item: &Item) {
        if item.silent {
            return;
        }
        let reading = Reading {
            country,
            kind,
            article: item.article,
            only_with_article: item.only_with_article,
            personal: item.personal,
        };
        self.push(&item.text, Some(reading), None);
    }

    /// Adds a phrase in the spellings in which it is looked for.
    fn push(&mut self, text: &str, reading: Option<Reading>, leader: Option<usize>) {
        let mut texts = vec![text.to_owned()];
        if text.contains('\'') {
            texts.push(text.replace('\'', "’"));
        }
        // The automaton knows small from capital letters only in ASCII.
        if !text.is_ascii() {
            texts.push(text.to_uppercase());
        }
        for text in texts {
            let key = text.to_lowercase();
            // "US" and "us" are one to the automaton; so are "Élysée" and "ÉLYSÉE" to the index, but not to it.
            let at = match self.index.get(&key).filter(|&&at| self.phrases[at].text.eq_ignore_ascii_case(&text)) {
                Some(&at) => {
                    self.phrases[at].text = loosest(&self.phrases[at].text, &text);
                    at
                }
                None => {
                    self.phrases.push(Phrase { text, ..Phrase::default() });
                    self.index.entry(key).or_insert(self.phrases.len() - 1);
                    self.phrases.len() - 1
                }
            };
            self.phrases[at].leaders.extend(leader);
            let readings = &mut self.phrases[at].readings;
            if let Some(reading) = &reading
                && !readings.iter().any(|r| r.country == reading.country && r.kind == reading.kind)
            {
                readings.push(reading.clone());
            }
        }
    }

    fn link(&mut self) {
        let by_text: HashMap<String, usize> =
            self.phrases.iter().enumerate().map(|(i, phrase)| (phrase.text.to_ascii_lowercase(), i)).collect();
        for phrase in &mut self.phrases {
            let text = phrase.text.to_ascii_lowercase();
            let mut ends = text.char_indices().map(|(at, _)| at).skip(1).collect::<Vec<_>>();
            ends.reverse();
            phrase.shorter = ends.into_iter().find_map(|end| by_text.get(text.get(..end)?).copied());
        }
    }

    /// The phrase with this text, whatever its case.
    pub(super) fn phrase(&self, text: &str) -> Option<&Phrase> {
        self.phrases.get(*self.index.get(&text.to_lowercase())?)
    }

    /// Whether the automaton could be built.
    #[cfg(test)]
    pub(super) fn works(&self) -> bool {
        self.automaton.is_some()
    }

    /// Every place where a phrase stands as words of its own and in its case, longest phrase first, without overlap;
    /// also phrases that only hide others.
    pub(super) fn find(&self, text: &str, mut found: impl FnMut(Span, &Phrase)) {
        let Some(automaton) = &self.automaton else { return };
        // A name may be broken over two lines; the bytes keep their places.
        let flat: String = text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).collect();
        let mut at = 0;
        while let Some(hit) = automaton.find(Input::new(&flat).range(at..)) {
            let mut phrase = self.phrases.get(hit.pattern().as_usize());
            let start = hit.start();
            at = loop {
                let Some(this) = phrase else { break end_of_word(text, start) };
                let span = Span::new(start, start + this.text.len());
                if stands_alone(text, span) && in_its_case(span.of(text), &this.text) {
                    found(span, this);
                    break span.end;
                }
                phrase = this.shorter.and_then(|shorter| self.phrases.get(shorter));
            };
        }
    }
}

/// Two spellings that differ in case, as one that has small letters where either has.
fn loosest(a: &str, b: &str) -> String {
    a.chars().zip(b.chars()).map(|(a, b)| if a.is_lowercase() { a } else { b }).collect()
}

/// The end of the word that the character at `start` belongs to; the next character if it belongs to none.
fn end_of_word(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let first = rest.chars().next().map_or(1, char::len_utf8);
    let word = rest.char_indices().find(|(_, c)| !c.is_alphanumeric()).map_or(rest.len(), |(at, _)| at);
    start + word.max(first)
}

/// Whether no letter or digit touches the span.
fn stands_alone(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|t| t.chars().next_back());
    let after = text.get(span.end..).and_then(|t| t.chars().next());
    let touches = |c: char| c.is_alphanumeric() || c == '_';
    !before.is_some_and(|c| touches(c) || c == '@') && !after.is_some_and(|c| touches(c) || c == '@')
}

/// Whether `words` has a capital wherever `phrase` has one, and others only where a word begins or throughout.
fn in_its_case(words: &str, phrase: &str) -> bool {
    if words == phrase {
        return true;
    }
    let capitals = !words.chars().any(char::is_lowercase);
    let mut previous = ' ';
    words.chars().zip(phrase.chars()).all(|(own, should)| {
        let begins = !previous.is_alphanumeric();
        previous = own;
        own.is_uppercase() == should.is_uppercase() || (own.is_uppercase() && (capitals || begins))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_decides() {
        assert!(in_its_case("TURKEY", "Turkey"));
        assert!(!in_its_case("turkey", "Turkey"));
        assert!(in_its_case("Democratic Republic Of The Congo", "Democratic Republic of the Congo"));
        assert!(!in_its_case("Us", "US"));
        assert!(!in_its_case("IRaN", "Iran"));
    }

    #[test]
    fn words_stand_alone() {
        let text = "Oman, woman, Omani";
        assert!(stands_alone(text, Span::new(0, 4)));
        assert!(!stands_alone(text, Span::new(7, 11)));
        assert!(!stands_alone(text, Span::new(13, 17)));
    }
}
