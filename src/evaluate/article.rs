//! What is compared: the statements of an article, from records or from the corpus.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::corpus::{GoldStatement, Passage};
use crate::country::Country;
use crate::output::{Line, Record, StatementRecord};
use crate::stance::Stance;
use crate::statement::Kind;
use crate::text::CodePoints;

/// An article's statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// The identifier; articles find each other by it without folder and extension.
    pub id: String,
    /// In any order.
    pub statements: Vec<Statement>,
}

/// What is compared of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Direct, indirect or mixed.
    pub kind: Kind,
    /// The pieces of the content, in code points.
    pub content: Vec<Range<usize>>,
    /// The speaker's fullest name, else the mention.
    pub name: Option<String>,
    /// The speaker's country.
    pub country: Option<Country>,
    /// Who is the target of which stance.
    pub stances: BTreeSet<(Country, Stance)>,
}

/// Why gold or predictions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file or folder could not be read.
    #[error("expected a readable file or folder at {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}:{line}: expected {expected}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What should have stood there.
        expected: &'static str,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// An annotation quotes what its article does not have.
    #[error("{}: expected words of the article, got {found:?}", path.display())]
    Quote {
        /// The annotation file.
        path: PathBuf,
        /// The words.
        found: String,
    },
}

/// Articles of a file of records or gold records, one JSON object per line. An error record is an article without
/// statements.
///
/// # Errors
///
/// A file that cannot be read, or a line that is no record.
pub fn read_records(path: impl AsRef<Path>) -> Result<Vec<Article>, InputError> {
    read_lines(path.as_ref(), "a record", |line: Line| match line {
        Line::Record(record) => Article::from(&record),
        Line::Error(error) => Article { id: error.id, statements: Vec::new() },
    })
}

/// One value of `T` per line of a file; empty lines are skipped.
pub(super) fn read_lines<T: serde::de::DeserializeOwned, R>(
    path: &Path,
    expected: &'static str,
    make: impl Fn(T) -> R,
) -> Result<Vec<R>, InputError> {
    let failed = |source| InputError::Read { path: path.to_owned(), source };
    let mut all = Vec::new();
    for (i, line) in BufReader::new(File::open(path).map_err(failed)?).lines().enumerate() {
        let line = line.map_err(failed)?;
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str(&line).map_err(|source| InputError::Json {
            path: path.to_owned(),
            line: i + 1,
            expected,
            source,
        })?;
        all.push(make(value));
    }
    Ok(all)
}

/// The part of an identifier by which gold and predictions find each other: without folders and without the
/// extension of a text file.
pub(super) fn key(id: &str) -> &str {
    let name = id.rsplit(['/', '\\']).next().unwrap_or(id);
    let extensions = [".txt", ".json", ".html", ".htm", ".md"];
    extensions.iter().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name)
}

impl From<&Record> for Article {
    fn from(record: &Record) -> Self {
        Self { id: record.id.clone(), statements: record.statements.iter().map(Statement::from).collect() }
    }
}

impl From<&StatementRecord> for Statement {
    fn from(record: &StatementRecord) -> Self {
        let speaker = record.speaker.as_ref();
        let name = speaker.map(|s| if s.name.is_empty() { s.mention.text.clone() } else { s.name.clone() });
        let stances = record.targets.iter().flat_map(|t| t.stances.iter().map(|stance| (t.country, *stance)));
        Self {
            kind: record.kind,
            content: record.content.iter().map(|span| span.start..span.end).collect(),
            name: name.filter(|name| !name.is_empty()),
            country: speaker.and_then(|s| s.country),
            stances: stances.collect(),
        }
    }
}

impl From<&Passage> for Article {
    fn from(passage: &Passage) -> Self {
        let index = CodePoints::new(&passage.text);
        let statement = |statement: &GoldStatement| {
            let range = |span| {
                let (start, end) = index.span(span);
                start..end
            };
            let mention = || statement.source.map(|span| span.of(&passage.text).to_owned());
            let targets = &statement.targets;
            let stances = targets.iter().flat_map(|t| t.stances.iter().map(|stance| (t.country, *stance)));
            Statement {
                kind: statement.kind,
                content: statement.content.iter().map(|span| range(*span)).collect(),
                name: statement.speaker.name.clone().or_else(mention),
                country: statement.speaker.country,
                stances: stances.collect(),
            }
        };
        Self { id: passage.id.clone(), statements: passage.statements.iter().map(statement).collect() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;
    use crate::corpus::{gold_record, parse};

    /// A statement over code points `start..end` by somebody called `name` of `country`.
    pub(crate) fn statement(
        (start, end): (usize, usize),
        name: &str,
        country: &str,
        stances: &[(&str, Stance)],
    ) -> Statement {
        let of = |code: &str| Country::new(code).expect("a code");
        Statement {
            kind: Kind::Indirect,
            content: std::iter::once(start..end).collect(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            country: Country::new(country),
            stances: stances.iter().map(|(code, stance)| (of(code), *stance)).collect(),
        }
    }

    #[test]
    fn passages_and_their_records_are_the_same_article() {
        let source = "%% p-1 | wire | -\n“No – never,” said Ana. Oman must go, she said.\n%\n\
                      direct | Ana | said | “No .. never,”\n  speaker: Ana = PER\n\
                      indirect | she | said | Oman must go\n  speaker: Ana = PER\n  OMN: urge\n";
        let (passages, problems) = parse(Path::new("a.txt"), source);
        assert_eq!(problems, []);
        let article = Article::from(&passages[0]);
        assert_eq!(article.statements[1].content[0], 24..36);
        assert_eq!(article, Article::from(&gold_record(&passages[0], None).record));
    }

    #[test]
    fn records_and_error_records_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.jsonl");
        let record = r#"{"id":"x/a.txt","title":null,"date":null,"model":"m","statements":[]}"#;
        let error = r#"{"id":"b","error":{"code":"c","message":"m"}}"#;
        fs::write(&path, format!("{record}\n\n{error}\n")).expect("written");
        let ids: Vec<_> = read_records(&path).expect("records").into_iter().map(|a| a.id).collect();
        assert_eq!(ids, ["x/a.txt", "b"]);
        fs::write(&path, format!("{record}\n{{}}\n")).expect("written");
        assert!(matches!(read_records(&path), Err(InputError::Json { line: 2, .. })));
        assert!(matches!(read_records(folder.path().join("none")), Err(InputError::Read { .. })));
    }

    #[test]
    fn identifiers_agree_without_folder_and_extension() {
        assert_eq!(key("feed/2016/a00.txt"), "a00");
        assert_eq!(key("no-2016.09"), "no-2016.09");
    }
}
