//! The brat standoff format (Stenetorp et al., EACL 2012).

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use crate::corpus::passage::{GoldStatement, Passage};
use crate::text::{CodePoints, Span};

/// The `annotation.conf` that belongs to the annotations of [`brat`].
pub const BRAT_CONFIGURATION: &str = "\
[entities]
Direct
Indirect
Mixed
Source
Cue
Words
[relations]
SaidBy\tArg1:Direct|Indirect|Mixed, Arg2:Source
SaidWith\tArg1:Direct|Indirect|Mixed, Arg2:Cue
Reaches\tArg1:Direct|Indirect|Mixed, Arg2:Words
<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>
[events]
[attributes]
Reject\tArg:Words
Accuse\tArg:Words
Urge\tArg:Words
";

/// Writes `ID.txt` and `ID.ann` of every passage, and `annotation.conf`, into `folder`.
///
/// # Errors
///
/// If a file cannot be written, or if an id holds a path separator.
pub fn write_brat(passages: &[Passage], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("annotation.conf"), BRAT_CONFIGURATION)?;
    for passage in passages {
        if passage.id.contains(['/', '\\']) {
            let message = format!("expected an id that can be a file's name, got {:?}", passage.id);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        fs::write(folder.join(format!("{}.txt", passage.id)), &passage.text)?;
        fs::write(folder.join(format!("{}.ann", passage.id)), brat(passage))?;
    }
    Ok(())
}

/// The passage's annotations: contents are entities named by their kind, linked to source, cue and the words that
/// reach a country; a note at each content holds speaker and targets as the corpus has them.
pub fn brat(passage: &Passage) -> String {
    let index = CodePoints::new(&passage.text);
    let mut writer = Writer { passage, index, out: String::new(), entities: 0, relations: 0, attributes: 0 };
    for (i, statement) in passage.statements.iter().enumerate() {
        writer.statement(i + 1, statement);
    }
    writer.out
}

struct Writer<'a> {
    passage: &'a Passage,
    index: CodePoints<'a>,
    out: String,
    entities: usize,
    relations: usize,
    attributes: usize,
}

// Writing to a string cannot fail.
impl Writer<'_> {
    fn statement(&mut self, number: usize, statement: &GoldStatement) {
        let content = self.entity(capitalised(statement.kind.as_str()).as_str(), &statement.content);
        for (role, relation, span) in [("Source", "SaidBy", statement.source), ("Cue", "SaidWith", statement.cue)] {
            if let Some(span) = span {
                let entity = self.entity(role, &[span]);
                self.relation(relation, content, entity);
            }
        }
        for target in &statement.targets {
            let Some(words) = target.words else { continue };
            let entity = self.entity("Words", &[words]);
            self.relation("Reaches", content, entity);
            for stance in &target.stances {
                self.attributes += 1;
                let _ = writeln!(self.out, "A{}\t{} T{entity}", self.attributes, capitalised(stance.as_str()));
            }
        }
        let _ = writeln!(self.out, "#{number}\tAnnotatorNotes T{content}\t{}", note(statement));
    }

    fn entity(&mut self, name: &str, spans: &[Span]) -> usize {
        self.entities += 1;
        let offsets: Vec<_> = spans.iter().map(|span| self.index.span(*span)).collect();
        let offsets: Vec<_> = offsets.iter().map(|(start, end)| format!("{start} {end}")).collect();
        let words: Vec<_> = spans.iter().map(|span| span.of(&self.passage.text)).collect();
        let _ = writeln!(self.out, "T{}\t{name} {}\t{}", self.entities, offsets.join(";"), words.join(" "));
        self.entities
    }

    fn relation(&mut self, name: &str, from: usize, to: usize) {
        self.relations += 1;
        let _ = writeln!(self.out, "R{}\t{name} Arg1:T{from} Arg2:T{to}", self.relations);
    }
}

fn note(statement: &GoldStatement) -> String {
    let speaker = &statement.speaker;
    let country = speaker.country.map_or_else(|| "-".to_owned(), |country| country.to_string());
    let mut note = format!("speaker: {} = {country}", speaker.name.as_deref().unwrap_or("-"));
    for target in &statement.targets {
        let stances: Vec<_> = target.stances.iter().map(|stance| stance.as_str()).collect();
        let stances = if stances.is_empty() { "-".to_owned() } else { stances.join(" ") };
        let _ = write!(note, "; {}: {stances}", target.country);
    }
    note
}

fn capitalised(label: &str) -> String {
    let mut chars = label.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::parse::tests::SAMPLE;

    #[test]
    fn entities_hold_the_text_at_their_offsets() {
        let passage = parse(Path::new("a.txt"), SAMPLE).0.remove(0);
        let ann = brat(&passage);
        let chars: Vec<char> = passage.text.chars().collect();
        for line in ann.lines().filter(|line| line.starts_with('T')) {
            let fields: Vec<_> = line.split('\t').collect();
            let offsets = fields[1].split_once(' ').expect("offsets").1;
            let pieces = offsets.split(';').map(|piece| {
                let (start, end) = piece.split_once(' ').expect("start and end");
                let (start, end): (usize, usize) = (start.parse().expect("start"), end.parse().expect("end"));
                chars[start..end].iter().collect::<String>()
            });
            assert_eq!(pieces.collect::<Vec<_>>().join(" "), fields[2]);
        }
        assert!(ann.contains("A1\tReject T10\nA2\tAccuse T10\n#3\tAnnotatorNotes T7\tspeaker: Foreign"), "{ann}");
    }

    #[test]
    fn files_are_written_in_pairs() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut passages = parse(Path::new("a.txt"), SAMPLE).0;
        write_brat(&passages, folder.path()).expect("written");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 5);
        passages[0].id = "../x".to_owned();
        assert!(write_brat(&passages, folder.path()).is_err());
    }
}
