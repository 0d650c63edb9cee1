//! What can be checked of a corpus beyond its syntax.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

use super::locate::paragraph_at;
use super::passage::{GoldStatement, Mentions, Passage};
use super::similarity::{Likeness, likenesses};
use crate::country::Country;
use crate::statement::Kind;
use crate::text::{Span, quotations, quoted_share};

/// The genres that a passage may have.
pub const GENRES: [&str; 8] =
    ["wire", "newspaper", "broadcaster", "government", "un", "interview", "blog", "state-media"];

/// How sure a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Probably wrong; a reader must judge.
    Warning,
    /// Wrong.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// The line of the passage or the statement, from 1.
    pub line: usize,
    /// How sure the check is.
    pub severity: Severity,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path.display(), self.line, self.severity, self.message)
    }
}

/// What the checks need to know beside the corpus.
pub struct Checks<'a> {
    /// Whether a code is a country's.
    pub is_country: &'a dyn Fn(Country) -> bool,
    /// The countries that a text names and where, to compare with the targets; without it they are not compared.
    pub mentions: Option<Mentions<'a>>,
    /// The share of a passage's shingles that another may hold (see [`likenesses`]), from 0 to 1.
    pub likeness: f64,
}

/// Everything found in the passages, sorted by place.
pub fn check(passages: &[Passage], checks: &Checks<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_ids(passages, &mut findings);
    for passage in passages {
        let mut checker = Checker { passage, checks, paragraphs: passage.paragraphs(), findings: &mut findings };
        checker.passage();
    }
    findings.extend(likenesses(passages, checks.likeness).iter().filter_map(|like| likeness(passages, like)));
    findings.sort_by(|a, b| (&a.path, a.line, &a.message).cmp(&(&b.path, b.line, &b.message)));
    findings
}

fn check_ids(passages: &[Passage], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, &Passage> = HashMap::new();
    for passage in passages {
        if let Some(first) = seen.insert(&passage.id, passage) {
            let message = format!(
                "expected an id of its own, got {}, which stands at {}:{} too",
                passage.id,
                first.path.display(),
                first.line
            );
            findings.push(Finding {
                path: passage.path.clone(),
                line: passage.line,
                severity: Severity::Error,
                message,
            });
        }
    }
}

fn likeness(passages: &[Passage], like: &Likeness) -> Option<Finding> {
    let (one, other) = (passages.get(like.first)?, passages.get(like.second)?);
    let across = if one.split() == other.split() { "" } else { ", in another split" };
    let message = format!(
        "expected a text of its own, got {:.0} % of the word sequences of {} ({}:{}{across})",
        100.0 * like.containment,
        one.id,
        one.path.display(),
        one.line
    );
    Some(Finding { path: other.path.clone(), line: other.line, severity: Severity::Error, message })
}

struct Checker<'a> {
    passage: &'a Passage,
    checks: &'a Checks<'a>,
    paragraphs: Vec<Span>,
    findings: &'a mut Vec<Finding>,
}

