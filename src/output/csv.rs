//! The tidy table: one row per statement and target, as comma-separated values.
//!
//! A statement without targets gives one row with empty target columns, an article without statements one row with
//! empty statement columns, an unreadable article one row with the error columns. Offsets are code points. Lists of
//! stances are joined by `;`; mentions, and the contents of a statement in several pieces, are JSON in their cell.
//! [`read_csv`] rebuilds the lines; only an empty title, date or country cell cannot be told from a missing one.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::str::FromStr;

use csv::StringRecord;

use super::{ErrorBody, ErrorRecord, Exporter, Line, Record, Scores, SpanRecord, SpeakerRecord};
use super::{StatementRecord, TargetRecord};

const COLUMNS: [&str; 28] = [
    "id",
    "title",
    "date",
    "model",
    "statement",
    "kind",
    "content",
    "content_spans",
    "content_pieces",
    "cue",
    "cue_start",
    "cue_end",
    "speaker",
    "speaker_start",
    "speaker_end",
    "speaker_name",
    "speaker_title",
    "speaker_country",
    "target_index",
    "target",
    "target_mentions",
    "stances",
    "reject",
    "accuse",
    "urge",
    "error",
    "error_code",
    "error_message",
];

/// Writes the tidy table, with a header.
pub struct CsvExporter<W: Write> {
    out: csv::Writer<W>,
    begun: bool,
}

impl<W: Write> CsvExporter<W> {
    /// An exporter to `out`.
    pub fn new(out: W) -> Self {
        Self { out: csv::Writer::from_writer(out), begun: false }
    }

    fn header(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.out.write_record(COLUMNS)?;
        }
        Ok(())
    }

    fn row(&mut self, cells: &[(&str, String)]) -> io::Result<()> {
        let cell = |column: &str| cells.iter().find(|(c, _)| *c == column).map_or("", |(_, value)| value.as_str());
        self.out.write_record(COLUMNS.map(cell))?;
        Ok(())
    }
}

impl<W: Write> Exporter for CsvExporter<W> {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.header()?;
        match line {
            Line::Error(e) => self.row(&[
                ("id", e.id.clone()),
                ("error", "1".to_owned()),
                ("error_code", e.error.code.clone()),
                ("error_message", e.error.message.clone()),
            ])?,
            Line::Record(record) => {
                let article = [
                    ("id", record.id.clone()),
                    ("title", record.title.clone().unwrap_or_default()),
                    ("date", record.date.clone().unwrap_or_default()),
                    ("model", record.model.clone()),
                ];
                if record.statements.is_empty() {
                    self.row(&article)?;
                }
                for (i, statement) in record.statements.iter().enumerate() {
                    let mut cells = article.to_vec();
                    cells.push(("statement", i.to_string()));
                    statement_cells(statement, &mut cells)?;
                    if statement.targets.is_empty() {
                        self.row(&cells)?;
                    }
                    for (t, target) in statement.targets.iter().enumerate() {
                        let mut cells = cells.clone();
                        cells.push(("target_index", t.to_string()));
                        target_cells(target, &mut cells)?;
                        self.row(&cells)?;
                    }
                }
            }
        }
        // An article's rows reach the file together.
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.header()?;
        self.out.flush()
    }
}

