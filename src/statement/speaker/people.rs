//! Which names of a text name the same person.

use std::collections::HashMap;

use super::names::{NameMention, gender};
use super::tokens::{Words, trimmed};
use crate::text::Span;

/// A person with every place that names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    /// Indices of name mentions, in order.
    pub(super) mentions: Vec<usize>,
    /// Whether a woman, if a title or a pronoun told.
    pub(super) woman: Option<bool>,
    /// Whether the text shows that the name is a person's: by a title, a description, or a shorter name later.
    pub(super) sure: bool,
    /// The words of the longest name so far, in lower case.
    parts: Vec<String>,
}

/// Everybody in a text.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    /// All names, in order of the text.
    pub(super) names: Vec<NameMention>,
    /// All people, in order of their first names.
    pub(super) all: Vec<Person>,
    /// The person of each name; none for a single capitalised word that names nobody known.
    pub(super) of_name: Vec<Option<usize>>,
    by_surname: HashMap<String, Vec<usize>>,
    by_part: HashMap<String, Vec<usize>>,
}

/// People with the same surname that are compared; there are never more but in a list of relatives.
const NAMESAKES: usize = 8;

impl People {
    /// Groups names by person: first those that can stand alone, then single words that name somebody known.
    pub(super) fn new(names: Vec<NameMention>, words: &Words<'_>) -> Self {
        let mut people = Self { of_name: vec![None; names.len()], names, ..Self::default() };
        let single = |n: &NameMention| n.words.len() == 1 && !n.sure;
        for pass in [false, true] {
            for i in 0..people.names.len() {
                if single(&people.names[i]) == pass {
                    people.group(i, words, pass);
                }
            }
        }
        for person in &mut people.all {
            person.mentions.sort_unstable();
        }
        people
    }

    fn group(&mut self, index: usize, words: &Words<'_>, known_only: bool) {
        let mention = self.names[index].clone();
        let parts: Vec<String> = words.all[mention.words.clone()].iter().map(|w| w.plain.clone()).collect();
        let found = self.find(&parts);
        if found.is_none() && known_only {
            return;
        }
        let title = mention.roles().find_map(|r| gender(r.of(words.text)));
        let person = found.unwrap_or_else(|| {
            self.all.push(Person::default());
            self.all.len() - 1
        });
        let known = &mut self.all[person];
        // Called again by the surname alone, somebody is a person and no body.
        known.sure |= mention.sure || !known.mentions.is_empty() && (known_only || known.parts != parts);
        known.woman = known.woman.or(title);
        known.mentions.push(index);
        if parts.len() > known.parts.len() {
            known.parts.clone_from(&parts);
        }
        self.of_name[index] = Some(person);
        if let Some(surname) = parts.last() {
            let list = self.by_surname.entry(surname.clone()).or_default();
            if !list.iter().rev().take(NAMESAKES).any(|p| *p == person) {
                list.push(person);
            }
        }
        for part in parts {
            let list = self.by_part.entry(part).or_default();
            if list.len() < NAMESAKES && !list.contains(&person) {
                list.push(person);
            }
        }
    }

    /// The person whom a name names: one with the same surname and no other given name, else one who is called so by
    /// another part of the name (*Xi*, *Sheikh Hasina*, *Obiang*).
    pub(super) fn find(&self, parts: &[String]) -> Option<usize> {
        let surname = parts.last()?;
        let agrees = |person: &usize| {
            let other = &self.all[*person].parts;
            let (short, long) = if parts.len() < other.len() { (parts, &other[..]) } else { (&other[..], parts) };
            let initials = |a: &String, b: &String| {
                a == b || a.starts_with(b.trim_end_matches('.')) || b.starts_with(a.trim_end_matches('.'))
            };
            short.iter().all(|part| long.iter().any(|p| p == part))
                || parts.len() > 1 && other.len() > 1 && initials(&parts[0], &other[0])
        };
        let same =
            self.by_surname.get(surname).and_then(|l| l.iter().rev().take(NAMESAKES).copied().find(|p| agrees(p)));
        same.or_else(|| {
            let whole = |p: &usize| parts.iter().all(|part| self.all[*p].parts.contains(part));
            self.by_part.get(parts.first()?).and_then(|l| l.iter().rev().copied().find(whole))
        })
    }

    /// The person whom the words of a source name, where the scan found no name there (*ALDRIDGE*).
    pub(super) fn called(&self, source: Span, words: &Words<'_>) -> Option<usize> {
        let [word] = words.within(source) else { return None };
        word.capital().then(|| trimmed(word.text)).and_then(|_| self.find(std::slice::from_ref(&word.plain)))
    }

    /// Indices of the names that begin inside a span.
    pub(super) fn within(&self, span: Span) -> std::ops::Range<usize> {
        let from = self.names.partition_point(|n| n.name.start < span.start);
        let to = self.names.partition_point(|n| n.name.start < span.end);
        from..to.max(from)
    }
}