impl Checker<'_> {
    fn tell(&mut self, line: usize, severity: Severity, message: String) {
        self.findings.push(Finding { path: self.passage.path.clone(), line, severity, message });
    }

    fn error(&mut self, line: usize, message: String) {
        self.tell(line, Severity::Error, message);
    }

    fn warn(&mut self, line: usize, message: String) {
        self.tell(line, Severity::Warning, message);
    }

    fn passage(&mut self) {
        let passage = self.passage;
        if !GENRES.contains(&passage.genre.as_str()) {
            self.error(passage.line, format!("expected a genre ({}), got {:?}", GENRES.join(", "), passage.genre));
        }
        if let Some(date) = passage.date.as_deref().filter(|date| !is_calendar_date(date)) {
            self.error(passage.line, format!("expected a date of the calendar, got {date}"));
        }
        let mentions = self.checks.mentions.map(|mentions| mentions(passage));
        for statement in &passage.statements {
            self.extent(statement);
            self.kind(statement);
            self.countries(statement);
            if let Some(mentions) = &mentions {
                self.named(statement, mentions);
            }
        }
        self.neighbours();
        self.speakers();
    }

    /// Pieces in order and in one paragraph; source and cue outside.
    fn extent(&mut self, statement: &GoldStatement) {
        let line = statement.line;
        let disordered = statement.content.windows(2).any(|pair| matches!(pair, [a, b] if a.end > b.start));
        if disordered {
            self.error(line, "expected the pieces of a content in order, without overlap".to_owned());
        }
        let extent = statement.extent();
        let paragraph = paragraph_at(&self.paragraphs, extent.start).unwrap_or_default();
        if !paragraph.contains(extent) {
            self.error(line, "expected a content inside one paragraph, got one that runs over several".to_owned());
        }
        for (role, span) in [("source", statement.source), ("cue", statement.cue)] {
            if let Some(span) = span.filter(|span| statement.content.iter().any(|c| c.overlaps(*span))) {
                let words = span.of(&self.passage.text);
                self.warn(line, format!("expected the {role} outside the content, got {words:?} inside it"));
            }
        }
        if let (Some(source), Some(cue)) = (statement.source, statement.cue)
            && source.overlaps(cue)
        {
            self.warn(line, "expected source and cue apart, but they overlap".to_owned());
        }
    }

    /// The kind against the quotation marks.
    fn kind(&mut self, statement: &GoldStatement) {
        let paragraph = paragraph_at(&self.paragraphs, statement.extent().start).unwrap_or_default();
        let quotations = quotations(&self.passage.text, paragraph);
        let Some(share) = quoted_share(&self.passage.text, &statement.content, &quotations) else {
            return self.error(statement.line, "expected a content with words, got none".to_owned());
        };
        let expected = if share >= 0.98 {
            Kind::Direct
        } else if share <= 0.0 {
            Kind::Indirect
        } else {
            Kind::Mixed
        };
        if expected != statement.kind {
            let (kind, percent) = (statement.kind, 100.0 * share);
            let marks = format!("got {kind} ({percent:.0} % in quotation marks)");
            self.warn(statement.line, format!("expected kind {expected}, {marks}"));
        }
    }

    /// Codes, and targets that stand twice or are reached without a stance.
    fn countries(&mut self, statement: &GoldStatement) {
        let line = statement.line;
        let codes = statement.targets.iter().map(|target| target.country).chain(statement.speaker.country);
        for code in codes.filter(|code| !(self.checks.is_country)(*code)).collect::<Vec<_>>() {
            self.error(line, format!("expected a country's code, got {code}"));
        }
        let codes = statement.targets.iter().map(|target| target.country).chain(statement.speaker.country);
        for code in codes.filter(|code| code.is_dependent()).collect::<Vec<_>>() {
            self.error(line, format!("expected a sovereign state, got the dependent territory {code}"));
        }
        for (i, target) in statement.targets.iter().enumerate() {
            if statement.targets.iter().take(i).any(|other| other.country == target.country) {
                self.error(line, format!("expected each target country once, got {} again", target.country));
            }
            if target.stances.is_empty() && target.words.is_some() {
                let country = target.country;
                self.warn(line, format!("expected a stance toward {country}, which words only point to, got none"));
            }
        }
    }

    /// The countries that the content names against the targets.
    fn named(&mut self, statement: &GoldStatement, mentions: &[(Span, Country)]) {
        let inside = |span: Span| statement.content.iter().any(|piece| piece.overlaps(span));
        let named: BTreeMap<Country, Span> = mentions
            .iter()
            .filter(|(span, country)| inside(*span) && !country.is_dependent())
            .map(|(span, country)| (*country, *span))
            .collect();
        for (country, span) in &named {
            if !statement.targets.iter().any(|target| target.country == *country) {
                let words = span.of(&self.passage.text);
                self.warn(statement.line, format!("expected a target {country}, which {words:?} names, got none"));
            }
        }
        for target in statement.targets.iter().filter(|target| target.words.is_none()) {
            if !named.contains_key(&target.country) {
                let country = target.country;
                self.warn(statement.line, format!("expected words that reach {country}, which no name does"));
            }
        }
    }

    /// Statements out of order, twice, or crossing each other.
    fn neighbours(&mut self) {
        let statements = &self.passage.statements;
        for (i, statement) in statements.iter().enumerate() {
            let earlier = statements.get(..i).unwrap_or_default();
            if earlier.last().is_some_and(|last| last.extent().start > statement.extent().start) {
                self.error(statement.line, "expected statements in the order of their contents".to_owned());
            }
            for other in earlier {
                let (a, b) = (other.extent(), statement.extent());
                if other.content == statement.content {
                    self.error(statement.line, format!("expected a new content, got that of line {}", other.line));
                } else if a.overlaps(b) && !a.contains(b) && !b.contains(a) {
                    self.warn(statement.line, format!("expected nesting, but it crosses line {}", other.line));
                }
            }
        }
    }

    /// Names whose words the article does not have, and names with two countries.
    fn speakers(&mut self) {
        let text = self.passage.text.to_lowercase();
        let mut countries: HashMap<&str, (Option<Country>, usize)> = HashMap::new();
        for statement in &self.passage.statements {
            let Some(name) = statement.speaker.name.as_deref() else { continue };
            let lower = name.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            if let Some(word) = words.filter(|word| !text.contains(word)).collect::<Vec<_>>().first() {
                self.error(statement.line, format!("expected a name of the article's words, got {word:?} in {name:?}"));
            }
            let (country, line) = *countries.entry(name).or_insert((statement.speaker.country, statement.line));
            if country != statement.speaker.country {
                self.warn(statement.line, format!("expected {name:?} to have the country it has in line {line}"));
            }
        }
    }
}

