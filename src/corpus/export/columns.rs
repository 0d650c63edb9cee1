//! Columns in the manner of the CoNLL shared tasks.

use std::io::{self, Write};

use unicode_segmentation::UnicodeSegmentation;

use crate::corpus::passage::{GoldStatement, Passage};
use crate::text::{CodePoints, Span};

/// One token per line, with tabs: its number in the passage, first and last-plus-one code point, form, and one column
/// per statement of the passage with `B-`/`I-` and `SOURCE`, `CUE` or `CONTENT`, else `O`. Statements may nest, hence a
/// column each, as in semantic role labelling.
///
/// Lines with `#` before a passage give its id, genre and date, and each statement's kind, speaker and targets. An
/// empty line ends a paragraph, two end a passage. Tokens are words and marks by Unicode Annex 29.
///
/// # Errors
///
/// If `out` cannot be written.
pub fn write_columns(passages: &[Passage], mut out: impl Write) -> io::Result<()> {
    for passage in passages {
        header(passage, &mut out)?;
        let index = CodePoints::new(&passage.text);
        let mut number = 0;
        for paragraph in passage.paragraphs() {
            for token in tokens(&passage.text, paragraph) {
                number += 1;
                let (start, end) = index.span(token);
                write!(out, "{number}\t{start}\t{end}\t{}", token.of(&passage.text))?;
                for statement in &passage.statements {
                    write!(out, "\t{}", label(&passage.text, statement, token))?;
                }
                writeln!(out)?;
            }
            writeln!(out)?;
        }
        writeln!(out)?;
    }
    out.flush()
}

fn header(passage: &Passage, out: &mut impl Write) -> io::Result<()> {
    let date = passage.date.as_deref().unwrap_or("-");
    writeln!(out, "# id = {}\n# genre = {}\n# date = {date}", passage.id, passage.genre)?;
    for (i, statement) in passage.statements.iter().enumerate() {
        let country = statement.speaker.country.map_or_else(|| "-".to_owned(), |country| country.to_string());
        let name = statement.speaker.name.as_deref().unwrap_or("-");
        write!(out, "# statement {} = {}\t{name}\t{country}", i + 1, statement.kind)?;
        for target in &statement.targets {
            let stances: Vec<_> = target.stances.iter().map(|stance| stance.as_str()).collect();
            write!(out, "\t{}:{}", target.country, stances.join(","))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn tokens(text: &str, paragraph: Span) -> impl Iterator<Item = Span> {
    let words = paragraph.of(text).split_word_bound_indices().filter(|(_, word)| !word.trim().is_empty());
    words.map(move |(at, word)| Span::new(paragraph.start + at, paragraph.start + at + word.len()))
}

fn label(text: &str, statement: &GoldStatement, token: Span) -> String {
    let roles = statement.content.iter().map(|span| ("CONTENT", *span));
    let roles = roles.chain(statement.source.map(|span| ("SOURCE", span)));
    let mut roles = roles.chain(statement.cue.map(|span| ("CUE", span)));
    let Some((role, span)) = roles.find(|(_, span)| span.overlaps(token)) else { return "O".to_owned() };
    let first = span.start >= token.start || Span::new(span.start, token.start).of(text).trim().is_empty();
    format!("{}-{role}", if first { "B" } else { "I" })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::parse::tests::SAMPLE;

    #[test]
    fn every_statement_has_a_column() {
        let mut out = Vec::new();
        write_columns(&parse(Path::new("a.txt"), SAMPLE).0, &mut out).expect("written");
        let out = String::from_utf8(out).expect("text");
        let rows: Vec<Vec<&str>> =
            out.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect()).collect();
        assert_eq!(rows[0], ["1", "0", "6", "Manila", "B-SOURCE", "O", "O", "O", "O", "O"]);
        assert_eq!(rows[2][3..6], ["Jakarta", "B-CONTENT", "O"]);
        assert_eq!(rows[3][4], "I-CONTENT");
        assert!(out.contains("# statement 3 = direct\tForeign Secretary Lourdes Abad\tPHL\tIDN:reject,accuse\n"));
        let fifth: Vec<_> = rows.iter().filter(|r| r.len() > 8).map(|r| r[8]).filter(|l| l.starts_with('B')).collect();
        assert_eq!(fifth, ["B-CONTENT", "B-SOURCE", "B-CUE", "B-CONTENT"]);
    }
}