type Cells = Vec<(&'static str, String)>;

fn statement_cells(statement: &StatementRecord, cells: &mut Cells) -> io::Result<()> {
    let texts: Vec<&str> = statement.content.iter().map(|p| p.text.as_str()).collect();
    let spans: Vec<_> = statement.content.iter().map(|p| format!("{}-{}", p.start, p.end)).collect();
    cells.push(("kind", statement.kind.to_string()));
    cells.push(("content", texts.join(" … ")));
    cells.push(("content_spans", spans.join(";")));
    if texts.len() > 1 {
        cells.push(("content_pieces", serde_json::to_string(&texts)?));
    }
    if let Some(cue) = &statement.cue {
        cells.push(("cue", cue.text.clone()));
        cells.push(("cue_start", cue.start.to_string()));
        cells.push(("cue_end", cue.end.to_string()));
    }
    if let Some(speaker) = &statement.speaker {
        cells.push(("speaker", speaker.mention.text.clone()));
        cells.push(("speaker_start", speaker.mention.start.to_string()));
        cells.push(("speaker_end", speaker.mention.end.to_string()));
        cells.push(("speaker_name", speaker.name.clone()));
        cells.push(("speaker_title", speaker.title.clone().unwrap_or_default()));
        cells.push(("speaker_country", speaker.country.map(|c| c.to_string()).unwrap_or_default()));
    }
    Ok(())
}

fn target_cells(target: &TargetRecord, cells: &mut Cells) -> io::Result<()> {
    cells.push(("target", target.country.to_string()));
    cells.push(("target_mentions", serde_json::to_string(&target.mentions)?));
    cells.push(("stances", target.stances.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(";")));
    // The shortest form that reads back as the same number.
    cells.push(("reject", target.scores.reject.to_string()));
    cells.push(("accuse", target.scores.accuse.to_string()));
    cells.push(("urge", target.scores.urge.to_string()));
    Ok(())
}

/// What can be wrong with a tidy table.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file is no table.
    #[error("expected a table of statements: {0}")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error("expected a column {0:?} in the header, found none")]
    Column(&'static str),
    /// A cell does not hold what its column needs.
    #[error("line {line}, column {column}: expected {expected}, found {found:?}")]
    Cell {
        /// Line of the file, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
}

/// Rebuilds the lines of a tidy table, one after another.
///
/// # Errors
/// If the header cannot be read or lacks a column; later errors come out of the iterator, and end it.
pub fn read_csv<R: Read>(input: R) -> Result<CsvLines<R>, CsvError> {
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers()?.clone();
    let mut columns = [0; COLUMNS.len()];
    for (slot, name) in columns.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|h| h.trim_start_matches('\u{feff}') == name);
        *slot = found.ok_or(CsvError::Column(name))?;
    }
    Ok(CsvLines { reader, columns, open: None, at: (0, None), ready: VecDeque::new(), ended: false })
}

/// The iterator that [`read_csv`] gives.
pub struct CsvLines<R> {
    reader: csv::Reader<R>,
    /// Where each of [`COLUMNS`] stands in the file.
    columns: [usize; COLUMNS.len()],
    /// The record whose rows are being read.
    open: Option<Record>,
    /// Statement and target of the last row.
    at: (usize, Option<usize>),
    /// Complete lines.
    ready: VecDeque<Line>,
    ended: bool,
}

