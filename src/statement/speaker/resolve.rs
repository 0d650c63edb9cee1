//! From sources to referents, in the order of the text.

use std::collections::HashMap;

use super::names::names;
use super::people::People;
use super::tokens::Words;
use super::vicinity::Vicinity;
use super::why::{CountryRule, NameRule};
use super::words::{PERSON_HEADS, has};
use super::{Scene, Speaker};
use crate::country::Country;
use crate::statement::assemble::Statement;
use crate::statement::kind::Kind;
use crate::text::Span;

/// Whom a source means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Referent {
    /// A person, by index.
    Person(usize),
    /// A collective, a body, a document or somebody without a name, by index.
    Thing(usize),
}

/// Somebody or something without a name of a person.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// The words that say best who it is.
    pub(super) words: Span,
    /// Whether one person.
    pub(super) human: bool,
    /// Whether a woman, if the words or a pronoun told.
    pub(super) woman: Option<bool>,
    /// Whether several.
    pub(super) plural: bool,
    /// The person who turned out to be meant.
    pub(super) person: Option<usize>,
}

/// A source that has been resolved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) source: Span,
    /// The sentence in which the speech ends.
    pub(super) sentence: usize,
    pub(super) referent: Referent,
    /// Whether the speaker speaks inside another's speech.
    pub(super) nested: bool,
}

/// The resolution of one article.
pub(super) struct Resolver<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) statements: &'a [Statement],
    pub(super) words: Words<'a>,
    pub(super) people: People,
    pub(super) things: Vec<Thing>,
    pub(super) heard: Vec<Heard>,
    pub(super) vicinity: Vicinity,
    /// The statement inside which each statement stands.
    pub(super) around: Vec<Option<usize>>,
    /// The first person whom the text introduces: the guest of an interview.
    protagonist: Option<usize>,
    /// The best of the names of people for whom it was looked for.
    best: HashMap<usize, usize>,
    /// What is said, piece by piece, in order.
    pub(super) pieces: Vec<Span>,
    /// For each name whether it stands in what somebody says.
    pub(super) spoken: Vec<bool>,
    /// Countries of referents, once found.
    pub(super) countries: HashMap<Referent, (Option<Country>, CountryRule)>,
}

/// Titles that tell nothing but respect.
const HONORIFICS: [&str; 9] = ["mr", "mrs", "ms", "miss", "dr", "sir", "lord", "lady", "dame"];

/// Who was found for a statement: the mention, the referent, the rule.
type Found = (Span, Referent, NameRule);

impl<'a> Resolver<'a> {
    pub(super) fn new(scene: Scene<'a>, statements: &'a [Statement]) -> Self {
        let words = Words::new(scene.text, scene.sentences);
        let names = names(&words, scene.sentences, scene.mentions);
        let mut people = People::new(names, &words);
        // Whoever is a source by a name of several words is a person or a body, and can be meant by a pronoun.
        for source in statements.iter().filter_map(|s| s.source) {
            for i in people.within(source) {
                if people.names[i].name == source
                    && source.of(scene.text).contains(' ')
                    && let Some(person) = people.of_name[i]
                {
                    people.all[person].sure = true;
                }
            }
        }
        let mut pieces: Vec<Span> = statements.iter().flat_map(|s| s.content.iter().copied()).collect();
        pieces.sort_unstable();
        let spoken = spoken(&people, &pieces);
        let protagonist = protagonist(&people);
        let vicinity = Vicinity::new(&scene, &words);
        Self {
            scene,
            statements,
            words,
            people,
            things: Vec::new(),
            heard: Vec::new(),
            vicinity,
            spoken,
            pieces,
            protagonist,
            best: HashMap::new(),
            around: around(statements),
            countries: HashMap::new(),
        }
    }

    pub(super) fn speakers(mut self) -> Vec<Option<Speaker>> {
        let mut found: Vec<Option<Found>> = vec![None; self.statements.len()];
        // A source that stands later than another is resolved after it, whatever the order of the contents.
        let place = |i: &usize| self.statements[*i].source.map_or(usize::MAX, |s| s.start);
        let mut order: Vec<usize> =
            (0..self.statements.len()).filter(|i| self.statements[*i].source.is_some()).collect();
        order.sort_by_key(place);
        let mut last: Option<(Span, Found)> = None;
        for &i in &order {
            let statement = &self.statements[i];
            let Some(source) = statement.source else { continue };
            // The second content of a source is the same speaker's.
            if let Some((span, same)) = last
                && span == source
            {
                found[i] = Some(same);
            } else if let Some((referent, rule)) = self.referent(i, source) {
                found[i] = Some((source, referent, rule));
            }
            if let Some(hit) = found[i] {
                self.country(hit.1, source);
                self.hear(i, source, hit.1);
                last = Some((source, hit));
            }
        }
        self.inner(&order, &mut found);
        self.continued(&mut found);
        found.into_iter().map(|f| f.map(|f| self.speaker(f))).collect()
    }

