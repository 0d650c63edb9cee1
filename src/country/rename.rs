//! The same form of another country's name.

use super::context::namesake;
use super::data::{Entry, Item, is_abbreviation};
use super::leader::same;
use super::lexicon::Kind;
use super::{Country, Gazetteer, Leader};

impl Gazetteer {
    /// What stands for `words`, a mention of `from`, if the country is `to`; `None` if `to` has no such name.
    ///
    /// A name gives a name, an adjective an adjective, one or several of the people the same, a capital or an organ
    /// the capital, a leader the holder of the same office nearest in time. The article goes by what
    /// [`Gazetteer::mentions`] puts into a span: *the United States* becomes *Chile*, *the Kremlin* becomes *Lima*,
    /// *the Gambia* becomes *the Philippines*. Words without an article stay without: *Chile* becomes *America*,
    /// which needs none, and nothing for the Philippines; a bare *US* (*US envoy*, *US-led*) becomes *UK* or *Chile*.
    pub fn rename(&self, words: &str, from: Country, to: Country) -> Option<String> {
        let (article, bare) = match words.get(..4) {
            Some(the) if the.eq_ignore_ascii_case("the ") => (words.get(..4), words.get(4..)?),
            _ => (None, words),
        };
        let phrase = self.lexicon.phrase(&bare.split_whitespace().collect::<Vec<_>>().join(" "))?;
        let reading = phrase
            .readings
            .iter()
            .find(|r| r.country == from)
            .or_else(|| phrase.readings.iter().find(|r| namesake(from) == Some(r.country)))?;
        if reading.kind == Kind::FullName || reading.kind == Kind::Surname {
            return self.rename_leader(bare, from, to);
        }
        let entry = self.entries.get(&to)?;
        let first = |items: &[Item]| items.first().map(|item| item.text.clone());
        match reading.kind {
            Kind::Name => rename_name(article, bare, reading.article, entry),
            Kind::Adjective => first(&entry.adjectives),
            Kind::Person => entry.people.first().map(|(one, _)| one.text.clone()),
            Kind::People => entry.people.first().map(|(_, many)| many.text.clone()),
            // A capital that is not looked for would be lost in the new text.
            _ => entry.seats.iter().find(|seat| !seat.silent).map(|seat| seat.text.clone()),
        }
    }

    fn rename_leader(&self, name: &str, from: Country, to: Country) -> Option<String> {
        let own: Vec<&Leader> =
            self.leaders.iter().filter(|l| l.country == from && (l.is_named(name) || l.is_surnamed(name))).collect();
        let full = own.iter().any(|l| l.is_named(name));
        let form = |l: &Leader| if full { l.names.first().cloned() } else { l.distinctive().map(str::to_owned) };
        let pairs = own.iter().flat_map(|own| {
            // Full name and surname of one text must become those of one person.
            let nameable = move |l: &Leader| own.surnames.is_empty() || l.distinctive().is_some();
            let same_office = move |l: &&Leader| l.country == to && l.office == own.office && nameable(l);
            self.leaders
                .iter()
                .filter(same_office)
                .map(move |other| (own.apart(other), (own.from - other.from).abs(), other))
        });
        let mut pairs: Vec<_> = pairs.filter_map(|(apart, off, other)| Some((apart, off, form(other)?))).collect();
        pairs.sort();
        pairs.into_iter().map(|(_, _, name)| name).find(|new| !same(new, name))
    }
}

fn rename_name(article: Option<&str>, words: &str, takes_article: bool, to: &Entry) -> Option<String> {
    let heard = || to.names.iter().filter(|item| !item.silent);
    let short = heard().next()?;
    // "US", "U.S." and the like have counterparts of their own kind.
    let dotted = words.contains('.');
    let alike = |item: &&Item| {
        is_abbreviation(words) && item.is_abbreviation() && item.text.contains('.') == dotted && !item.only_with_article
    };
    let free = heard().find(|item| !item.article && !item.is_abbreviation());
    let (item, the) = match article {
        Some(the) => {
            let item = heard().filter(alike).find(|item| item.article).unwrap_or(short);
            (item, item.article.then_some(the))
        }
        None if takes_article => (heard().find(alike).or(free).unwrap_or(short), None),
        None => (free?, None),
    };
    Some(format!("{}{}", the.unwrap_or(""), item.text))
}
