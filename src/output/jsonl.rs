//! JSON Lines: one object per article, flushed line by line.

use std::io::{self, Write};

use super::{Exporter, Line};

/// Writes JSON Lines. A line is handed to the writer whole and flushed, so that a reader of the stream sees it at once
/// and a killed run leaves at most one torn line.
pub struct JsonlExporter<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> JsonlExporter<W> {
    /// An exporter to `out`.
    pub const fn new(out: W) -> Self {
        Self { out, buffer: Vec::new() }
    }
}

impl<W: Write> Exporter for JsonlExporter<W> {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)?;
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer)?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv::tests::lines;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_line_is_an_object_that_reads_back(lines in lines()) {
            let mut bytes = Vec::new();
            let mut exporter = JsonlExporter::new(&mut bytes);
            for line in &lines {
                exporter.write(line)?;
            }
            exporter.finish()?;
            let text = String::from_utf8(bytes)?;
            prop_assert_eq!(text.lines().count(), lines.len());
            for (line, wanted) in text.lines().zip(&lines) {
                prop_assert_eq!(&serde_json::from_str::<Line>(line)?, wanted);
            }
        }
    }
}
