//! Sources that are pronouns.

use super::resolve::{Referent, Resolver};
use super::tokens::Word;
use super::words::{PERSON_HEADS, has};
use crate::text::Span;

/// Sentences back in which a pronoun's name is looked for.
const REACH: usize = 6;
/// Names back among which a pronoun's is looked for, however long the sentences are.
const NAMES: usize = 64;
/// Speakers back among whom a pronoun's is looked for.
const SPEAKERS: usize = 16;

impl Resolver<'_> {
    /// *he* or *she*: who fits best by gender, recency and place.
    pub(super) fn pronoun(&mut self, statement: usize, source: Span, woman: bool) -> Referent {
        let here = self.scene.sentence_of(source);
        let nested = self.around[statement].is_some();
        let mut best: Option<(i64, Referent)> = None;
        let from = here.saturating_sub(REACH);
        // Those named in passing, the subjects of sentences, and those who spoke.
        let start = self.scene.sentence(from).start;
        let mut offers: Vec<(i64, Referent)> = Vec::new();
        let own: Vec<Span> = self.statements[statement].content.clone();
        for i in
            self.people.within(Span::new(start, source.start)).rev().take(NAMES).collect::<Vec<_>>().into_iter().rev()
        {
            let name = &self.people.names[i];
            let Some(person) = self.people.of_name[i] else { continue };
            if !self.people.all[person].sure || name.byline || own.iter().any(|c| c.contains(name.name)) {
                continue;
            }
            let d = (here - name.sentence.min(here)) as i64;
            let place = match (name.opens && !self.spoken[i], d) {
                (true, 0) => 13,
                (true, _) => 11,
                // Whom somebody speaks of is seldom who speaks next.
                _ if self.spoken[i] => 0,
                _ => 4,
            };
            offers.push((place - 6 * d, Referent::Person(person)));
        }
        for sentence in from..=here {
            if let Some(referent) = self.subject(sentence, source) {
                let d = (here - sentence) as i64;
                offers.push((if d == 0 { 12 } else { 10 - 6 * d }, referent));
            }
        }
        for heard in self.heard.iter().rev().take(SPEAKERS).filter(|h| !h.nested || nested) {
            let d = here.saturating_sub(heard.sentence) as i64;
            if heard.source.start < source.start {
                offers.push((14 - 6 * d.min(REACH as i64), heard.referent));
            }
        }
        for (score, referent) in offers {
            let told = match referent {
                Referent::Person(person) => self.people.all[person].woman,
                Referent::Thing(thing) if self.things[thing].human => self.things[thing].woman,
                Referent::Thing(_) => continue,
            };
            if told == Some(!woman) {
                continue;
            }
            let score = score + i64::from(told == Some(woman));
            if best.is_none_or(|(s, _)| score >= s) {
                best = Some((score, referent));
            }
        }
        let next = || {
            let after = self.people.names.partition_point(|n| n.name.start < source.end);
            let sure = |i: &usize| {
                let person = self.people.of_name[*i]?;
                let fits = self.people.all[person].sure && self.people.all[person].woman != Some(!woman);
                fits.then_some(Referent::Person(person))
            };
            (after..self.people.names.len().min(after + SPEAKERS)).find_map(|i| sure(&i))
        };
        let found = best.map(|(_, referent)| referent).or_else(next);
        let found = found.or_else(|| self.heard.last().map(|h| h.referent));
        let found = found.unwrap_or_else(|| self.thing_of(source));
        match found {
            Referent::Person(person) => {
                self.people.all[person].woman = self.people.all[person].woman.or(Some(woman));
            }
            Referent::Thing(thing) => self.things[thing].woman = self.things[thing].woman.or(Some(woman)),
        }
        found
    }

    /// Somebody without a name with whom a sentence begins: "The British envoy to Malawi was called in."
    fn subject(&mut self, sentence: usize, before: Span) -> Option<Referent> {
        let span = self.scene.sentence(sentence);
        let range = self.words.range(span);
        let all = &self.words.all;
        let start = range.start;
        let first = all.get(start).filter(|_| !range.is_empty())?;
        let determined = has(&["the", "a", "an", "its", "his", "her", "their", "one"], &first.plain)
            || first.possessive()
            || !self.scene.countries_in(first.span).is_empty();
        let at = self.pieces.partition_point(|p| p.start <= first.span.start);
        let said = self.pieces[at.saturating_sub(8)..at].iter().any(|p| p.contains(first.span));
        if !determined || said {
            return None;
        }
        let joined = |i: usize| i == start || self.words.gap(i) == Some(" ");
        let end = range.end.min(start + 9);
        let head = (start..end).take_while(|i| joined(*i)).find(|i| {
            PERSON_HEADS.has(&all[*i].plain)
                && !all[*i].possessive()
                && !all
                    .get(i + 1)
                    .is_some_and(|n| self.words.gap(i + 1) == Some(" ") && (PERSON_HEADS.has(&n.plain) || n.capital()))
        })?;
        // Only a head that no verb or preposition stands before.
        if all[start + 1..head]
            .iter()
            .any(|w| has(&["of", "in", "to", "for", "with", "by", "on", "at", "was", "is", "has", "and"], &w.plain))
        {
            return None;
        }
        let words = Span::new(first.span.start, all[head].span.end);
        // A name follows: the name is the subject.
        let named = self.people.names.partition_point(|n| n.name.start < words.end);
        if self.people.names.get(named).is_some_and(|n| n.role.is_some_and(|r| r.overlaps(words))) {
            return None;
        }
        if words.end > before.start {
            return None;
        }
        Some(self.described(words).0)
    }

    /// "who": the name or the description that it follows.
    pub(super) fn relative(&mut self, source: Span) -> Referent {
        let sentence = self.scene.sentence(self.scene.sentence_of(source));
        let before = Span::new(sentence.start, source.start);
        let name = self.people.within(before).rev().find(|i| self.people.of_name[*i].is_some());
        let determiner = |w: &&Word<'_>| {
            has(&["a", "an", "the", "one", "two", "three", "its", "their", "his", "her", "some", "several"], &w.plain)
        };
        let phrase = self.words.within(before).iter().rev().take(9).find(determiner).map(|w| w.span.start);
        let named = name.and_then(|i| Some((self.people.names[i].name, self.people.of_name[i]?)));
        match (named, phrase) {
            // The name stands in or after the phrase, or right before the pronoun.
            (Some((name, person)), phrase) if phrase.is_none_or(|p| name.end > p) => Referent::Person(person),
            (_, Some(phrase)) => self.thing_of(trimmed(self.scene.text, Span::new(phrase, source.start))),
            (Some((_, person)), None) => Referent::Person(person),
            (None, None) => self.adjoining(source),
        }
    }

    /// "which": the description or the country that it follows.
    pub(super) fn adjoining(&mut self, source: Span) -> Referent {
        let sentence = self.scene.sentence(self.scene.sentence_of(source));
        let before = Span::new(sentence.start, source.start);
        let determiner = |w: &&Word<'_>| has(&["a", "an", "the", "its", "their"], &w.plain);
        let open = self.words.within(before).iter().rev().take(7).find(determiner).map(|w| w.span.start);
        let country = self.scene.countries_in(before).last().map(|m| m.span.start);
        match open.max(country) {
            Some(from) => self.thing_of(trimmed(self.scene.text, Span::new(from, source.start))),
            None => match self.heard.last() {
                Some(heard) => heard.referent,
                None => self.thing_of(source),
            },
        }
    }

    /// *it*, *they*: the last body or collective that spoke or that a sentence begins with.
    pub(super) fn collective(&mut self, statement: usize, source: Span, lower: &str) -> Referent {
        let here = self.scene.sentence_of(source);
        let nested = self.around[statement].is_some();
        let many = lower.starts_with("the") || lower == "both";
        let mut best: Option<(i64, Referent)> = None;
        for heard in self.heard.iter().rev().take(SPEAKERS).filter(|h| !h.nested || nested) {
            let Referent::Thing(thing) = heard.referent else { continue };
            let thing = &self.things[thing];
            let d = here.saturating_sub(heard.sentence).min(REACH) as i64;
            let number = if thing.plural == many { 5 } else { 0 };
            if !thing.human && heard.source.start < source.start {
                let score = 10 + number - 4 * d;
                if best.is_none_or(|(s, _)| score > s) {
                    best = Some((score, heard.referent));
                }
            }
        }
        for sentence in here.saturating_sub(2)..=here {
            let Some((_, first)) = self.vicinity.opening.get(sentence).copied().flatten() else { continue };
            let span = self.coordinated(first);
            let d = (here - sentence) as i64;
            let number = if (span != first) == many { 5 } else { 0 };
            let score = 9 + number - 4 * d;
            if span.end <= source.start && best.is_none_or(|(s, _)| score > s) {
                let referent = self.thing_of(span);
                best = Some((score, referent));
            }
        }
        match best {
            Some((_, referent)) => referent,
            None => match self.heard.iter().rev().find(|h| !h.nested) {
                Some(heard) => heard.referent,
                None => self.thing_of(source),
            },
        }
    }

    /// A country with those that are named with it: "Britain, France and Germany".
    fn coordinated(&self, first: Span) -> Span {
        let at = self.scene.mentions.partition_point(|m| m.span.start < first.start);
        let mut end = first;
        for next in self.scene.mentions.iter().skip(at + 1) {
            let gap = Span::new(end.end, next.span.start).of(self.scene.text);
            if !matches!(gap, ", " | " and " | " and the " | ", and ") {
                break;
            }
            end = next.span;
        }
        first.cover(end)
    }
}

/// A span without the comma, bracket or space at its end.
fn trimmed(text: &str, span: Span) -> Span {
    let kept = span.of(text).trim_end_matches([',', ' ', '(', '-', '—', '–']).len();
    Span::new(span.start, span.start + kept)
}
