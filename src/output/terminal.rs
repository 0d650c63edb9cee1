//! The readable view for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Exporter, Line, Record, StatementRecord, TargetRecord};
use crate::country::Country;
use crate::stance::Stance;

/// How the view looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Whether to write colours.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to leave out statements without a stance.
    pub only_stances: bool,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self { colour: false, width: 100, only_stances: false }
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const SPEAKER: Style = AnsiColor::Cyan.on_default();

const fn colour_of(stance: Stance) -> Style {
    match stance {
        Stance::Reject => AnsiColor::Magenta.on_default(),
        Stance::Accuse => AnsiColor::Red.on_default(),
        Stance::Urge => AnsiColor::Green.on_default(),
    }
}

/// Writes the view.
pub struct TerminalExporter<W: Write> {
    out: W,
    options: TerminalOptions,
}

impl<W: Write> TerminalExporter<W> {
    /// An exporter to `out`.
    pub const fn new(out: W, options: TerminalOptions) -> Self {
        Self { out, options }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.options.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        let title = shorten(record.title.as_deref().unwrap_or(&record.id), self.options.width);
        let mut about = if record.title.is_some() { clean(&record.id) } else { String::new() };
        if let Some(date) = &record.date {
            about = if about.is_empty() { clean(date) } else { format!("{about}  {}", clean(date)) };
        }
        writeln!(self.out, "{}", self.paint(BOLD, &title))?;
        if !about.is_empty() {
            writeln!(self.out, "{}", self.paint(DIM, &about))?;
        }
        for statement in &record.statements {
            let stances = statement.targets.iter().any(|t| !t.stances.is_empty());
            if stances || !self.options.only_stances {
                self.statement(statement, stances)?;
            }
        }
        self.summary(record)?;
        writeln!(self.out)
    }

    fn statement(&mut self, statement: &StatementRecord, stances: bool) -> io::Result<()> {
        let speaker = statement.speaker.as_ref().map_or_else(
            || "?".to_owned(),
            |s| {
                let country = s.country.map(|c| format!(" ({c})")).unwrap_or_default();
                shorten(&s.name, self.options.width / 3) + &country
            },
        );
        let cue = statement.cue.as_ref().map(|c| shorten(&c.text, 24) + ": ").unwrap_or_default();
        let head = 2 + speaker.width() + 1 + cue.width();
        let pieces: Vec<_> = statement.content.iter().map(|p| p.text.as_str()).collect();
        let content = shorten(&pieces.join(" … "), self.options.width.saturating_sub(head).max(16));
        if !stances {
            let line = format!("  {speaker} {cue}{content}");
            return writeln!(self.out, "{}", self.paint(DIM, &line));
        }
        writeln!(self.out, "  {} {}{content}", self.paint(SPEAKER, &speaker), self.paint(DIM, &cue))?;
        let targets = statement.targets.iter().filter(|t| !t.stances.is_empty());
        let shown: Vec<_> = targets.map(|t| self.target(t)).collect();
        writeln!(self.out, "    {}", shown.join("   "))
    }

    fn target(&self, target: &TargetRecord) -> String {
        let mut shown = format!("→ {}", self.paint(BOLD, target.country.as_str()));
        for stance in &target.stances {
            let score = match stance {
                Stance::Reject => target.scores.reject,
                Stance::Accuse => target.scores.accuse,
                Stance::Urge => target.scores.urge,
            };
            shown += &format!(" {} {score:.2}", self.paint(colour_of(*stance), stance.as_str()));
        }
        shown
    }

    /// Who speaks against or to whom: a line per pair of countries.
    fn summary(&mut self, record: &Record) -> io::Result<()> {
        let mut pairs: BTreeMap<(Option<Country>, Country), BTreeMap<Stance, usize>> = BTreeMap::new();
        for statement in &record.statements {
            let from = statement.speaker.as_ref().and_then(|s| s.country);
            for target in &statement.targets {
                for stance in &target.stances {
                    *pairs.entry((from, target.country)).or_default().entry(*stance).or_default() += 1;
                }
            }
        }
        for ((from, to), counts) in pairs {
            let from = from.map_or_else(|| "?".to_owned(), |c| c.to_string());
            let counts: Vec<_> =
                counts.iter().map(|(s, n)| format!("{} ×{n}", self.paint(colour_of(*s), s.as_str()))).collect();
            writeln!(self.out, "  {from} → {to}: {}", counts.join(", "))?;
        }
        Ok(())
    }
}

impl<W: Write> Exporter for TerminalExporter<W> {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Record(record) => self.record(record)?,
            Line::Error(e) => {
                let code = self.paint(ERROR, &clean(&e.error.code));
                writeln!(self.out, "{}: {code}: {}\n", clean(&e.id), clean(&e.error.message))?;
            }
        }
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The text on one line and without control characters, so that an article cannot steer the terminal.
fn clean(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The cleaned text in at most `width` columns, with an ellipsis if something is left out.
fn shorten(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.width() <= width {
        return text;
    }
    let mut short = String::new();
    let mut used = 1;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > width {
            break;
        }
        short.push_str(grapheme);
    }
    short.truncate(short.trim_end().len());
    short + "…"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::csv::tests::lines;
    use super::*;

    fn show(line: &Line, options: TerminalOptions) -> String {
        let mut bytes = Vec::new();
        TerminalExporter::new(&mut bytes, options).write(line).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_record_reads_well() {
        let line: Line = serde_json::from_str(
            r#"{"id":"a.txt","title":"Talks","date":null,"model":"m","statements":[
            {"kind":"direct","content":[{"start":0,"end":4,"text":"No,\u001b never"}],
             "cue":{"start":5,"end":9,"text":"said"},
             "speaker":{"start":10,"end":12,"text":"he","name":"Ali Farahani","country":"IRN"},
             "targets":[{"country":"USA","mentions":[],"stances":["reject"],
                         "scores":{"reject":0.97,"accuse":0.2,"urge":0.0}}]},
            {"kind":"direct","content":[],"cue":null,"speaker":null,"targets":[]}]}"#,
        )
        .unwrap();
        let options = TerminalOptions { only_stances: true, ..TerminalOptions::default() };
        assert_eq!(
            show(&line, options),
            "Talks\na.txt\n  Ali Farahani (IRN) said: No, never\n    → USA reject 0.97\n  IRN → USA: reject ×1\n\n"
        );
    }

    #[test]
    fn shortening_counts_columns() {
        assert_eq!(shorten("東京大学", 5), "東京…");
        assert_eq!(shorten("a  b\n", 9), "a b");
        assert_eq!(shorten("abc", 0), "…");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_escape_without_colour(lines in lines(), width in 0usize..90) {
            for line in &lines {
                let options = TerminalOptions { width, ..TerminalOptions::default() };
                let escapes = show(line, options).contains('\u{1b}');
                prop_assert!(!escapes);
            }
        }
    }
}
