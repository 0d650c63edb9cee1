//! Figures of the corpus.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::passage::{GoldStatement, Passage};
use crate::country::Country;
use crate::stance::Stance;
use crate::statement::Kind;

/// How many of what, by name.
pub type Counts = BTreeMap<String, usize>;

/// What a set of passages holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Passages.
    pub passages: usize,
    /// Those in which nothing is said.
    pub passages_without_statement: usize,
    /// Words between white space.
    pub words: usize,
    /// Paragraphs, headlines among them.
    pub paragraphs: usize,
    /// Headlines.
    pub headlines: usize,
    /// Statements.
    pub statements: usize,
    /// Statements without a target.
    pub statements_without_target: usize,
    /// Statements with a stance toward at least one country.
    pub statements_with_stance: usize,
    /// Statements whose content is interrupted.
    pub interrupted: usize,
    /// Statements by kind.
    pub kinds: Counts,
    /// Statements by the place of their cue: `before`, `inside` or `after` the content, or `none`.
    pub cues: Counts,
    /// Statements by their source: `name`, `pronoun`, `description` (no capital at its end), `none`.
    pub sources: Counts,
    /// Statements by their speaker: `named` or not, with a `country` or not.
    pub speakers: Counts,
    /// Pairs of statement and target country.
    pub pairs: usize,
    /// Pairs without a stance.
    pub pairs_without_stance: usize,
    /// Pairs with several stances.
    pub pairs_with_several: usize,
    /// Pairs with a stance that words reach and no name.
    pub pairs_by_words: usize,
    /// Pairs with a stance toward the speaker's own country.
    pub pairs_own_country: usize,
    /// Stances by label.
    pub stances: Counts,
    /// Passages by genre.
    pub genres: Counts,
    /// Passages by decade.
    pub periods: Counts,
    /// Statements by the speaker's country.
    pub speaker_countries: BTreeMap<Country, usize>,
    /// Pairs by their country.
    pub target_countries: BTreeMap<Country, usize>,
}

impl Stats {
    /// The figures of the passages.
    pub fn of<'a>(passages: impl IntoIterator<Item = &'a Passage>) -> Self {
        let mut stats = Self::default();
        for passage in passages {
            stats.passage(passage);
        }
        stats
    }

    fn passage(&mut self, passage: &Passage) {
        self.passages += 1;
        self.passages_without_statement += usize::from(passage.statements.is_empty());
        self.words += passage.text.split_whitespace().count();
        self.paragraphs += passage.paragraphs().len();
        self.headlines += passage.headlines.len();
        count(&mut self.genres, &passage.genre);
        let decade = passage.date.as_deref().and_then(|date| date.get(..3)).map(|decade| format!("{decade}0s"));
        count(&mut self.periods, decade.as_deref().unwrap_or("unknown"));
        for statement in &passage.statements {
            self.statement(&passage.text, statement);
        }
    }

    fn statement(&mut self, text: &str, statement: &GoldStatement) {
        self.statements += 1;
        self.statements_without_target += usize::from(statement.targets.is_empty());
        self.statements_with_stance += usize::from(statement.targets.iter().any(|t| !t.stances.is_empty()));
        self.interrupted += usize::from(statement.content.len() > 1);
        count(&mut self.kinds, statement.kind.as_str());
        count(&mut self.cues, cue_place(statement));
        count(&mut self.sources, source_type(text, statement));
        let speaker = &statement.speaker;
        let name = if speaker.name.is_some() { "named" } else { "unnamed" };
        let country = if speaker.country.is_some() { "with country" } else { "without country" };
        count(&mut self.speakers, &format!("{name}, {country}"));
        if let Some(country) = speaker.country {
            *self.speaker_countries.entry(country).or_default() += 1;
        }
        for target in &statement.targets {
            let stance = !target.stances.is_empty();
            self.pairs += 1;
            self.pairs_without_stance += usize::from(!stance);
            self.pairs_with_several += usize::from(target.stances.len() > 1);
            self.pairs_by_words += usize::from(stance && target.words.is_some());
            self.pairs_own_country += usize::from(stance && speaker.country == Some(target.country));
            *self.target_countries.entry(target.country).or_default() += 1;
            target.stances.iter().for_each(|stance| count(&mut self.stances, stance.as_str()));
        }
    }
}

fn count(counts: &mut Counts, key: &str) {
    match counts.get_mut(key) {
        Some(n) => *n += 1,
        None => {
            counts.insert(key.to_owned(), 1);
        }
    }
}

fn cue_place(statement: &GoldStatement) -> &'static str {
    let (Some(cue), extent) = (statement.cue, statement.extent()) else { return "none" };
    if cue.end <= extent.start {
        "before"
    } else if cue.start >= extent.end {
        "after"
    } else {
        "inside"
    }
}

fn source_type(text: &str, statement: &GoldStatement) -> &'static str {
    const PRONOUNS: [&str; 12] = ["he", "she", "it", "they", "i", "we", "you", "who", "which", "both", "one", "all"];
    let Some(source) = statement.source else { return "none" };
    let words = source.of(text);
    let last = words.rsplit(|c: char| c.is_whitespace()).next().unwrap_or("");
    if PRONOUNS.contains(&words.to_lowercase().as_str()) {
        "pronoun"
    } else if last.starts_with(char::is_uppercase) {
        "name"
    } else {
        "description"
    }
}