    fn hear(&mut self, statement: usize, source: Span, referent: Referent) {
        let end = self.statements[statement].extent().end.max(source.end);
        let end = self.scene.sentence_of(Span::new(end.saturating_sub(1), end));
        let nested = self.around[statement].is_some();
        match self.heard.last_mut() {
            Some(last) if last.source == source => last.sentence = last.sentence.max(end),
            _ => self.heard.push(Heard { source, sentence: end, referent, nested }),
        }
        if let Referent::Person(person) = referent {
            self.introduce(person, source);
        }
    }

    /// "Kuwait's oil minister rejected the demand … 'No,' Saad al-Rashdan said": a name without any description, right
    /// after a description without a name, is that of the person described.
    fn introduce(&mut self, person: usize, source: Span) {
        let Some(known) = self.people.all.get(person) else { return };
        let names = &self.people.names;
        // A headline may have had the surname before.
        let full = known.mentions.iter().find(|m| names[**m].words.len() > 1);
        let first = full.is_some_and(|m| source.contains(names[*m].name));
        if !first {
            return;
        }
        // "Mr" describes nobody.
        let described = |role: Span| self.words.within(role).iter().any(|w| !HONORIFICS.contains(&w.plain.as_str()));
        let bare = known.mentions.iter().all(|m| !names[*m].roles().any(described));
        let sentence = self.scene.sentence_of(source);
        let mut before = self.heard.iter().rev().skip(1).filter(|h| !h.nested).take(2);
        let described = before.find_map(|h| match h.referent {
            Referent::Thing(thing) if sentence <= h.sentence + 4 => {
                let t = &self.things[thing];
                let words = t.words.of(self.scene.text).to_lowercase();
                let definite = !words.starts_with("a ") && !words.starts_with("an ");
                (t.human && t.person.is_none() && definite).then_some(thing)
            }
            _ => None,
        });
        if bare && let Some(thing) = described {
            self.things[thing].person = Some(person);
            if let Some(country) = self.countries.get(&Referent::Thing(thing)).copied() {
                self.countries.insert(Referent::Person(person), country);
            }
        }
    }

    /// Whom a source means, and by which rule; none where that depends on who speaks around it.
    fn referent(&mut self, statement: usize, source: Span) -> Option<(Referent, NameRule)> {
        let lower = source.of(self.scene.text).to_lowercase();
        match lower.as_str() {
            "he" | "him" | "his" | "himself" => {
                return Some((self.pronoun(statement, source, false), NameRule::Pronoun));
            }
            "she" | "her" | "hers" | "herself" => {
                return Some((self.pronoun(statement, source, true), NameRule::Pronoun));
            }
            "who" | "whom" | "whose" => return Some((self.relative(source), NameRule::Relative)),
            "i" | "we" | "me" | "us" | "my" | "our" => {
                return if self.around[statement].is_some() {
                    None
                } else {
                    let last = self.heard.iter().rev().find(|h| !h.nested).map(|h| h.referent);
                    let referent = last.or_else(|| self.protagonist.map(Referent::Person)).or_else(|| self.host());
                    Some((referent.unwrap_or_else(|| self.thing_of(source)), NameRule::Self_))
                };
            }
            "a" | "answer" => {
                let person = self.protagonist.map(Referent::Person);
                let referent = person.or_else(|| self.host()).unwrap_or_else(|| self.thing_of(source));
                return Some((referent, NameRule::Label));
            }
            "it" | "they" | "them" | "both" | "its" | "their" => {
                return Some((self.collective(statement, source, &lower), NameRule::Pronoun));
            }
            "which" | "that" => return Some((self.adjoining(source), NameRule::Relative)),
            _ => {}
        }
        if let Some(person) = self.named(source) {
            return Some((Referent::Person(person), NameRule::Named));
        }
        Some(self.described(source))
    }

