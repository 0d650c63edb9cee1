//! Records and their exporters.

mod csv;
mod file;
mod jsonl;
mod record;
mod terminal;

use std::io::{self, Write};

pub use csv::{CsvError, CsvExporter, CsvLines, read_csv};
pub use file::{FileExporter, partial_path, resume};
pub use jsonl::JsonlExporter;
pub use record::{
    ErrorBody, ErrorRecord, Line, Record, Scores, SpanRecord, SpeakerReason, SpeakerRecord, StatementRecord,
    TargetRecord,
};
pub use terminal::{TerminalExporter, TerminalOptions};

/// Writes lines in one format.
pub trait Exporter {
    /// Writes one line.
    ///
    /// # Errors
    /// What the underlying writer reports.
    fn write(&mut self, line: &Line) -> io::Result<()>;

    /// Completes the output; nothing may be written after it.
    ///
    /// # Errors
    /// What the underlying writer reports.
    fn finish(&mut self) -> io::Result<()>;
}

/// The formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The coloured view for people.
    Terminal,
    /// One JSON object per line.
    JsonLines,
    /// The tidy table: one row per statement and target.
    Csv,
}

/// The exporter of a format; the options matter for [`Format::Terminal`] only.
pub fn exporter(format: Format, out: Box<dyn Write + Send>, options: &TerminalOptions) -> Box<dyn Exporter + Send> {
    match format {
        Format::Terminal => Box::new(TerminalExporter::new(out, options.clone())),
        Format::JsonLines => Box::new(JsonlExporter::new(out)),
        Format::Csv => Box::new(CsvExporter::new(out)),
    }
}