/// The figures side by side as a plain table, one column per set; shares of the set's total in per cent.
pub fn table(columns: &[(&str, Stats)]) -> String {
    let mut out = columns.iter().fold(format!("{:34}", ""), |head, (name, _)| format!("{head}{name:>18}"));
    let mut line = |label: &str, cell: &dyn Fn(&Stats) -> String| {
        let _ = write!(out, "\n{label:34}");
        columns.iter().for_each(|(_, stats)| {
            let _ = write!(out, "{:>18}", cell(stats));
        });
    };
    line("passages", &|s| s.passages.to_string());
    line("  without a statement", &|s| share(s.passages_without_statement, s.passages));
    line("words", &|s| s.words.to_string());
    line("paragraphs", &|s| s.paragraphs.to_string());
    line("headlines", &|s| s.headlines.to_string());
    line("statements", &|s| s.statements.to_string());
    for (what, of) in GROUPS {
        for key in keys(columns, of) {
            line(&format!("  {what} {key}"), &|s| share(of(s).get(&key).copied().unwrap_or(0), s.statements));
        }
    }
    line("  interrupted content", &|s| share(s.interrupted, s.statements));
    line("  without target", &|s| share(s.statements_without_target, s.statements));
    line("  with a stance", &|s| share(s.statements_with_stance, s.statements));
    line("pairs of statement and country", &|s| s.pairs.to_string());
    line("  without a stance", &|s| share(s.pairs_without_stance, s.pairs));
    let with = |s: &Stats| s.pairs - s.pairs_without_stance;
    line("  with a stance", &|s| share(with(s), s.pairs));
    line("    reached by words", &|s| share(s.pairs_by_words, with(s)));
    line("    several stances", &|s| share(s.pairs_with_several, with(s)));
    line("    toward the own country", &|s| share(s.pairs_own_country, with(s)));
    for stance in Stance::ALL {
        let of = |s: &Stats| s.stances.get(stance.as_str()).copied().unwrap_or(0);
        line(&format!("  {stance}"), &|s| share(of(s), s.pairs));
    }
    for key in keys(columns, |s| &s.genres) {
        line(&format!("genre {key}"), &|s| share(s.genres.get(&key).copied().unwrap_or(0), s.passages));
    }
    for key in keys(columns, |s| &s.periods) {
        line(&format!("period {key}"), &|s| share(s.periods.get(&key).copied().unwrap_or(0), s.passages));
    }
    line("countries that speak", &|s| s.speaker_countries.len().to_string());
    line("  the most frequent", &|s| most_frequent(&s.speaker_countries, s.statements));
    line("countries as targets", &|s| s.target_countries.len().to_string());
    line("  the most frequent", &|s| most_frequent(&s.target_countries, s.pairs));
    out.push('\n');
    out
}

/// A count of a set by name.
type Group = fn(&Stats) -> &Counts;

const GROUPS: [(&str, Group); 4] =
    [("kind", |s| &s.kinds), ("cue", |s| &s.cues), ("source", |s| &s.sources), ("speaker", |s| &s.speakers)];

fn keys(columns: &[(&str, Stats)], of: impl Fn(&Stats) -> &Counts) -> Vec<String> {
    let mut keys: Vec<_> = columns.iter().flat_map(|(_, stats)| of(stats).keys().cloned()).collect();
    keys.sort_by_key(|key| (Kind::ALL.iter().position(|kind| kind.as_str() == key), key.clone()));
    keys.dedup();
    keys
}

fn share(part: usize, whole: usize) -> String {
    let percent = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    format!("{part} {percent:5.1} %")
}

fn most_frequent(countries: &BTreeMap<Country, usize>, whole: usize) -> String {
    let most = countries.iter().max_by_key(|(country, n)| (**n, std::cmp::Reverse(**country)));
    most.map_or_else(String::new, |(country, n)| format!("{country} {}", share(*n, whole)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::parse::tests::SAMPLE;

    fn sample() -> Stats {
        Stats::of(&parse(Path::new("a.txt"), SAMPLE).0)
    }

    #[test]
    fn the_sample_is_counted() {
        let stats = sample();
        assert_eq!((stats.passages, stats.passages_without_statement, stats.headlines), (2, 1, 1));
        assert_eq!((stats.statements, stats.statements_without_target, stats.interrupted), (6, 2, 1));
        assert_eq!(
            (stats.pairs, stats.pairs_without_stance, stats.pairs_with_several, stats.pairs_by_words),
            (4, 1, 1, 1)
        );
        let of = |counts: &Counts, key: &str| counts.get(key).copied().unwrap_or(0);
        assert_eq!((of(&stats.cues, "before"), of(&stats.cues, "inside"), of(&stats.cues, "after")), (3, 1, 2));
        assert_eq!((of(&stats.sources, "pronoun"), of(&stats.sources, "name"), of(&stats.sources, "none")), (2, 3, 1));
        assert_eq!((of(&stats.stances, "urge"), of(&stats.stances, "reject")), (2, 1));
        assert_eq!(of(&stats.periods, "2000s"), 1);
    }

    #[test]
    fn the_table_has_a_column_per_set() {
        let table = table(&[("train", sample()), ("dev", Stats::default())]);
        assert!(table.lines().next().is_some_and(|head| head.ends_with("dev")));
        assert!(table.contains("genre wire"));
        let widths: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    }

    #[test]
    fn figures_are_serialised() {
        let json = serde_json::to_value(sample()).expect("serialisable");
        assert_eq!(json["target_countries"]["IDN"], 3);
    }
}
