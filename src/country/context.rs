//! What the words beside a name, and the rest of the text, say about its meaning.

use std::cell::OnceCell;

use super::Country;
use super::around::{Word, after, before};
use super::lexicon::{Kind, Lexicon, Reading};
use super::line::Line;
use super::words::{
    AFTER_NOUN, AFTER_US, BEFORE_LANGUAGE, BESIDE, ED_ADJECTIVES, GIVEN, LANGUAGES, LY_ADJECTIVES, PRIVATE_TITLES,
    STATES, TITLES, has,
};
use crate::text::Span;

/// What a name means where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This country.
    Country(Country),
    /// A person.
    Person,
    /// Something else.
    Other,
}

/// A text, and what was found out about it as a whole.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub text: &'a str,
    georgia: OnceCell<bool>,
    korea: OnceCell<Country>,
    congo: OnceCell<Country>,
    dominica: OnceCell<Country>,
}

const fn code(code: &str) -> Country {
    match Country::new(code) {
        Some(country) => country,
        None => panic!("no country code"),
    }
}

const GEO: Country = code("GEO");
const KOR: Country = code("KOR");
const PRK: Country = code("PRK");
const COD: Country = code("COD");
const COG: Country = code("COG");
const DOM: Country = code("DOM");
const DMA: Country = code("DMA");

