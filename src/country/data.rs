//! The files of the gazetteer: how they are read.

use super::{Country, Leader, Office};

/// How countries are named.
pub(super) const COUNTRIES: &str = include_str!("../../data/gazetteer/countries.txt");
/// Who led them.
pub(super) const LEADERS: &str = include_str!("../../data/gazetteer/leaders.txt");
/// Phrases that only look like a country.
pub(super) const EXCEPTIONS: &str = include_str!("../../data/gazetteer/exceptions.txt");

/// A line of a gazetteer file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}, got {got:?}")]
pub struct DataError {
    /// From 1.
    pub line: usize,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there.
    pub got: String,
}

/// A name as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Without marks and article.
    pub text: String,
    /// Stands with the article *the*.
    pub article: bool,
    /// Means the country only with the article.
    pub only_with_article: bool,
    /// Too ambiguous to be looked for.
    pub silent: bool,
    /// A personal name too.
    pub personal: bool,
}

impl Item {
    fn parse(text: &str) -> Self {
        let (silent, text) = mark(text.trim(), "~");
        let (personal, text) = mark(text, "?");
        let (only_with_article, text) = mark(text, "the* ");
        let (article, text) = mark(text, "the ");
        Self { text: text.to_owned(), article: article || only_with_article, only_with_article, silent, personal }
    }

    /// Whether this is an abbreviation: two capitals or more and no small letter.
    pub(super) fn is_abbreviation(&self) -> bool {
        is_abbreviation(&self.text)
    }
}

/// Whether a name has two capitals or more and no small letter.
pub(super) fn is_abbreviation(text: &str) -> bool {
    text.chars().filter(|c| c.is_uppercase()).count() > 1 && !text.chars().any(char::is_lowercase)
}

fn mark<'a>(text: &'a str, mark: &str) -> (bool, &'a str) {
    text.strip_prefix(mark).map_or((false, text), |rest| (true, rest))
}

/// The names of one country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub country: Country,
    /// The short English name first.
    pub names: Vec<Item>,
    pub adjectives: Vec<Item>,
    /// Singular and plural.
    pub people: Vec<(Item, Item)>,
    /// The capital first.
    pub seats: Vec<Item>,
    pub organs: Vec<Item>,
}

/// The lines of a file that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let said = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(said)
}

fn items(field: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for item in field.split(';').filter(|item| !item.trim().is_empty()).map(Item::parse) {
        // "the Netherlands" is found without its article too.
        if !items.iter().any(|other| other.text == item.text) {
            items.push(item);
        }
    }
    items
}

/// The entries of the file of countries, and the lines that are none.
pub(super) fn countries(text: &str) -> (Vec<Entry>, Vec<DataError>) {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for (number, line) in lines(text) {
        match entry(line) {
            Ok(entry) => entries.push(entry),
            Err(expected) => errors.push(DataError { line: number, expected, got: line.to_owned() }),
        }
    }
    (entries, errors)
}

fn entry(line: &str) -> Result<Entry, &'static str> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [code, names, adjectives, people, seats, rest @ ..] = fields.as_slice() else {
        return Err("code | names | adjectives | people | seats | organs");
    };
    let organs = match rest {
        [] => "",
        [organs] => organs,
        _ => return Err("at most six fields"),
    };
    let country = Country::new(code).ok_or("a country code of three capital letters")?;
    let names = items(names);
    if names.is_empty() {
        return Err("a name");
    }
    let adjectives = items(adjectives);
    let mut pairs = Vec::new();
    for pair in people.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        pairs.push(match (pair, pair.split_once('/')) {
            ("+", _) => {
                let adjective = adjectives.first().ok_or("an adjective that + can stand for")?;
                (adjective.clone(), Item { text: format!("{}s", adjective.text), ..adjective.clone() })
            }
            (_, Some((one, many))) => {
                let one = Item::parse(one);
                let many = Item { personal: one.personal, silent: one.silent, ..Item::parse(many) };
                (one, many)
            }
            _ => return Err("people as singular/plural"),
        });
    }
    Ok(Entry { country, names, adjectives, people: pairs, seats: items(seats), organs: items(organs) })
}