impl<R: Read> Iterator for CsvLines<R> {
    type Item = Result<Line, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            let mut row = StringRecord::new();
            let step = match self.reader.read_record(&mut row) {
                Ok(true) => {
                    let columns = self.columns;
                    self.row(&Row { columns: &columns, row: &row })
                }
                Ok(false) => {
                    self.ended = true;
                    self.close();
                    Ok(())
                }
                Err(error) => Err(error.into()),
            };
            if let Err(error) = step {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

impl<R> CsvLines<R> {
    fn close(&mut self) {
        self.ready.extend(self.open.take().map(Line::Record));
    }

    /// Takes in one row.
    fn row(&mut self, row: &Row<'_>) -> Result<(), CsvError> {
        if !row.get("error").is_empty() {
            self.close();
            let error = ErrorBody { code: row.text("error_code"), message: row.text("error_message") };
            self.ready.push_back(Line::Error(ErrorRecord { id: row.text("id"), error }));
            return Ok(());
        }
        let record = || Record {
            id: row.text("id"),
            title: row.filled("title"),
            date: row.filled("date"),
            model: row.text("model"),
            statements: Vec::new(),
        };
        if row.get("statement").is_empty() {
            self.close();
            self.ready.push_back(Line::Record(record()));
            return Ok(());
        }
        let statement: usize = row.parse("statement", "a number")?;
        let target: Option<usize> =
            if row.get("target").is_empty() { None } else { Some(row.parse("target_index", "a number")?) };
        // Two articles of the same id may follow each other: the second begins again with the first statement.
        let begins = statement == 0 && target.is_none_or(|t| t == 0);
        if begins || self.open.as_ref().is_some_and(|r| r.id != row.get("id")) {
            self.close();
        }
        let new = self.open.is_none() || self.at.0 != statement;
        let open = self.open.get_or_insert_with(record);
        if new {
            open.statements.push(row.statement()?);
        }
        if target.is_some() {
            let target = row.target()?;
            if let Some(last) = open.statements.last_mut() {
                last.targets.push(target);
            }
        }
        self.at = (statement, target);
        Ok(())
    }
}

struct Row<'a> {
    columns: &'a [usize; COLUMNS.len()],
    row: &'a StringRecord,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        let place = COLUMNS.iter().position(|c| *c == column).and_then(|i| self.columns.get(i));
        place.and_then(|i| self.row.get(*i)).unwrap_or("")
    }

    fn text(&self, column: &str) -> String {
        self.get(column).to_owned()
    }