    /// *I* and *we* inside somebody's words mean that somebody.
    fn inner(&mut self, order: &[usize], found: &mut [Option<Found>]) {
        for &i in order {
            let Some(source) = self.statements[i].source else { continue };
            if found[i].is_none() {
                let speaker = self.around[i].and_then(|outer| found[outer]);
                let referent = speaker.map_or_else(|| self.thing_of(source), |f| f.1);
                found[i] = Some((source, referent, NameRule::Self_));
            }
        }
    }

    /// Statements without a source go on with the speech before them, or, before all others, begin the next.
    fn continued(&mut self, found: &mut [Option<Found>]) {
        let mut order: Vec<usize> = (0..self.statements.len()).collect();
        order.sort_by_key(|i| self.statements[*i].extent().start);
        let mut last: Option<(usize, Found)> = None;
        let mut waiting: Vec<usize> = Vec::new();
        let bare = self.statements.iter().filter(|s| s.source.is_none()).count();
        // Where most has no source and no marks, somebody holds the floor: an interview, a declaration.
        let held = bare * 2 > self.statements.len();
        let asked = (0..self.scene.sentences.len())
            .any(|i| self.scene.sentence(i).of(self.scene.text).trim_end().ends_with('?'));
        let guest = self.protagonist.filter(|_| held && asked).map(|p| {
            let at = self.people.all[p].mentions.first().map_or(Span::default(), |m| self.people.names[*m].name);
            (at, Referent::Person(p), NameRule::Continued)
        });
        let mut floor: Option<Found> = guest;
        for i in order {
            let statement = &self.statements[i];
            if let Some(hit) = found[i] {
                let addressed = statement.source.is_some_and(|s| s.of(self.scene.text).eq_ignore_ascii_case("you"));
                if self.around[i].is_none() && !addressed {
                    last = Some((i, hit));
                    let same = floor.is_none_or(|f| self.country(f.1, f.0).0 == self.country(hit.1, hit.0).0);
                    // "The Minister: …" takes the floor, whoever else is reported there.
                    let labels = Span::new(hit.0.end, hit.0.end + 2).of(self.scene.text) == ": ";
                    if guest.is_none() && (same || labels) {
                        floor = Some(hit);
                    }
                    for w in waiting.drain(..) {
                        found[w] = Some((hit.0, hit.1, NameRule::Continued));
                    }
                }
                continue;
            }
            if statement.source.is_some() {
                continue;
            }
            let paragraph = self.scene.paragraph_of(statement.sentence);
            let label = self.label(paragraph, statement.extent().start);
            let before = if held && (asked || statement.kind != Kind::Direct) {
                floor
            } else {
                last.map(|(_, hit)| hit).or(floor)
            };
            let hit = label.or(before.map(|hit| (hit.0, hit.1, NameRule::Continued)));
            found[i] = hit;
            match hit {
                Some(hit) => last = Some((i, hit)),
                None => waiting.push(i),
            }
        }
        for w in waiting {
            found[w] = self.protagonist.map(|p| {
                let at = self.people.all[p].mentions.first().map_or(Span::default(), |m| self.people.names[*m].name);
                (at, Referent::Person(p), NameRule::Continued)
            });
        }
    }

    /// Who speaks by the label of a line: "MR. HALLORAN: …", "A: …".
    fn label(&mut self, paragraph: usize, before: usize) -> Option<Found> {
        let first = self.scene.sentences.partition_point(|s| s.paragraph < paragraph);
        let start = self.scene.sentences.get(first)?.span.start;
        let line = Span::new(start, before.max(start)).of(self.scene.text);
        let end = line.bytes().take(60).position(|b| b == b':').filter(|at| line[*at..].starts_with(": "))?;
        let label = Span::new(start, start + end);
        let text = label.of(self.scene.text);
        if end > 50 || !text.starts_with(char::is_uppercase) || text.split(' ').count() > 5 {
            return None;
        }
        if matches!(text, "A" | "Answer" | "ANSWER") {
            return self.protagonist.map(|p| (label, Referent::Person(p), NameRule::Label));
        }
        let person = self.named(label)?;
        Some((label, Referent::Person(person), NameRule::Label))
    }

