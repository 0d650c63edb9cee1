//! Sources that name or describe somebody.

use super::names::gender;
use super::resolve::{Referent, Resolver, Thing};
use super::tokens::Word;
use super::why::NameRule;
use super::words::{DOCUMENTS, LESSER, PERSON_HEADS, SAME_OFFICE, has};
use crate::country::{Country, Form};
use crate::text::Span;

/// Names and descriptions on either side that are compared with a description.
const REACH: usize = 60;
/// Words that begin a description.
const DETERMINERS: &[&str] = &["the", "a", "an", "that", "this", "its", "his", "her", "their", "my", "our", "your"];
/// Words after which a description goes on with what its head word is of.
const LINKS: &[&str] =
    &["for", "of", "in", "at", "from", "to", "who", "with", "on", "that", "which", "whose", "by", "near"];

/// A description in its parts.
#[derive(Clone, Debug)]
pub(super) struct Description {
    /// The last word before what qualifies it: *spokesman* in "a spokesman for the ministry".
    pub(super) head: String,
    /// The other words that say something.
    qualifiers: Vec<String>,
    /// Whether it means somebody whom the reader knows: *the minister*, *Peru's minister*, *its minister*.
    definite: bool,
    /// The country that it names.
    country: Option<Country>,
}

impl Resolver<'_> {
    /// The person whom a source names.
    pub(super) fn named(&self, source: Span) -> Option<usize> {
        let text = self.scene.text;
        let lower = source.of(text).to_lowercase();
        // "a reader in El Paso, who …": what follows is about the speaker, and names others.
        let clause = [", who", ", whose", ", which", " who "].iter().filter_map(|c| lower.find(c)).min();
        let end = clause.filter(|_| lower.len() == source.len()).map_or(source.end, |at| source.start + at);
        let mut hits: Vec<usize> = Vec::new();
        for i in self.people.within(Span::new(source.start, end)) {
            let n = &self.people.names[i];
            let Some(person) = self.people.of_name[i] else { continue };
            if n.name.end > source.end {
                continue;
            }
            let start = n.start().max(source.start);
            let lead = self.words.within(Span::new(source.start, start));
            let after = Span::new(n.name.end, end).of(text);
            // "Mr Palma's deputy" is not Mr Palma.
            let owner = (after.starts_with("'s") || after.starts_with("’s"))
                && after.chars().filter(|c| c.is_alphabetic()).count() > 1;
            // "a spokesman for Ana Ruiz" is not Ana Ruiz.
            let linked = lead.last().is_some_and(|w| has(LINKS, &w.plain) || has(&["and", "between"], &w.plain));
            let gap = lead.last().map(|w| Span::new(w.span.end, start).of(text));
            let apposed =
                gap.is_none_or(|g| g.starts_with(',') || g == " " && n.role.is_some() || g.contains(['(', ':']));
            let adjective =
                lead.iter().all(|w| has(DETERMINERS, &w.plain) || !w.capital()) && self.people.all[person].sure;
            if !owner && (lead.is_empty() || !linked && (apposed || adjective)) {
                hits.push(i);
            }
        }
        let first = *hits.first()?;
        let person = self.people.of_name[first];
        // "Ana Ruiz and Omar Said": two people, who are described by both names.
        let other = hits.iter().skip(1).find(|i| self.people.of_name[**i] != person);
        if let Some(other) = other {
            let gap = Span::new(self.people.names[first].name.end, self.people.names[*other].start()).of(text);
            if gap.ends_with(" and ") || gap == ", " {
                return None;
            }
        }
        person.or_else(|| self.people.called(source, &self.words))
    }

    /// The head word, qualifiers and country of a description.
    pub(super) fn description(&self, source: Span) -> Description {
        let all = self.words.within(source);
        let start = usize::from(all.first().is_some_and(|w| has(DETERMINERS, &w.plain)));
        let comma = |i: usize| {
            i > 0 && Span::new(all[i - 1].span.end, all[i].span.start).of(self.scene.text).contains([',', '('])
        };
        let end =
            (start..all.len()).find(|i| *i > start && (has(LINKS, &all[*i].plain) || comma(*i))).unwrap_or(all.len());
        let head = all.get(end.wrapping_sub(1)).map_or(String::new(), |w| w.plain.clone());
        let mentions = self.scene.countries_in(source);
        let named = |w: &Word<'_>| mentions.iter().any(|m| m.form != Form::Leader && m.span.overlaps(w.span));
        let qualifiers = all.iter().enumerate().filter(|(i, w)| {
            *i + 1 != end && !has(DETERMINERS, &w.plain) && !has(LINKS, &w.plain) && w.plain != "and" && !named(w)
        });
        let qualifiers = qualifiers.map(|(_, w)| w.plain.clone()).collect();
        let first = all.first();
        let definite = first.is_some_and(|w| {
            has(&["the", "that", "this", "its", "his", "her", "their", "my", "our", "your"], &w.plain)
        }) || all.iter().take(4).any(Word::possessive)
            || first.is_some_and(|w| {
                named(w) || w.capital() && PERSON_HEADS.has(&head) && !has(&["a", "an", "one", "another"], &w.plain)
            });
        Description {
            head,
            qualifiers,
            definite,
            country: mentions.iter().find(|m| m.form != Form::Leader).map(|m| m.country),
        }
    }

    /// "the minister", "the Supreme Leader", "the company".
    pub(super) fn described(&mut self, source: Span) -> (Referent, NameRule) {
        let description = self.description(source);
        let human = is_human(&description.head);
        if DOCUMENTS.has(&description.head)
            && description.definite
            && description.country.is_none()
            && let Some(issuer) = self.heard.iter().rev().find(|h| !h.nested).map(|h| h.referent)
        {
            return (issuer, NameRule::Repeated);
        }
        if description.definite
            && human
            && let Some(person) = self.bearer(&description, source)
        {
            return (Referent::Person(person), NameRule::Role);
        }
        if description.definite
            && let Some(thing) = self.repeated(&description, source)
        {
            return (Referent::Thing(thing), NameRule::Repeated);
        }
        (self.thing_of(source), NameRule::Words)
    }

    /// The person who is described elsewhere by the words of a description.
    fn bearer(&mut self, description: &Description, source: Span) -> Option<usize> {
        let at = self.people.names.partition_point(|n| n.name.start < source.start);
        let before = (at.saturating_sub(REACH)..at).rev();
        let after = at..self.people.names.len().min(at + REACH);
        let mut loose: Option<usize> = None;
        for i in before.chain(after) {
            let Some(person) = self.people.of_name[i] else { continue };
            let roles: Vec<Span> = self.people.names[i].roles().collect();
            let fit = roles.iter().map(|r| self.fit(description, *r)).max().unwrap_or(Fit::No);
            if fit == Fit::No {
                continue;
            }
            let own = description.country;
            if own.is_some() {
                let theirs = self.country(Referent::Person(person), self.people.names[i].name).0;
                if theirs.is_some() && theirs != own {
                    continue;
                }
            }
            if fit == Fit::Well {
                return Some(person);
            }
            loose = loose.or(Some(person));
        }
        loose
    }

    fn fit(&self, description: &Description, role: Span) -> Fit {
        let words = self.words.within(role);
        let office = |a: &str, b: &str| a == b || SAME_OFFICE.iter().any(|set| has(set, a) && has(set, b));
        let head = words.iter().any(|w| office(&w.plain, &description.head) && !w.possessive());
        let spokes = |w: &str| w.starts_with("spokes");
        if !head || words.iter().any(|w| spokes(&w.plain)) && !spokes(&description.head) {
            return Fit::No;
        }
        if !description.qualifiers.iter().all(|q| words.iter().any(|w| w.plain == *q)) {
            return Fit::No;
        }
        // The deputy minister is a minister only where there is no other.
        let lesser =
            words.iter().any(|w| LESSER.has(&w.plain)) && !description.qualifiers.iter().any(|q| LESSER.has(q));
        match (lesser, description.qualifiers.is_empty()) {
            (false, _) => Fit::Well,
            (true, true) => Fit::Loosely,
            (true, false) => Fit::No,
        }
    }

    /// What was described before with the same head word and no other qualifier.
    fn repeated(&mut self, description: &Description, source: Span) -> Option<usize> {
        let recent = self.things.len().saturating_sub(REACH)..self.things.len();
        for thing in recent.rev() {
            let words = self.things[thing].words;
            if words.overlaps(source) {
                continue;
            }
            let other = self.description(words);
            let countries = match (description.country, other.country) {
                (Some(a), Some(b)) => a == b,
                (Some(a), None) => self.country(Referent::Thing(thing), words).0 == Some(a),
                _ => true,
            };
            let within = |a: &[String], b: &[String]| a.iter().all(|q| b.contains(q));
            let office = description.head == other.head
                || description.head.starts_with("spokes") && other.head.starts_with("spokes");
            if office && countries && within(&description.qualifiers, &other.qualifiers) {
                return Some(thing);
            }
        }
        // "the Ministry": the body of that name with what it is for.
        if description.qualifiers.is_empty() && description.country.is_none() && self.words.within(source).len() <= 2 {
            let full = self.body(&description.head, source)?;
            return match self.thing_of(full) {
                Referent::Thing(thing) => Some(thing),
                Referent::Person(_) => None,
            };
        }
        None
    }

    /// The nearest place that names a body by a head word and what it is for: *Ministry of Health*.
    fn body(&self, head: &str, source: Span) -> Option<Span> {
        let all = &self.words.all;
        let at = self.words.range(source).start;
        let full = |i: usize| -> Option<Span> {
            if all[i].plain != head || !all[i].capital() || all[i].span.overlaps(source) {
                return None;
            }
            if !all.get(i + 1).is_some_and(|w| has(&["of", "for"], &w.plain) && self.words.gap(i + 1) == Some(" ")) {
                return None;
            }
            let small = |w: &Word<'_>| has(&["of", "for", "and", "the"], &w.plain);
            let run = (i + 1..all.len().min(i + 12)).take_while(|j| {
                self.words.gap(*j) == Some(" ") && (small(&all[*j]) || all[*j].capital()) && !all[*j - 1].possessive()
            });
            let last = run.filter(|j| all[*j].capital()).last()?;
            let the = i > 0 && all[i - 1].plain == "the" && self.words.gap(i) == Some(" ");
            Some(Span::new(all[i - usize::from(the)].span.start, all[last].span.end))
        };
        let before = (at.saturating_sub(600)..at).rev();
        before.chain(at..all.len().min(at + 300)).find_map(full)
    }

    /// A thing that is described by these words alone.
    pub(super) fn thing_of(&mut self, source: Span) -> Referent {
        let text = self.scene.text;
        let lower = source.of(text).to_lowercase();
        let clause = [", who", ", whose", ", which", " who ", " whose "].iter().filter_map(|c| lower.find(c)).min();
        // "China, the largest creditor": what is said of a country is not its name.
        let first = self.scene.countries_in(source).first().map(|m| m.span.end.saturating_sub(source.start));
        let apposed =
            first.filter(|at| lower.get(*at..).is_some_and(|r| r.starts_with(", the ") || r.starts_with(", a ")));
        let clause = clause.into_iter().chain(apposed).min();
        let cut = clause.filter(|_| lower.len() == source.len()).map_or(source.end, |at| source.start + at);
        // "China's": the owner speaks.
        let shown = Span::new(source.start, cut).of(text);
        let words = Span::new(source.start, source.start + super::tokens::trimmed(shown).len());
        let recent = self.things.len().saturating_sub(REACH)..self.things.len();
        if let Some(same) = recent.rev().find(|t| self.things[*t].words == words) {
            return Referent::Thing(same);
        }
        let description = self.description(words);
        let joined = self.words.within(words).iter().any(|w| w.plain == "and") && !is_human(&description.head);
        let leader = self.scene.countries_in(words).iter().any(|m| m.form == Form::Leader && m.span.end == words.end);
        let thing = Thing {
            words,
            human: is_human(&description.head) || leader,
            woman: gender(words.of(text)),
            plural: joined || description.head.ends_with('s') && !description.head.ends_with("ss"),
            person: None,
        };
        self.things.push(thing);
        Referent::Thing(self.things.len() - 1)
    }
}

/// How well a role fits a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Loosely,
    Well,
}

/// Whether a head word means one person.
pub(super) fn is_human(head: &str) -> bool {
    PERSON_HEADS.has(head) || head.ends_with("-old")
}
