//! The names of countries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::around::{after, article, before};
use super::context::{Context, Verdict, is_noun};
use super::data::{self, DataError, Entry};
use super::leader::same;
use super::lexicon::{Kind, Lexicon, Phrase};
use super::line::Line;
use super::words::{CABINET, PRESIDENCY, TITLES, has};
use super::{Country, Form, Leader, Mention, Office};
use crate::text::Span;

/// The names of all countries and of those who lead them.
#[derive(Debug, Default)]
pub struct Gazetteer {
    pub(super) entries: BTreeMap<Country, Entry>,
    pub(super) leaders: Vec<Leader>,
    pub(super) lexicon: Lexicon,
}

impl Gazetteer {
    /// The gazetteer that ships with the program.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Gazetteer> = OnceLock::new();
        // A test sees to it that the shipped files have no errors.
        BUILTIN.get_or_init(|| Self::read(data::COUNTRIES, data::LEADERS, data::EXCEPTIONS).0)
    }

    /// A gazetteer from the text of its three files, and the lines that were left out because they could not be read.
    pub fn read(countries: &str, leaders: &str, exceptions: &str) -> (Self, Vec<DataError>) {
        let (entries, mut errors) = data::countries(countries);
        let (leaders, more) = data::leaders(leaders);
        errors.extend(more);
        let lexicon = Lexicon::new(&entries, &leaders, &data::exceptions(exceptions));
        let entries = entries.into_iter().map(|entry| (entry.country, entry)).collect();
        (Self { entries, leaders, lexicon }, errors)
    }

    /// All countries, in the order of their codes.
    pub fn countries(&self) -> impl Iterator<Item = Country> + '_ {
        self.entries.keys().copied()
    }

    /// Whether the gazetteer has the country.
    pub fn contains(&self, country: Country) -> bool {
        self.entries.contains_key(&country)
    }

    /// The short English name, without an article; the code itself if the gazetteer does not have the country.
    pub fn name<'a>(&'a self, country: &'a Country) -> &'a str {
        self.entries.get(country).and_then(|e| e.names.first()).map_or(country.as_str(), |name| &name.text)
    }

    /// All leaders, one entry for each term of office.
    pub fn leaders(&self) -> &[Leader] {
        &self.leaders
    }

    /// The leader who is called `name`: a full name, or with a date a surname, of one country alone. With a date only
    /// those count who were in office then; for a full name some months before and after too. Without a date a full
    /// name gives the last term of its bearer, and a surname nobody.
    pub fn leader(&self, name: &str, date: Option<&str>) -> Option<&Leader> {
        let name = name.trim();
        let named = |l: &&Leader| l.is_named(name) && date.is_none_or(|date| l.in_office(date, true));
        let surnamed = |l: &&Leader| l.is_surnamed(name) && date.is_some_and(|date| l.in_office(date, false));
        let full: Vec<&Leader> = self.leaders.iter().filter(named).collect();
        if !full.is_empty() {
            let strict = full.iter().copied().rfind(|l| date.is_some_and(|date| l.in_office(date, false)));
            return alone(&full).and(strict.or(full.last().copied()));
        }
        let short: Vec<&Leader> = self.leaders.iter().filter(surnamed).collect();
        // Two people of one country with the same surname are not told apart.
        let person = short.first()?.names.first()?;
        short.iter().all(|l| l.is_named(person)).then(|| short.last().copied()).flatten()
    }

    /// Every place of `text` that names a country, in order, without overlap.
    ///
    /// The article belongs to the span where the name has it as its own (*the Netherlands said*, *the Kremlin's*), but
    /// not where it belongs to a longer noun (*the US envoy*). Of a compound (*US-led*, *anti-American*) the span
    /// holds the word for the country. `date` is the day of the article, `2009-01-20` or less of it; it tells leaders
    /// of the same name apart.
    pub fn mentions(&self, text: &str, date: Option<&str>) -> Vec<Mention> {
        let context = Context::new(text);
        let mut line = Line::at(text, 0, 0);
        let mut mentions: Vec<Mention> = Vec::new();
        let mut people: BTreeSet<String> = BTreeSet::new();
        self.lexicon.find(text, |span, phrase| {
            if span.start >= line.end {
                line = Line::at(text, line.end, span.start);
            }
            if phrase.readings.is_empty() || span.end <= line.dateline_end {
                return;
            }
            match self.read_phrase(&context, span, phrase, &line, date) {
                Some(Ok(mention)) => mentions.push(mention),
                Some(Err(())) => {
                    people.insert(span.of(text).to_lowercase());
                }
                None => {}
            }
        });
        without_people(text, &mut mentions, &people);
        mentions
    }

    /// The country that a title or an organ fixes: *the Knesset*, *Republican Sen.*, *Iranian Foreign Minister*; the
    /// first that is named, unless only as the place of a post (*ambassador to Iran*).
    pub fn office_country(&self, text: &str) -> Option<Country> {
        let mentions = self.mentions(text, None);
        let organ = |m: &&Mention| {
            let words = m.span.of(text);
            let words = words.get(..4).filter(|w| w.eq_ignore_ascii_case("the ")).map_or(words, |_| &words[4..]);
            self.lexicon.phrase(words).is_some_and(|p| p.readings.iter().any(|r| r.kind == Kind::Organ))
        };
        if let Some(mention) = mentions.iter().find(organ) {
            return Some(mention.country);
        }
        let posted = |m: &&Mention| {
            let head = m.span.of(text).to_lowercase().starts_with("the ");
            let before = before(text, m.span).filter(|w| w.text != "the" || head);
            !before.is_some_and(|w| has("to in for on with at", w.text))
        };
        if let Some(mention) = mentions.iter().find(posted) {
            return Some(mention.country);
        }
        let american =
            ["Republican Sen", "Democratic Sen", "Republican Rep.", "Democratic Rep.", "Republican Gov", "GOP "];
        let state = text.contains("Secretary of State") && !text.contains("Secretary of State for");
        let american = state || american.iter().any(|title| text.contains(title));
        american.then(|| Country::new("USA")).flatten()
    }

    /// The mention at `span`; `Some(Err(()))` if a person stands there.
    fn read_phrase(
        &self,
        context: &Context<'_>,
        span: Span,
        phrase: &Phrase,
        line: &Line,
        date: Option<&str>,
    ) -> Option<Result<Mention, ()>> {
        let article = article(context.text, span);
        let mut readings = phrase.readings.iter().filter(|r| !matches!(r.kind, Kind::FullName | Kind::Surname));
        if let Some(reading) = readings.find(|r| article.is_some() || !r.only_with_article) {
            let country = match context.judge(span, reading, line, &self.lexicon) {
                Verdict::Country(country) => country,
                Verdict::Person => return Some(Err(())),
                Verdict::Other => return None,
            };
            let article = article.filter(|_| reading.article && is_noun(context.text, span));
            let form = match reading.kind {
                Kind::Name => Form::Name,
                Kind::Adjective | Kind::Person | Kind::People => Form::Demonym,
                _ => Form::Seat,
            };
            return Some(Ok(Mention { span: article.map_or(span, |a| a.cover(span)), country, form }));
        }
        let country = self.led(context, span, phrase, line, date)?;
        Some(Ok(Mention { span, country, form: Form::Leader }))
    }

    /// The country of the leader whose name stands at `span`.
    fn led(
        &self,
        context: &Context<'_>,
        span: Span,
        phrase: &Phrase,
        line: &Line,
        date: Option<&str>,
    ) -> Option<Country> {
        let (text, words) = (context.text, span.of(context.text));
        let named = || phrase.leaders.iter().filter_map(|&number| self.leaders.get(number));
        let full: Vec<&Leader> = named().filter(|l| l.is_named(words)).collect();
        if !full.is_empty() {
            return resolve(&full, date);
        }
        let (previous, next) = (before(text, span), after(text, span));
        let mut bearers: Vec<&Leader> = named().collect();
        let head = text.get(..span.start).unwrap_or("");
        let title = previous.filter(|w| w.adjacent && (has(TITLES, w.text) || head.ends_with("ecretary of State ")));
        let following = |list| next.is_some_and(|w| w.adjacent && has(list, w.text));
        let presidency = following(PRESIDENCY);
        let cabinet = following(CABINET);
        if let Some(title) = title {
            let offices = offices(title.text, head);
            bearers.retain(|l| offices.is_empty() || offices.contains(&l.office));
            if !bearers.is_empty() {
                return resolve(&bearers, date);
            }
            bearers = named().collect();
        } else if let Some(word) = previous.filter(|w| w.adjacent && w.capitalised()) {
            // "Melania Trump", "Sen. Castro".
            let polite = has("mr mrs ms dr", word.text);
            if !polite && context.is_person(previous, None, line, &self.lexicon) {
                return None;
            }
        }
        let distinctive = |l: &&Leader| l.surnames.iter().any(|(own, alone)| *alone && same(own, words));
        let governing = |l: &&Leader| {
            (presidency && l.office == Office::President)
                || (cabinet && matches!(l.office, Office::Government | Office::Leader))
        };
        bearers.retain(|l| distinctive(l) || governing(l));
        // "Abe Lincoln", "Wade Smith".
        if words.chars().count() <= 4 && context.is_person(None, next, line, &self.lexicon) {
            return None;
        }
        resolve(&bearers, date)
    }
}