    /// Whom the first lines describe, where nobody is named: "Press briefing by the Spokesperson".
    fn host(&mut self) -> Option<Referent> {
        let head = Span::new(0, self.scene.sentence(2).end);
        let range = self.words.range(head);
        let at = range.clone().find(|i| PERSON_HEADS.has(&self.words.all[*i].plain))?;
        let all = &self.words.all;
        let the = at > range.start && self.words.gap(at) == Some(" ") && all[at - 1].plain == "the";
        let start = (range.start..at - usize::from(the && at > 0)).rev();
        let start =
            start.take_while(|i| self.words.gap(i + 1) == Some(" ") && all[*i].capital() && !the).last().unwrap_or(at);
        let start = all[if the { at - 1 } else { start }].span.start;
        // "the Minister of Home Affairs".
        let run = (at + 1..range.end.min(at + 8)).take_while(|i| {
            self.words.gap(*i) == Some(" ") && (all[*i].capital() || has(&["of", "for", "and", "the"], &all[*i].plain))
        });
        let last = run.filter(|i| all[*i].capital()).last().unwrap_or(at);
        let end = all[last].span.end;
        Some(self.thing_of(Span::new(start, end)))
    }

    /// The fullest of a person's names, the first of those.
    fn best_name(&mut self, person: usize) -> Option<usize> {
        if let Some(known) = self.best.get(&person) {
            return Some(*known);
        }
        let size = |i: &&usize| {
            let n = &self.people.names[**i];
            (n.words.len(), n.role.is_some(), n.span().len(), std::cmp::Reverse(n.name.start))
        };
        let best = *self.people.all.get(person)?.mentions.iter().max_by_key(size)?;
        self.best.insert(person, best);
        Some(best)
    }

    /// The speaker that a referent is, by the name that the text gives best.
    fn speaker(&mut self, (mention, referent, named_by): Found) -> Speaker {
        let (country, country_by) = self.country(referent, mention);
        let person = match referent {
            Referent::Person(person) => Some(person),
            Referent::Thing(thing) => self.things[thing].person,
        };
        let text = self.scene.text;
        let best = person.and_then(|p| self.best_name(p)).map(|i| &self.people.names[i]);
        let (named_at, title) = match (best, referent) {
            (Some(best), _) => {
                let title = best.role.or(best.after).map(|r| r.of(text).trim_matches([' ', ',']).to_owned());
                (best.seat.map_or(best.span(), |seat| best.span().cover(seat)), title)
            }
            (None, Referent::Thing(thing)) => (self.things[thing].words, None),
            (None, Referent::Person(_)) => (mention, None),
        };
        let named_by = if matches!(referent, Referent::Thing(_)) && person.is_some() && named_by == NameRule::Words {
            NameRule::Role
        } else {
            named_by
        };
        let name = named_at.of(text).to_owned();
        Speaker { mention, name, title, country, named_at, named_by, country_by }
    }
}

/// The first person whom the text introduces, apart from who wrote it: the guest of an interview.
fn protagonist(people: &People) -> Option<usize> {
    let candidates = || (0..people.names.len()).filter(|i| !people.names[*i].byline).filter_map(|i| people.of_name[i]);
    candidates().find(|p| people.all[*p].sure).or_else(|| candidates().next())
}

/// For each name whether it stands in what somebody says.
fn spoken(people: &People, pieces: &[Span]) -> Vec<bool> {
    let (mut reach, mut next) = (0, 0);
    let inside = people.names.iter().map(|n| {
        while next < pieces.len() && pieces[next].start <= n.name.start {
            reach = reach.max(pieces[next].end);
            next += 1;
        }
        n.name.start < reach
    });
    inside.collect()
}

/// For each statement the smallest other one inside a piece of whose content it stands.
fn around(statements: &[Statement]) -> Vec<Option<usize>> {
    let mut pieces: Vec<(Span, usize)> = Vec::new();
    for (i, statement) in statements.iter().enumerate() {
        pieces.extend(statement.content.iter().map(|c| (*c, i)));
    }
    pieces.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut order: Vec<usize> = (0..statements.len()).collect();
    order.sort_by_key(|i| (statements[*i].extent().start, std::cmp::Reverse(statements[*i].extent().end)));
    let mut out = vec![None; statements.len()];
    let mut open: Vec<(Span, usize)> = Vec::new();
    let mut next = 0;
    for i in order {
        let own = statements[i].extent();
        while next < pieces.len() && pieces[next].0.start <= own.start {
            while open.last().is_some_and(|(span, _)| span.end <= pieces[next].0.start) {
                open.pop();
            }
            open.push(pieces[next]);
            next += 1;
        }
        // Pieces nest in each other; few are open at a time.
        out[i] = open
            .iter()
            .rev()
            .take(6)
            .find(|(span, other)| {
                *other != i
                    && span.contains(own)
                    && (span.len() > own.len() || *other < i && statements[*other].layer < statements[i].layer)
            })
            .map(|(_, other)| *other);
    }
    out
}