/// The leaders of the file of leaders, and the lines that are none.
pub(super) fn leaders(text: &str) -> (Vec<Leader>, Vec<DataError>) {
    let (mut leaders, mut errors) = (Vec::new(), Vec::new());
    for (number, line) in lines(text) {
        match leader(line) {
            Ok(leader) => leaders.push(leader),
            Err(expected) => errors.push(DataError { line: number, expected, got: line.to_owned() }),
        }
    }
    (leaders, errors)
}

fn leader(line: &str) -> Result<Leader, &'static str> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [code, office, names, surnames, from, to] = fields.as_slice() else {
        return Err("code | office | names | surnames | from | to");
    };
    let list = |field: &str| -> Vec<String> {
        field.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let names = list(names);
    if names.is_empty() {
        return Err("a full name");
    }
    let surnames = list(surnames).into_iter().map(|name| match name.strip_prefix('*') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    });
    Ok(Leader {
        country: Country::new(code).ok_or("a country code of three capital letters")?,
        office: Office::parse(office).ok_or("an office")?,
        names,
        surnames: surnames.collect(),
        from: month(from).ok_or("a year or year-month")?.0,
        to: if *to == "-" { None } else { Some(month(to).ok_or("a year or year-month")?.1) },
    })
}

/// The first and the last month, counted from the year 0, of a date that begins with a year (`2009`, `2009-01`,
/// `2009-01-20T12:00`, `20090120`).
pub(super) fn month(date: &str) -> Option<(i32, i32)> {
    let digits = |range: std::ops::Range<usize>| -> Option<i32> {
        date.get(range).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    };
    let year = digits(0..4)?;
    let month = match date.as_bytes().get(4) {
        None => None,
        Some(b'-' | b'/' | b'.') => Some(digits(5..7)?),
        Some(b) if b.is_ascii_digit() => Some(digits(4..6)?),
        Some(_) => None,
    };
    match month {
        None => Some((year * 12, year * 12 + 11)),
        Some(month @ 1..=12) => Some((year * 12 + month - 1, year * 12 + month - 1)),
        Some(_) => None,
    }
}

/// The phrases of the file of exceptions.
pub(super) fn exceptions(text: &str) -> Vec<&str> {
    lines(text).flat_map(|(_, line)| line.split(';')).map(str::trim).filter(|phrase| !phrase.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_files_are_sound() {
        let (entries, errors) = countries(COUNTRIES);
        assert_eq!(errors, []);
        assert_eq!(entries.len(), 250);
        let (people, errors) = leaders(LEADERS);
        assert_eq!(errors, []);
        for leader in &people {
            assert!(entries.iter().any(|e| e.country == leader.country), "{leader:?}");
            assert!(leader.to.is_none_or(|to| to >= leader.from), "{leader:?}");
        }
        let countries: std::collections::BTreeSet<_> = people.iter().map(|l| l.country).collect();
        assert!(countries.len() >= 70, "{}", countries.len());
        assert!(exceptions(EXCEPTIONS).len() > 300);
    }

    #[test]
    fn bad_lines_are_reported() {
        let (entries, errors) = countries("# x\n\nPER | Peru | Peruvian | + | Lima |\nPERU | Peru | | |\n");
        assert_eq!(entries.len(), 1);
        assert_eq!(errors[0].line, 4);
        let (_, errors) = leaders("USA | king | A B | B | 2000 | -\nUSA | president | A B | B | 20x | -\n");
        assert_eq!(errors.iter().map(|e| e.expected).collect::<Vec<_>>(), ["an office", "a year or year-month"]);
    }

    #[test]
    fn marks_are_taken_off() {
        let item = Item::parse(" ?Jordan");
        assert!(item.personal && !item.silent && !item.article);
        let item = Item::parse("the* ISI");
        assert!(item.article && item.only_with_article && item.is_abbreviation());
    }

    #[test]
    fn dates_of_all_shapes_give_months() {
        assert_eq!(month("2009"), Some((2009 * 12, 2009 * 12 + 11)));
        assert_eq!(month("2009-01-20"), Some((2009 * 12, 2009 * 12)));
        assert_eq!(month("20091220"), Some((2009 * 12 + 11, 2009 * 12 + 11)));
        assert_eq!(month("20é"), None);
        assert_eq!(month("2009-13"), None);
    }
}
