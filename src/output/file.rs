//! Output files: written aside and renamed when complete, and resumed after a kill.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use super::{CsvExporter, Exporter, Format, JsonlExporter, Line, TerminalOptions, exporter};

/// The name under which a file is written until it is complete: `NAME.part`.
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// An exporter into a file that appears under its name only when finished. Dropped unfinished, it leaves `NAME.part`.
pub struct FileExporter {
    inner: Box<dyn Exporter + Send>,
    file: File,
    path: PathBuf,
}

impl FileExporter {
    /// Begins a new file, over any partial one.
    ///
    /// # Errors
    /// If the partial file cannot be created.
    pub fn create(path: &Path, format: Format) -> io::Result<Self> {
        let file = File::create(partial_path(path))?;
        let out = BufWriter::new(file.try_clone()?);
        let inner: Box<dyn Exporter + Send> = match format {
            Format::JsonLines => Box::new(JsonlExporter::new(out)),
            Format::Csv => Box::new(CsvExporter::new(out)),
            Format::Terminal => exporter(format, Box::new(out), &TerminalOptions::default()),
        };
        Ok(Self { inner, file, path: path.to_owned() })
    }

    /// Goes on with a JSON Lines file: gives the exporter and the ids that are done (see [`resume`]).
    ///
    /// # Errors
    /// As for [`resume`], or if the partial file cannot be opened.
    pub fn resume(path: &Path) -> io::Result<(Self, HashSet<String>)> {
        let part = partial_path(path);
        if !part.exists() && path.exists() {
            // The complete file stays in place until the longer one replaces it. The copy has another name first, so
            // that a kill in the middle cannot leave half a copy as the partial file.
            let copy = partial_path(&part);
            fs::copy(path, &copy)?;
            fs::rename(&copy, &part)?;
        }
        let done = resume(path)?;
        let file = OpenOptions::new().append(true).create(true).open(&part)?;
        let inner = Box::new(JsonlExporter::new(BufWriter::new(file.try_clone()?)));
        Ok((Self { inner, file, path: path.to_owned() }, done))
    }
}

impl Exporter for FileExporter {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.inner.write(line)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.inner.finish()?;
        self.file.sync_all()?;
        fs::rename(partial_path(&self.path), &self.path)
    }
}

/// The ids, unreadable articles' among them, that a JSON Lines output already holds: of `NAME.part` if there is one,
/// else of the file itself, else none. A torn last line is cut off the file; its article is not done.
///
/// # Errors
/// If the file cannot be read or cut, or ([`io::ErrorKind::InvalidData`]) if a whole line is no record.
pub fn resume(path: &Path) -> io::Result<HashSet<String>> {
    let part = partial_path(path);
    let path = if part.exists() { part.as_path() } else { path };
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(e) => return Err(e),
    };
    let mut reader = BufReader::new(&file);
    let (mut done, mut kept, mut number) = (HashSet::new(), 0_u64, 0_u64);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let n = reader.read_until(b'\n', &mut bytes)?;
        number += 1;
        if n == 0 {
            break;
        }
        let whole = bytes.ends_with(b"\n");
        match serde_json::from_slice::<Line>(&bytes) {
            Ok(line) if whole => {
                done.insert(match line {
                    Line::Error(e) => e.id,
                    Line::Record(r) => r.id,
                });
                kept += n as u64;
            }
            // A whole line that is no record: this is not a torn file but somebody else's, and is left alone.
            Err(e) if whole || !reader.fill_buf()?.is_empty() => {
                let message = format!("{}:{number}: expected a record, found: {e}", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            // Torn; or whole but for its line feed, which is the same: the article is read again.
            _ => break,
        }
    }
    drop(reader);
    if file.metadata()?.len() > kept {
        file.set_len(kept)?;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::{ErrorBody, ErrorRecord};
    use super::*;

    fn line(id: &str) -> Line {
        let error = ErrorBody { code: "empty".to_owned(), message: "…".to_owned() };
        Line::Error(ErrorRecord { id: id.to_owned(), error })
    }

    #[test]
    fn a_kill_at_any_byte_loses_and_doubles_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut exporter = FileExporter::create(&path, Format::JsonLines).unwrap();
        for id in ["a", "b", "c"] {
            exporter.write(&line(id)).unwrap();
        }
        assert!(!path.exists());
        exporter.finish().unwrap();
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(partial_path(&path), &whole[..cut]).unwrap();
            let (mut exporter, done) = FileExporter::resume(&path).unwrap();
            for id in ["a", "b", "c"].into_iter().filter(|id| !done.contains(*id)) {
                exporter.write(&line(id)).unwrap();
            }
            exporter.finish().unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        let (mut exporter, done) = FileExporter::resume(&path).unwrap();
        assert_eq!(done.len(), 3);
        exporter.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notes");
        assert!(resume(&path).unwrap().is_empty());
        fs::write(&path, "my notes\nmore\n").unwrap();
        assert_eq!(resume(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs::read_to_string(&path).unwrap(), "my notes\nmore\n");
    }
}
