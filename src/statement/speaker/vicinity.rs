//! The state in question at a place of the text.

use std::collections::HashSet;

use super::Scene;
use super::tokens::Words;
use super::words::{CITIES, POLITICS, STATE_FORMS, STATES};
use crate::country::{Country, Form};
use crate::text::Span;

/// The countries that the text is about, sentence by sentence.
#[derive(Clone, Debug, Default)]
pub(super) struct Vicinity {
    /// The country of the city or state from which the article is dated.
    pub(super) dateline: Option<Country>,
    /// For each sentence the country with which it begins.
    pub(super) opening: Vec<Option<(Country, Span)>>,
    /// The country whose own politics the article speaks of.
    pub(super) politics: Option<Country>,
    /// All countries that the article names.
    pub(super) named: HashSet<Country>,
}

/// Bytes from the begin of a sentence within which a country is its subject.
const SUBJECT: usize = 24;
/// Sentences among which a dateline is looked for.
const HEAD: usize = 6;

impl Vicinity {
    pub(super) fn new(scene: &Scene<'_>, words: &Words<'_>) -> Self {
        let dateline = (0..scene.sentences.len().min(HEAD)).find_map(|i| dateline(scene, scene.sentence(i)));
        let opening = (0..scene.sentences.len()).map(|i| opening(scene, words, i)).collect();
        let mut politics: Vec<(Country, usize)> = Vec::new();
        for word in words
            .all
            .iter()
            .filter(|w| w.text.starts_with(char::is_uppercase) || w.plain == "backbencher" || w.plain == "taoiseach")
        {
            let Some(code) = POLITICS.get(&word.plain) else { continue };
            let Some(country) = Country::new(code) else { continue };
            match politics.iter_mut().find(|(c, _)| *c == country) {
                Some((_, n)) => *n += 1,
                None => politics.push((country, 1)),
            }
        }
        let politics = politics.iter().rev().max_by_key(|(_, n)| *n).map(|(c, _)| *c);
        let named = scene.mentions.iter().map(|m| m.country).collect();
        Self { dateline, opening, politics, named }
    }
}

/// The country with which a sentence begins: its subject, its owner or its place.
fn opening(scene: &Scene<'_>, words: &Words<'_>, index: usize) -> Option<(Country, Span)> {
    let sentence = scene.sentence(index);
    let first = scene.countries_in(sentence).first()?;
    let lead = Span::new(sentence.start, first.span.start.max(sentence.start));
    let short = lead.len() <= SUBJECT && words.within(lead).len() <= 3;
    let quoted = lead.of(scene.text).contains(['"', '“', '‘']);
    (short && !quoted).then_some((first.country, first.span))
}

/// The country of the city in capitals that opens an agency's report: "MANILA, May 12 (ANP) -".
fn dateline(scene: &Scene<'_>, sentence: Span) -> Option<Country> {
    let text = sentence.of(scene.text);
    // "Washington, DC": a short line that is nothing but a place.
    let alone = scene.gazetteer.mentions(text, None);
    if text.len() < 40
        && !text.ends_with(['.', '!', '?', '"', '”', '’'])
        && let [only] = alone[..]
        && only.form == Form::Seat
        && only.span.start == 0
        && text[only.span.end..].starts_with(", ")
    {
        return Some(only.country);
    }
    let end = text.find(['(', '—', '–', ':']).or_else(|| text.find(" - ")).or_else(|| text.find(","))?;
    let head = text.get(..end)?;
    let city = head.split(',').next()?.trim();
    let letters = city.chars().filter(|c| c.is_alphabetic()).count();
    let signed = text.find(" - ").or_else(|| text.find(['—', '–', ')'])).is_some_and(|at| at < 90);
    let shouted = letters >= 3 && !city.chars().any(char::is_lowercase);
    let dated = head.contains(',') && signed && city.split(' ').count() <= 3;
    if city.len() > 40 || !(shouted || dated) {
        return None;
    }
    let cased = |part: &str| -> String {
        let words = part.split(' ').map(|w| {
            let mut chars = w.chars();
            chars.next().map_or_else(String::new, |c| format!("{c}{}", chars.as_str().to_lowercase()))
        });
        words.collect::<Vec<_>>().join(" ")
    };
    // "MOMBASA, Kenya, May 12": the country itself, else that of the city.
    let parts: Vec<&str> = head.split(',').map(str::trim).filter(|p| !p.is_empty()).take(3).collect();
    let state = |part: &&&str| {
        let lower = part.to_lowercase();
        let lower = lower.trim_end_matches('.');
        lower.len() > 1 && (STATE_FORMS.has(lower) || lower != "georgia" && STATES.has(lower))
    };
    if parts.iter().skip(1).any(|part| state(&part)) {
        return Country::new("USA");
    }
    let known = CITIES.get(&city.to_lowercase());
    let listed = parts.iter().enumerate().rev().find_map(|(i, part)| {
        let part = if i == 0 && shouted { cased(part) } else { (*part).to_owned() };
        let place = format!("They flew to {part} again.");
        scene.gazetteer.mentions(&place, None).iter().find(|m| m.form != Form::Leader).map(|m| m.country)
    });
    listed.or_else(|| known.and_then(Country::new))
}
