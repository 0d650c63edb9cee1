//! Comma- and tab-separated values with a header.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::StringRecord;

use super::bytes::{Stream, io_failure, too_large};
use super::fields::{Fields, article};
use super::{Article, Articles, Failure, ReadOptions};

/// Reads the articles of a stream row by row. A broken row is a failure called `FILE:LINE`.
pub(super) fn read(stream: Stream, id: &str, delimiter: u8, options: &ReadOptions) -> Result<Articles, Failure> {
    let used = Arc::new(AtomicU64::new(0));
    let limit = options.max_bytes;
    let metered = Metered { stream, used: Arc::clone(&used), limit };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(metered);
    let header = reader.headers().map_err(|e| failure(id, e, limit))?.clone();
    if header.iter().all(|h| h.trim().is_empty()) {
        return Err(Failure::new(id, "empty", "expected a header and rows, found nothing"));
    }
    let header = header.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    Ok(Box::new(Rows { reader: Some(reader), used, header, id: id.to_owned(), found: false, options: options.clone() }))
}

/// Fails once more than `limit` bytes have been read since `used` was last set to zero. Without it an unclosed
/// quotation mark would draw the rest of an endless stream into one row.
struct Metered {
    stream: Stream,
    used: Arc<AtomicU64>,
    limit: u64,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used.load(Ordering::Relaxed) > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = self.stream.read(buffer)?;
        self.used.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

struct Rows {
    reader: Option<csv::Reader<Metered>>,
    used: Arc<AtomicU64>,
    header: Vec<String>,
    id: String,
    found: bool,
    options: ReadOptions,
}

impl Iterator for Rows {
    type Item = Result<Article, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        self.used.store(0, Ordering::Relaxed);
        let mut row = StringRecord::new();
        let line = reader.position().line();
        let result = reader.read_record(&mut row);
        let line = row.position().map_or(line, csv::Position::line);
        let place = format!("{}:{line}", self.id);
        match result {
            Ok(true) => {
                self.found = true;
                Some(article(&Row { header: &self.header, row: &row }, &place, &self.options))
            }
            Ok(false) => {
                self.reader = None;
                let empty = || Failure::new(&self.id, "empty", "expected rows below the header, found none");
                (!self.found).then(|| Err(empty()))
            }
            Err(error) => {
                self.found = true;
                // Only text that is not UTF-8 leaves the reader at the start of another row.
                if !matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
                    self.reader = None;
                }
                Some(Err(failure(&place, error, self.options.max_bytes)))
            }
        }
    }
}

fn failure(place: &str, error: csv::Error, limit: u64) -> Failure {
    let shown = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge => too_large(place, "a row", limit),
        csv::ErrorKind::Io(e) => io_failure(place, &e),
        csv::ErrorKind::Utf8 { err, .. } => {
            Failure::new(place, "invalid-utf8", format!("expected UTF-8 text in every field, found: {err}"))
        }
        _ => Failure::new(place, "invalid-csv", format!("expected separated values, found: {shown}")),
    }
}

struct Row<'a> {
    header: &'a [String],
    row: &'a StringRecord,
}

impl Fields for Row<'_> {
    fn get(&self, field: &str) -> Result<Option<String>, &'static str> {
        let column = self.header.iter().position(|h| h == field);
        Ok(column.and_then(|c| self.row.get(c)).map(str::to_owned))
    }

    fn names(&self) -> Vec<String> {
        self.header.to_vec()
    }
}