/// Another country that shares names with this one.
pub(super) fn namesake(country: Country) -> Option<Country> {
    [(PRK, KOR), (COG, COD), (DMA, DOM)].into_iter().find(|(a, _)| *a == country).map(|(_, b)| b)
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            georgia: OnceCell::new(),
            korea: OnceCell::new(),
            congo: OnceCell::new(),
            dominica: OnceCell::new(),
        }
    }

    /// What a phrase of a country means at `span`. Leaders have rules of their own.
    pub(super) fn judge(&self, span: Span, reading: &Reading, line: &Line, lexicon: &Lexicon) -> Verdict {
        let words = span.of(self.text);
        let (previous, next) = (before(self.text, span), after(self.text, span));
        let next_is = |list: &str| next.is_some_and(|w| w.adjacent && has(list, w.text));
        let language =
            reading.kind == Kind::Adjective && has(LANGUAGES, words) && self.is_language(span, previous, next);
        let other = language
            || (words == "US" && line.capitals && !self.is_us(span, previous, next))
            || (line.capitals && words == "POLISH" && previous.is_some_and(|w| has("to nail shoe", w.text)))
            || (reading.kind != Kind::Adjective && self.in_a_state(span))
            || (words.eq_ignore_ascii_case("turkey") && next_is("dinner breast sandwich sandwiches burger"))
            || (words.eq_ignore_ascii_case("wales")
                && previous.is_some_and(|w| has("of", w.text))
                && self.prince(span));
        if other {
            return Verdict::Other;
        }
        if reading.personal && self.is_person(previous, next, line, lexicon) {
            return Verdict::Person;
        }
        let country = reading.country;
        match words.to_ascii_lowercase().as_str() {
            "georgia" | "georgian" | "georgians" if country == GEO => self.georgia(previous, next),
            "korea" | "korean" | "koreans" => Verdict::Country(*self.korea.get_or_init(|| self.find_korea())),
            "congo" | "congolese" => Verdict::Country(*self.congo.get_or_init(|| self.find_congo())),
            "dominican" | "dominicans" => Verdict::Country(*self.dominica.get_or_init(|| self.find_dominica())),
            _ => Verdict::Country(country),
        }
    }

    fn any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    fn is_language(&self, span: Span, previous: Option<Word<'_>>, next: Option<Word<'_>>) -> bool {
        let tail = self.text.get(span.end..).unwrap_or("");
        let compound = ["-speaking", "-language", "-speaker", "-to-English"].iter().any(|c| tail.starts_with(c));
        let named = next.is_some_and(|w| has("language speaker speakers translation lessons", w.text));
        // "spoke in French." but not "in French hands".
        let alone = next.is_none_or(|w| !w.adjacent || has("and or but to as on with at", w.text));
        let told = previous.is_some_and(|w| w.adjacent && has(BEFORE_LANGUAGE, w.text));
        compound || named || (alone && told && !tail.starts_with(['-', '’', '\'']))
    }

    /// Whether *US* in a line of capitals is the country and not the pronoun.
    fn is_us(&self, span: Span, previous: Option<Word<'_>>, next: Option<Word<'_>>) -> bool {
        let head = self.text.get(..span.start).unwrap_or("").trim_end_matches(' ');
        let tail = self.text.get(span.end..).unwrap_or("");
        let begins = head.is_empty() || head.ends_with(['\n', ',', ';', ':', '—', '–', '-', '(', '"', '“']);
        let touched = tail.starts_with(['-', ',', '/']);
        let after = next.is_some_and(|w| w.adjacent && has(AFTER_US, w.text));
        begins || touched || after || previous.is_some_and(|w| has("the a an and in", w.text))
    }

    /// Whether a state of the USA or a province of Canada follows: *Lebanon, Pa.*
    fn in_a_state(&self, span: Span) -> bool {
        let Some(tail) = self.text.get(span.end..).and_then(|tail| tail.strip_prefix(", ")) else { return false };
        STATES.split('|').any(|state| {
            let rest = tail.strip_prefix(state);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
                // "Russia, Georgia and Ukraine" is a list of countries.
                && (state != "Georgia" || !self.any(&["Tbilisi", "Georgian", "Ukraine", "Caucasus", "Armenia"]))
        })
    }

    fn prince(&self, span: Span) -> bool {
        let head = self.text.get(..span.start).unwrap_or("");
        head.ends_with("Prince of ") || head.ends_with("Princess of ")
    }

    /// Whether the words beside make a personal name of a word.
    pub(super) fn is_person(
        &self,
        previous: Option<Word<'_>>,
        next: Option<Word<'_>>,
        line: &Line,
        lexicon: &Lexicon,
    ) -> bool {
        let known = |w: &Word<'_>| {
            let bare = w.text.trim_end_matches("'s").trim_end_matches("’s");
            has(BESIDE, bare) || has(TITLES, bare) || bare.len() < w.text.len() || lexicon.phrase(bare).is_some()
        };
        if let Some(word) = previous.filter(|w| w.adjacent && w.capitalised()) {
            if has(GIVEN, word.text) || has(PRIVATE_TITLES, word.text) {
                return true;
            }
            let abbreviated = word.text.contains('.') || word.text.chars().count() == 1;
            if !line.title_case && !line.capitals && !word.initial && !known(&word) && !abbreviated {
                return true;
            }
        }
        // After a preposition it is a place, whatever stands behind it.
        let place = "in to from of with by against into at and for on via";
        if previous.is_some_and(|w| w.adjacent && has(place, w.text)) || line.title_case || line.capitals {
            return false;
        }
        next.is_some_and(|w| w.adjacent && w.capitalised() && !known(&w) && w.text.chars().any(char::is_lowercase))
    }

    fn georgia(&self, previous: Option<Word<'_>>, next: Option<Word<'_>>) -> Verdict {
        let local = "republican republicans democrat democrats democratic gov governor sen senator rep congressman \
            congresswoman county legislature legislator legislators lawmaker runoff runoffs native peach peaches \
            tech bulldogs secretary lt house statehouse";
        let south = "rural south coastal middle southwest southeast";
        if next.is_some_and(|w| w.adjacent && has(local, w.text)) || previous.is_some_and(|w| has(south, w.text)) {
            return Verdict::Other;
        }
        let state = *self.georgia.get_or_init(|| {
            let country = [
                "Tbilisi",
                "Saakashvili",
                "Ossetia",
                "Abkhazia",
                "Caucasus",
                "Shevardnadze",
                "Ivanishvili",
                "Georgians",
                "Georgian",
                "Batumi",
                "Kobakhidze",
                "Zourabichvili",
                "Republic of Georgia",
                "Russia",
                "Russian",
                "Moscow",
                "Armenia",
                "Azerbaijan",
                "Ukraine",
                "Moldova",
                "NATO",
                "Soviet",
            ];
            let state = [
                "Atlanta",
                "Savannah",
                "Augusta",
                "Macon",
                "Alabama",
                "Florida",
                "Carolina",
                "Tennessee",
                "Ga.",
                "Kemp",
                "Raffensperger",
                "Fulton",
                "Warnock",
                "Ossoff",
                "Abrams",
                "Georgia Republican",
                "Georgia Democrat",
                "GOP",
                "Georgia Sen",
                "Georgia Gov",
                "Gov.",
                "Southern states",
                "Arizona",
                "Wisconsin",
                "Confederate",
                "Mississippi",
            ];
            let count = |words: &[&str]| words.iter().filter(|word| self.text.contains(**word)).count();
            count(&state) > count(&country)
        });
        if state { Verdict::Other } else { Verdict::Country(GEO) }
    }

    fn find_korea(&self) -> Country {
        let north = self.any(&["North Korea", "N. Korea", "NORTH KOREA", "DPRK", "Pyongyang", "PYONGYANG", "Kim Jong"]);
        let south = self.any(&["South Korea", "S. Korea", "SOUTH KOREA", "Seoul", "SEOUL", "Republic of Korea", "ROK"]);
        if north && !south { PRK } else { KOR }
    }

    fn find_congo(&self) -> Country {
        let small = self.any(&["Brazzaville", "Sassou", "Republic of the Congo", "Republic of Congo"]);
        let large =
            ["Kinshasa", "Democratic Republic", "DRC", "Zaire", "Kabila", "Tshisekedi", "Mobutu", "Goma", "DR Congo"];
        if small && !self.any(&large) { COG } else { COD }
    }

    fn find_dominica(&self) -> Country {
        let island = self.text.match_indices("Dominica").any(|(at, found)| {
            !self.text.get(at + found.len()..).is_some_and(|rest| rest.starts_with(char::is_alphabetic))
        });
        if island && !self.any(&["Dominican Republic", "Santo Domingo"]) { DMA } else { DOM }
    }
}

/// Whether the phrase before `end` stands for itself and does not describe the next word: *the US said*, but
/// *the US envoy*.
pub(super) fn is_noun(text: &str, span: Span) -> bool {
    let tail = text.get(span.end..).unwrap_or("");
    if tail.starts_with('-') {
        return false;
    }
    let Some(next) = after(text, span).filter(|w| w.adjacent) else { return true };
    let word = next.text.to_lowercase();
    has(AFTER_NOUN, &word)
        || (word.ends_with("ed") && !has(ED_ADJECTIVES, &word) && !next.capitalised())
        || (word.ends_with("ly") && !has(LY_ADJECTIVES, &word) && !next.capitalised())
}
