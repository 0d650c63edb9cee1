//! The state that a speaker serves.

use super::resolve::{Referent, Resolver};
use super::why::CountryRule;
use super::words::{AMERICAN, ANALYSTS, MISSIONS, OFFICES, PLAIN_OFFICES, STATE_WORDS, STATELESS, STATES, has};
use crate::country::{Country, Form, Mention};
use crate::text::Span;

/// Sentences of a paragraph back to which the state in question is looked for.
const SENTENCES: usize = 40;

type Found = (Option<Country>, CountryRule);

impl Resolver<'_> {
    /// The country of a referent, and the rule; the same for every mention of it.
    pub(super) fn country(&mut self, referent: Referent, source: Span) -> Found {
        if let Some(known) = self.countries.get(&referent) {
            return *known;
        }
        let found = match referent {
            Referent::Person(person) => self.country_of_person(person, source),
            Referent::Thing(thing) => match self.things[thing].person {
                Some(person) => self.country(Referent::Person(person), source),
                None => self.country_of_words(self.things[thing].words, source),
            },
        };
        self.countries.insert(referent, found);
        found
    }

    fn country_of_words(&mut self, words: Span, source: Span) -> Found {
        // "Ms Ruiz's spokesman" serves whom Ms Ruiz serves.
        let owner = self
            .people
            .within(words)
            .find(|i| self.words.all[self.people.names[*i].words.clone()].last().is_some_and(|w| w.possessive()));
        if let Some(person) = owner.and_then(|i| self.people.of_name[i]) {
            return self.country(Referent::Person(person), source);
        }
        if let Some(found) = self.told(words) {
            return found;
        }
        let lower = words.of(self.scene.text).to_lowercase();
        if let Some(country) = self.scene.gazetteer.office_country(words.of(self.scene.text)) {
            return (Some(country), CountryRule::Office);
        }
        let all = self.words.within(words);
        if all.iter().any(|w| ANALYSTS.has(&w.plain)) {
            return (None, CountryRule::Unknown);
        }
        let owned = ["its ", "their ", "his ", "her "].iter().any(|p| lower.starts_with(p));
        if !owned && let Some(country) = self.office(&lower) {
            return (Some(country), CountryRule::Office);
        }
        let state = all.iter().any(|w| STATE_WORDS.has(&w.plain) || w.plain.contains("minist"));
        let own = self.description(words);
        let human = super::describe::is_human(&own.head);
        if !human && !state && !owned {
            return (None, CountryRule::Unknown);
        }
        self.near(words, if owned { CountryRule::Possessive } else { CountryRule::Vicinity })
    }

    fn country_of_person(&self, person: usize, source: Span) -> Found {
        let Some(known) = self.people.all.get(person) else { return (None, CountryRule::Unknown) };
        let names = || known.mentions.iter().map(|i| &self.people.names[*i]);
        // "Senator Roy Kittredge of Georgia" is no senator of Tbilisi.
        let american = |n: &super::names::NameMention| {
            let seat = n.seat.or(n.after).is_some_and(|s| self.words.within(s).iter().any(|w| STATES.has(&w.plain)));
            let title = n.role.is_some_and(|r| self.words.within(r).iter().any(|w| AMERICAN.has(&w.plain)));
            title && seat
        };
        if names().any(american) {
            return (Country::new("USA"), CountryRule::Office);
        }
        // What stands before the name, the first place first.
        if let Some(found) = names().filter_map(|n| n.role).find_map(|role| self.told(role)) {
            return found;
        }
        for name in names() {
            let leads = self.scene.countries_in(name.name).iter().find(|m| m.form == Form::Leader);
            let leader =
                || self.scene.gazetteer.leader(name.name.of(self.scene.text), self.scene.date).map(|l| l.country);
            if let Some(country) = leads.map(|m| m.country).or_else(leader) {
                return (Some(country), CountryRule::Leader);
            }
        }
        if let Some(found) = names().filter_map(|n| n.after).find_map(|role| self.told(role)) {
            return found;
        }
        for role in names().flat_map(|n| n.roles()) {
            if let Some(country) = self.scene.gazetteer.office_country(role.of(self.scene.text)) {
                return (Some(country), CountryRule::Office);
            }
        }
        let first = names().find(|n| n.roles().next().is_some()).or_else(|| names().next());
        let at = first.map_or(source, |n| n.span());
        let lower = at.of(self.scene.text).to_lowercase();
        let owned = ["its ", "their ", "his ", "her "].iter().any(|p| lower.starts_with(p));
        if !owned
            && let Some(country) = names().find_map(|n| {
                let role = n.role.or(n.after)?.of(self.scene.text).to_lowercase();
                self.office(&role)
            })
        {
            return (Some(country), CountryRule::Office);
        }
        self.near(at, if owned { CountryRule::Possessive } else { CountryRule::Vicinity })
    }

    fn near(&self, at: Span, rule: CountryRule) -> Found {
        let country = self.in_question(at, rule == CountryRule::Possessive);
        (country, if country.is_some() { rule } else { CountryRule::Unknown })
    }

    /// What a phrase says about the country of whom it describes: one, none for good, or nothing.
    fn told(&self, phrase: Span) -> Option<Found> {
        let text = self.scene.text;
        let inside = self.scene.countries_in(phrase);
        let lower = format!("{} ", phrase.of(text).to_lowercase());
        let body = STATELESS.iter().filter_map(|b| find_word(&lower, b)).min();
        let body = body.filter(|_| !lower.contains("national security council"));
        let mission = self.words.within(phrase).iter().any(|w| MISSIONS.has(&w.plain));
        let before = |m: &Mention| Span::new(phrase.start, m.span.start.max(phrase.start)).of(text).to_lowercase();
        // "the Omani ambassador to Peru", "an envoy in Kabul": the place or the counterpart of a mission.
        let counterpart = |m: &&Mention| {
            let before = before(m);
            let before = before.strip_suffix("the ").unwrap_or(&before);
            let last = before.trim_end().rsplit(' ').next().unwrap_or("");
            if mission {
                has(&["to", "on", "against", "with", "in", "for", "at"], last)
            } else {
                has(&["on", "against", "with"], last)
            }
        };
        let first = inside.iter().find(|m| !counterpart(m));
        match (first, body) {
            (Some(m), Some(at)) if phrase.start + at < m.span.start => Some((None, CountryRule::Stateless)),
            (None, Some(_)) => Some((None, CountryRule::Stateless)),
            (None, None) => None,
            (Some(first), _) => {
                let next = inside.iter().find(|m| m.span.start >= first.span.end && m.country != first.country);
                let joined = next.is_some_and(|next| {
                    let gap = Span::new(first.span.end, next.span.start).of(text);
                    matches!(gap, " and " | ", " | " and the " | ", and " | " or " | " & ")
                });
                if joined { Some((None, CountryRule::Several)) } else { Some((Some(first.country), CountryRule::Own)) }
            }
        }
    }

    fn is_person(&self, referent: Referent) -> bool {
        match referent {
            Referent::Person(_) => true,
            Referent::Thing(thing) => self.things[thing].human,
        }
    }

    /// The state in question at a place: that with which the sentence or one before it in the paragraph begins, that of
    /// the dateline, the one whose own politics the article speaks of, that with which the headline begins, at last the
    /// first that is named. `owned`: whose *his* or *its* speaks of, if somebody or something was before.
    pub(super) fn in_question(&self, at: Span, owned: bool) -> Option<Country> {
        let sentence = self.scene.sentence_of(at);
        let paragraph = self.scene.paragraph_of(sentence);
        let opening = |i: usize| {
            let (country, span) = (*self.vicinity.opening.get(i)?)?;
            (span.end <= at.start).then_some(country)
        };
        let begin = self.scene.sentences.partition_point(|s| s.paragraph < paragraph);
        if owned {
            // "his deputy" serves whom the last speaker serves; "its deputy", the country or body spoken of last.
            let personal = ["his ", "her "].iter().any(|p| at.of(self.scene.text).to_lowercase().starts_with(p));
            let heard = self
                .heard
                .iter()
                .rev()
                .filter(|h| !h.nested && h.source.start < at.start)
                .take(3)
                .find(|h| sentence.saturating_sub(h.sentence) <= 2 && (personal == self.is_person(h.referent)));
            let theirs = heard.map(|h| (h.sentence, self.countries.get(&h.referent).and_then(|f| f.0)));
            let subject = (sentence.saturating_sub(2)..=sentence).rev().find_map(|i| Some((i, opening(i)?)));
            let found = match (theirs, subject) {
                (Some((at, Some(country))), Some((i, _))) if personal || at >= i => Some(country),
                (_, Some((_, country))) => Some(country),
                (Some((_, country)), None) => country,
                (None, None) => None,
            };
            if found.is_some() {
                return found;
            }
        }
        (begin..=sentence)
            .rev()
            .take(SENTENCES)
            .find_map(opening)
            .or(self.vicinity.dateline)
            .or(self.vicinity.politics)
            .or_else(|| self.vicinity.opening.iter().take(2).flatten().next().map(|o| o.0))
            .or_else(|| self.scene.mentions.first().map(|m| m.country))
    }
}

impl Resolver<'_> {
    /// The country in which an office is at home, unless the article comes from another.
    fn office(&self, role: &str) -> Option<Country> {
        let country =
            OFFICES.iter().find(|(words, _)| find_word(role, words).is_some()).and_then(|(_, c)| Country::new(c))?;
        let named =
            self.vicinity.named.contains(&country) || PLAIN_OFFICES.iter().any(|w| find_word(role, w).is_some());
        self.vicinity.dateline.map_or(named, |d| d == country).then_some(country)
    }
}

/// Where a phrase stands in a text at the borders of words.
fn find_word(text: &str, phrase: &str) -> Option<usize> {
    let phrase = phrase.trim_end();
    text.match_indices(phrase).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric()) && after.is_none_or(|c| !c.is_alphanumeric())
    })
}