/// The offices that a title before a name can mean; none if any.
fn offices(title: &str, head: &str) -> &'static [Office] {
    match title.to_lowercase().as_str() {
        "president" | "presidents" | "president-elect" | "pres" => &[Office::President],
        "premier" | "chancellor" | "taoiseach" | "pm" => &[Office::Government],
        "minister" | "ministers" if head.to_lowercase().ends_with("prime minister ") => &[Office::Government],
        "minister" | "ministers" | "secretary" | "sec" | "state" => &[Office::Foreign, Office::Defence],
        "king" | "queen" | "emperor" | "emir" => &[Office::Monarch],
        _ => &[],
    }
}

/// The country of the leaders who are meant at a date: those in office, else those known by then; if it is one.
fn resolve(leaders: &[&Leader], date: Option<&str>) -> Option<Country> {
    let Some(date) = date else { return alone(leaders) };
    let pick =
        |test: &dyn Fn(&Leader) -> bool| -> Vec<&Leader> { leaders.iter().copied().filter(|l| test(l)).collect() };
    let in_office = pick(&|l| l.in_office(date, true));
    if in_office.is_empty() { alone(&pick(&|l| l.known(date))) } else { alone(&in_office) }
}

/// The one country of the leaders.
fn alone(leaders: &[&Leader]) -> Option<Country> {
    let country = leaders.first()?.country;
    leaders.iter().all(|l| l.country == country).then_some(country)
}

/// Names of countries and capitals that a person of the text may be called by again, without the first name.
const SURNAMES: &[&str] = &["jordan", "chad", "holland", "ireland", "sofia", "paris", "scot", "dane", "finn"];

/// Takes out the names that elsewhere in the text are a person's (*Michael Jordan … Jordan said*), unless the text
/// names the country in another way too.
fn without_people(text: &str, mentions: &mut Vec<Mention>, people: &BTreeSet<String>) {
    for person in people.iter().filter(|p| SURNAMES.contains(&p.as_str())) {
        let is = |m: &Mention| m.span.of(text).to_lowercase() == *person;
        let Some(country) = mentions.iter().find(|m| is(m)).map(|m| m.country) else { continue };
        if !mentions.iter().any(|m| m.country == country && !is(m)) {
            mentions.retain(|m| !is(m));
        }
    }
}