/// Whether `YYYY-MM-DD` is a day of the Gregorian calendar.
fn is_calendar_date(date: &str) -> bool {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (Some(Some(year)), Some(Some(month)), Some(Some(day))) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::parse::tests::SAMPLE;

    fn messages(source: &str) -> Vec<String> {
        let (passages, problems) = parse(Path::new("train/a.txt"), source);
        assert_eq!(problems, []);
        let mentions = |passage: &Passage| {
            let names = [("Indonesia", "IDN"), ("Jakarta", "IDN"), ("Malaysia", "MYS")];
            let of = |(name, code): (&str, &str)| {
                let at = passage.text.find(name)?;
                Some((Span::new(at, at + name.len()), Country::new(code)?))
            };
            names.into_iter().filter_map(of).collect()
        };
        let is_country = |country: Country| country.as_str() != "XXX";
        let checks = Checks { is_country: &is_country, mentions: Some(&mentions), likeness: 0.3 };
        check(&passages, &checks).into_iter().map(|f| f.to_string()).collect()
    }

    #[test]
    fn a_sound_corpus_has_no_findings() {
        assert_eq!(messages(SAMPLE), [] as [&str; 0]);
    }

    #[test]
    fn a_copy_is_found_by_id_and_text() {
        let found = messages(&format!("{SAMPLE}\n{SAMPLE}"));
        assert_eq!(found.iter().filter(|f| f.contains("an id of its own")).count(), 2);
        assert_eq!(found.iter().filter(|f| f.contains("a text of its own")).count(), 1);
    }

    #[test]
    fn each_fault_is_told() {
        let broken = SAMPLE
            .replace("| wire | 2004-05-12", "| wired | 2003-02-29")
            .replace("= PHL\n  MYS: -", "= XXX\n  THA: -")
            .replace("(They): reject accuse", "(They): -")
            .replace("indirect | The", "direct | The")
            .replace("She | said@3 | no more", "“No one@1 | - | “No one,” + “wants .. anyone.”")
            .replace("speaker: - = -", "speaker: Nobody Abad = -");
        let found = messages(&broken);
        for part in [
            "expected a genre",
            "a date of the calendar, got 2003-02-29",
            "a country's code, got XXX",
            "kind indirect, got direct (0 %",
            "a stance toward IDN",
            "a target MYS",
            "words that reach THA",
            "article's words, got \"nobody\"",
            "got that of line",
            "the source outside the content",
        ] {
            assert!(found.iter().any(|f| f.contains(part)), "{part}: {found:#?}");
        }
    }

    #[test]
    fn the_calendar_is_known() {
        for (date, sound) in
            [("2000-02-29", true), ("1900-02-29", false), ("2024-04-31", false), ("1999-13-01", false), ("x", false)]
        {
            assert_eq!(is_calendar_date(date), sound, "{date}");
        }
    }
}