    fn filled(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|t| !t.is_empty())
    }

    fn bad(&self, column: &'static str, expected: &'static str) -> CsvError {
        let line = self.row.position().map_or(0, csv::Position::line);
        CsvError::Cell { line, column, expected, found: self.text(column) }
    }

    fn parse<T: FromStr>(&self, column: &'static str, expected: &'static str) -> Result<T, CsvError> {
        self.get(column).parse().map_err(|_| self.bad(column, expected))
    }

    fn span(&self, text: &'static str, start: &'static str, end: &'static str) -> Result<Option<SpanRecord>, CsvError> {
        if self.get(start).is_empty() {
            return Ok(None);
        }
        let (start, end) = (self.parse(start, "a number")?, self.parse(end, "a number")?);
        Ok(Some(SpanRecord { start, end, text: self.text(text) }))
    }

    fn content(&self) -> Result<Vec<SpanRecord>, CsvError> {
        let bad = || self.bad("content_spans", "spans such as 120-168;170-180, as many as pieces");
        let mut spans = Vec::new();
        for span in self.get("content_spans").split(';').filter(|s| !s.is_empty()) {
            let (start, end) = span.split_once('-').ok_or_else(bad)?;
            spans.push((start.parse().map_err(|_| bad())?, end.parse().map_err(|_| bad())?));
        }
        let texts: Vec<String> = match spans.len() {
            0 => Vec::new(),
            1 => vec![self.text("content")],
            _ => serde_json::from_str(self.get("content_pieces"))
                .map_err(|_| self.bad("content_pieces", "a JSON array of strings"))?,
        };
        if texts.len() != spans.len() {
            return Err(bad());
        }
        Ok(spans.into_iter().zip(texts).map(|((start, end), text)| SpanRecord { start, end, text }).collect())
    }

    fn statement(&self) -> Result<StatementRecord, CsvError> {
        let speaker = match self.span("speaker", "speaker_start", "speaker_end")? {
            None => None,
            Some(mention) => Some(SpeakerRecord {
                mention,
                name: self.text("speaker_name"),
                title: self.filled("speaker_title"),
                country: match self.get("speaker_country") {
                    "" => None,
                    _ => Some(self.parse("speaker_country", "a country code of three capital letters")?),
                },
                why: None,
            }),
        };
        Ok(StatementRecord {
            kind: self.parse("kind", "direct, indirect or mixed")?,
            content: self.content()?,
            cue: self.span("cue", "cue_start", "cue_end")?,
            speaker,
            targets: Vec::new(),
        })
    }

    fn target(&self) -> Result<TargetRecord, CsvError> {
        let mentions = serde_json::from_str(self.get("target_mentions"))
            .map_err(|_| self.bad("target_mentions", "a JSON array of spans"))?;
        let stances =
            self.get("stances").split(';').filter(|s| !s.is_empty()).map(str::parse).collect::<Result<_, _>>();
        Ok(TargetRecord {
            country: self.parse("target", "a country code of three capital letters")?,
            mentions,
            stances: stances.map_err(|_| self.bad("stances", "reject, accuse or urge, joined by ;"))?,
            scores: Scores {
                reject: self.parse("reject", "a number")?,
                accuse: self.parse("accuse", "a number")?,
                urge: self.parse("urge", "a number")?,
            },
            why: None,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::country::Country;
    use crate::stance::Stance;
    use crate::statement::Kind;

    const TEXT: &str = "[a-c\",;\r\n\\[… é-]{1,6}";

    fn span() -> impl Strategy<Value = SpanRecord> + Clone {
        (0usize..999, 0usize..99, TEXT).prop_map(|(start, n, text)| SpanRecord { start, end: start + n, text })
    }

    fn country() -> impl Strategy<Value = Country> {
        "[A-Z]{3}".prop_map(|c| Country::new(&c).unwrap())
    }

    fn target() -> impl Strategy<Value = TargetRecord> {
        let stances = prop::sample::subsequence(Stance::ALL.to_vec(), 0..=3);
        let scores = (0f32..=1.0, 0f32..=1.0, 0f32..=1.0);
        (country(), prop::collection::vec(span(), 0..3), stances, scores).prop_map(|(country, mentions, stances, s)| {
            TargetRecord {
                country,
                mentions,
                stances,
                scores: Scores { reject: s.0, accuse: s.1, urge: s.2 },
                why: None,
            }
        })
    }

    fn statement() -> impl Strategy<Value = StatementRecord> {
        let speaker = (span(), TEXT, prop::option::of(TEXT), prop::option::of(country()))
            .prop_map(|(mention, name, title, country)| SpeakerRecord { mention, name, title, country, why: None });
        let targets = prop::collection::vec(target(), 0..3);
        let parts = (prop::collection::vec(span(), 0..3), prop::option::of(span()), prop::option::of(speaker), targets);
        (prop::sample::select(Kind::ALL.to_vec()), parts).prop_map(|(kind, (content, cue, speaker, targets))| {
            StatementRecord { kind, content, cue, speaker, targets }
        })
    }

    pub(in crate::output) fn lines() -> impl Strategy<Value = Vec<Line>> {
        let record = ("[ab]", prop::option::of(TEXT), "m@1", prop::collection::vec(statement(), 0..3)).prop_map(
            |(id, title, model, statements)| Line::Record(Record { id, title, date: None, model, statements }),
        );
        let error = ("[ab]", TEXT).prop_map(|(id, message)| {
            Line::Error(ErrorRecord { id, error: ErrorBody { code: "empty".to_owned(), message } })
        });
        prop::collection::vec(prop_oneof![4 => record, 1 => error], 0..6)
    }

    proptest! {
        #[test]
        fn lines_survive_the_table(lines in lines()) {
            let mut bytes = Vec::new();
            let mut exporter = CsvExporter::new(&mut bytes);
            for line in &lines {
                exporter.write(line)?;
            }
            exporter.finish()?;
            drop(exporter);
            let back: Result<Vec<_>, _> = read_csv(bytes.as_slice()).unwrap().collect();
            prop_assert_eq!(back.unwrap(), lines);
        }

        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in "[a0,\"\n;-]{0,90}") {
            let _ = read_csv(bytes.as_slice()).map(Iterator::count);
            let table = format!("{}\n{rows}", COLUMNS.join(","));
            let _ = read_csv(table.as_bytes()).map(Iterator::count);
        }
    }
}
