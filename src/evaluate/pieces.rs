//! Gold in the form of exact substrings, beside the texts they are quoted from.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::article::{Article, InputError, Statement};
use crate::country::Country;
use crate::stance::Stance;
use crate::statement::Kind;
use crate::text::{CodePoints, Span};

/// How far (in code points) a statement may begin before the one that precedes it in the file.
const BACK: usize = 400;
/// A statement found further ahead than this (in code points) does not move the place where the next is searched.
const LEAP: usize = 3000;

#[derive(Deserialize)]
struct File {
    id: String,
    statements: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    kind: Kind,
    pieces: Vec<String>,
    speaker: Option<String>,
    speaker_name: Option<String>,
    speaker_country: Option<Country>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    country: Country,
    stances: Vec<Stance>,
}

/// The articles of a folder that holds `articles/ID.txt` and `gold/ID.json`, by id.
///
/// # Errors
///
/// A file that cannot be read or is no annotation, or a piece that its article does not have.
pub fn read_pieces(folder: impl AsRef<Path>) -> Result<Vec<Article>, InputError> {
    let (texts, gold) = (folder.as_ref().join("articles"), folder.as_ref().join("gold"));
    let mut paths = entries(&gold)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let article = |path: PathBuf| {
        let file: File = serde_json::from_str(&read(&path)?).map_err(|source| InputError::Json {
            line: source.line(),
            path: path.clone(),
            expected: "annotated statements",
            source,
        })?;
        let text = read(&texts.join(format!("{}.txt", file.id)))?;
        locate(&text, file).map_err(|found| InputError::Quote { path, found })
    };
    paths.into_iter().map(article).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let failed = |source| InputError::Read { path: folder.to_owned(), source };
    fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn read(path: &Path) -> Result<String, InputError> {
    fs::read_to_string(path).map_err(|source| InputError::Read { path: path.to_owned(), source })
}

/// Looks the pieces up, each statement from about where the one before began; or the piece that is not there.
fn locate(text: &str, file: File) -> Result<Article, String> {
    let index = CodePoints::new(text);
    let mut reached = 0;
    let mut statements = Vec::new();
    for annotation in file.statements {
        let content = pieces(text, &index, reached, &annotation.pieces)?;
        if let Some(first) = content.first()
            && index.at_byte(first.start).saturating_sub(index.at_byte(reached)) < LEAP
        {
            reached = reached.max(first.start);
        }
        let stances = annotation.targets.iter().flat_map(|t| t.stances.iter().map(|stance| (t.country, *stance)));
        let filled = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        statements.push(Statement {
            kind: annotation.kind,
            content: content.iter().map(|span| index.at_byte(span.start)..index.at_byte(span.end)).collect(),
            name: filled(&annotation.speaker_name).or_else(|| filled(&annotation.speaker)),
            country: annotation.speaker_country,
            stances: stances.collect(),
        });
    }
    Ok(Article { id: file.id, statements })
}

fn pieces(text: &str, index: &CodePoints<'_>, reached: usize, pieces: &[String]) -> Result<Vec<Span>, String> {
    let find = |piece: &str, from: usize| text.get(from..)?.find(piece).map(|at| from + at);
    let mut spans: Vec<Span> = Vec::new();
    for piece in pieces {
        let start = match spans.last() {
            Some(last) => find(piece, last.end),
            None => {
                let back = index.to_byte(index.at_byte(reached).saturating_sub(BACK));
                find(piece, reached).or_else(|| find(piece, back))
            }
        };
        let start = start.or_else(|| find(piece, 0)).ok_or_else(|| piece.clone())?;
        spans.push(Span::new(start, start + piece.len()));
    }
    if spans.is_empty() { Err(String::new()) } else { Ok(spans) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: &str = r#"{"id": "a", "statements": [
        {"kind": "mixed", "pieces": ["We – we", "go"], "cue": "said", "speaker": "he", "speaker_name": null,
         "speaker_country": "PER", "targets": [{"country": "CHL", "stances": ["urge"]}]},
        {"kind": "indirect", "pieces": ["We"], "cue": null, "speaker": null, "speaker_name": null,
         "speaker_country": null, "targets": []}]}"#;

    #[test]
    fn pieces_are_found_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("articles/a.txt", "They go. We – we, he said, go. We!");
        write("gold/a.json", GOLD);
        let articles = read_pieces(folder.path()).expect("readable");
        let statements = &articles[0].statements;
        assert_eq!(statements[0].content, [9..16, 27..29]);
        assert_eq!(statements[0].name.as_deref(), Some("he"));
        assert_eq!(statements[1].content[0], 9..11);
        write("articles/a.txt", "Nothing.");
        assert!(matches!(read_pieces(folder.path()), Err(InputError::Quote { .. })));
    }
}
