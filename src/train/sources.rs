//! Where examples come from: the corpus, attributions, relations.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rayon::prelude::*;
use serde::Deserialize;

use super::TrainError;
use super::example::{Attribution, Builder, Example};
use super::soft::SoftLabels;
use crate::corpus::{self, Passage};
use crate::country::Gazetteer;
use crate::text::{CodePoints, Span};

/// An article of an attribution corpus, `{"id", "text", "attributions": [{"source", "cue", "content"}]}`, each a list
/// of `[start, end]` in code points.
#[derive(Clone, Debug, Deserialize)]
pub struct AttributionRow {
    /// Identifier of the article.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its attributions.
    pub attributions: Vec<AttributionSpans>,
}

impl AttributionRow {
    /// The attributions in bytes of the text.
    fn gold(&self) -> Vec<Attribution> {
        let index = CodePoints::new(&self.text);
        let attribution = |a: &AttributionSpans| Attribution {
            content: bytes(&index, &a.content),
            source: bytes(&index, &a.source).first().copied(),
            cue: bytes(&index, &a.cue).first().copied(),
        };
        self.attributions.iter().map(attribution).collect()
    }
}

/// Spans of one attribution in code points.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AttributionSpans {
    /// Pieces of the source; may be empty.
    #[serde(default)]
    pub source: Vec<[usize; 2]>,
    /// Pieces of the cue; may be empty.
    #[serde(default)]
    pub cue: Vec<[usize; 2]>,
    /// Pieces of the content.
    #[serde(default)]
    pub content: Vec<[usize; 2]>,
}

/// A relation sentence, `{"id", "text", "source", "target", "label"}`, spans in code points.
#[derive(Clone, Debug, Deserialize)]
pub struct RelationRow {
    /// Identifier of the sentence.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// Pieces of the source.
    pub source: Vec<[usize; 2]>,
    /// Pieces of the target.
    pub target: Vec<[usize; 2]>,
    /// A PLOVER code.
    pub label: String,
}

impl RelationRow {
    /// Which of reject, accuse and urge the label means; none of them for all other codes.
    pub fn truth(&self) -> [f32; 3] {
        match self.label.as_str() {
            "REJECT" => [1.0, 0.0, 0.0],
            "ACCUSE" | "DISAPPROVE" => [0.0, 1.0, 0.0],
            "REQUEST" | "DEMAND" => [0.0, 0.0, 1.0],
            _ => [0.0; 3],
        }
    }

    /// The source and the target in bytes of the text.
    pub fn spans(&self) -> (Vec<Span>, Vec<Span>) {
        let index = CodePoints::new(&self.text);
        (bytes(&index, &self.source), bytes(&index, &self.target))
    }
}

fn bytes(index: &CodePoints<'_>, pieces: &[[usize; 2]]) -> Vec<Span> {
    pieces.iter().map(|[a, b]| Span::new(index.to_byte(*a), index.to_byte(*b))).filter(|s| !s.is_empty()).collect()
}

/// Reads JSON Lines.
///
/// # Errors
/// If the file can't be read or a line is not such a row; the message names the line.
pub fn read_rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, TrainError> {
    let failed = |source| TrainError::Read { path: path.to_owned(), source };
    let file = BufReader::new(std::fs::File::open(path).map_err(failed)?);
    let mut rows = Vec::new();
    for (i, line) in file.lines().enumerate() {
        let line = line.map_err(failed)?;
        if !line.trim().is_empty() {
            let row = serde_json::from_str(&line).map_err(|e| TrainError::Row {
                path: path.to_owned(),
                line: i + 1,
                message: e.to_string(),
            })?;
            rows.push(row);
        }
    }
    Ok(rows)
}

/// A file or folder to learn from, and how often an epoch passes over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file or folder.
    pub path: PathBuf,
    /// Passes in an epoch; a fraction takes a random share.
    pub repeat: f64,
}

impl std::str::FromStr for Source {
    type Err = String;

    /// `PATH` or `PATH@REPEAT`.
    fn from_str(s: &str) -> Result<Self, String> {
        match s.rsplit_once('@').map(|(path, n)| (path, n.parse::<f64>())) {
            Some((path, Ok(repeat))) if repeat > 0.0 && repeat.is_finite() => Ok(Self { path: path.into(), repeat }),
            Some((_, Ok(n))) => Err(format!("expected a positive number of passes after @, got {n}")),
            _ => Ok(Self { path: s.into(), repeat: 1.0 }),
        }
    }
}

/// Everything that a run learns from.
#[derive(Debug, Default)]
pub struct Sources {
    corpus: Vec<(Passage, f64)>,
    /// Built once: they do not change from epoch to epoch.
    fixed: Vec<(Example, f64)>,
    /// Share of the passages whose countries are exchanged in an epoch.
    pub swap: f64,
    /// A teacher's answers.
    pub soft: SoftLabels,
    /// How far the truth of the corpus is moved towards them.
    pub soft_weight: f32,
}

/// Draws of an exchange of countries before a passage is left as it is.
const SWAP_TRIES: usize = 8;

/// Most windows of an example; longer attribution articles are cut.
const LONGEST: usize = 4;

impl Sources {
    /// Adds a folder or file of the annotated corpus.
    ///
    /// # Errors
    /// If it can't be read or has mistakes.
    pub fn add_corpus(&mut self, source: &Source, share: f64) -> Result<usize, TrainError> {
        let mut passages = corpus::load(&source.path).map_err(|e| TrainError::Corpus(Box::new(e)))?;
        if share < 1.0 {
            passages.shuffle(&mut StdRng::seed_from_u64(17));
            passages.truncate((passages.len() as f64 * share).round() as usize);
        }
        let n = passages.len();
        self.corpus.extend(passages.into_iter().map(|p| (p, source.repeat)));
        Ok(n)
    }

    /// Adds a file of attributions.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn add_attributions(&mut self, source: &Source, builder: &Builder<'_>) -> Result<usize, TrainError> {
        let rows: Vec<AttributionRow> = read_rows(&source.path)?;
        let examples: Vec<Vec<Example>> = rows
            .par_iter()
            .map(|row| {
                let mut examples = chunks(&row.text, &row.gold(), builder)?;
                for (i, example) in examples.iter_mut().enumerate() {
                    // Questions that no teacher has answered teach nothing.
                    if !self.soft.soften(&chunk_id(&row.id, i), example, 1.0) {
                        example.stances.clear();
                    }
                }
                Ok(examples)
            })
            .collect::<Result<_, TrainError>>()?;
        self.fixed.extend(examples.into_iter().flatten().map(|e| (e, source.repeat)));
        Ok(rows.len())
    }

    /// Adds relation sentences.
    ///
    /// # Errors
    /// If the tokenizer refuses one.
    pub fn add_relations(
        &mut self,
        rows: &[RelationRow],
        repeat: f64,
        builder: &Builder<'_>,
    ) -> Result<usize, TrainError> {
        for row in rows {
            let (source, target) = row.spans();
            self.fixed.push((builder.relation(&row.text, &source, &target, row.truth())?, repeat));
        }
        Ok(rows.len())
    }

    /// Every document with questions to the stance head, by the name under which a teacher answers them: the corpus as it is,
    /// and the given files of attributions.
    ///
    /// # Errors
    /// If a file can't be read or the tokenizer refuses a text.
    pub fn questions(
        &self,
        attributions: &[Source],
        builder: &Builder<'_>,
    ) -> Result<Vec<(String, Example)>, TrainError> {
        let mut all: Vec<(String, Example)> = self
            .corpus
            .par_iter()
            .map(|(passage, _)| {
                let mentions = Gazetteer::builtin().mentions(&passage.text, passage.date.as_deref());
                Ok((passage.id.clone(), builder.passage(passage, &mentions)?))
            })
            .collect::<Result<_, TrainError>>()?;
        for source in attributions {
            for row in read_rows::<AttributionRow>(&source.path)? {
                let examples = chunks(&row.text, &row.gold(), builder)?;
                all.extend(examples.into_iter().enumerate().map(|(i, e)| (chunk_id(&row.id, i), e)));
            }
        }
        Ok(all)
    }

    /// The examples of an epoch in random order, the same for the same seed and epoch.
    ///
    /// # Errors
    /// If the tokenizer refuses a passage.
    pub fn epoch(&self, builder: &Builder<'_>, seed: u64, epoch: usize) -> Result<Vec<Example>, TrainError> {
        let mut rng = StdRng::seed_from_u64(seed ^ (epoch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let times = |repeat: f64, rng: &mut StdRng| repeat as usize + usize::from(rng.random_bool(repeat.fract()));
        let mut plan: Vec<(&Passage, Option<u64>)> = Vec::new();
        for (passage, repeat) in &self.corpus {
            for _ in 0..times(*repeat, &mut rng) {
                let swapped = rng.random_bool(self.swap.clamp(0.0, 1.0));
                plan.push((passage, swapped.then(|| rng.random())));
            }
        }
        let countries: Vec<_> = Gazetteer::builtin().countries().collect();
        let mut examples: Vec<Example> = plan
            .par_iter()
            .map(|(passage, swap)| {
                let gazetteer = Gazetteer::builtin();
                let swapped = swap.and_then(|seed| {
                    corpus::swap_at_random(passage, gazetteer, &countries, &mut StdRng::seed_from_u64(seed), SWAP_TRIES)
                });
                let passage = swapped.as_ref().unwrap_or(passage);
                let mentions = gazetteer.mentions(&passage.text, passage.date.as_deref());
                let mut example = builder.passage(passage, &mentions)?;
                self.soft.soften(&passage.id, &mut example, self.soft_weight);
                Ok(example)
            })
            .collect::<Result<_, TrainError>>()?;
        for (example, repeat) in &self.fixed {
            for _ in 0..times(*repeat, &mut rng) {
                examples.push(example.clone());
            }
        }
        examples.shuffle(&mut rng);
        Ok(examples)
    }
}

/// The name under which a teacher answers the questions of a part of an attribution article.
fn chunk_id(article: &str, part: usize) -> String {
    format!("{article}#{part}")
}

/// An attribution article as examples of at most [`LONGEST`] windows: paragraphs are dealt out whole.
fn chunks(text: &str, gold: &[Attribution], builder: &Builder<'_>) -> Result<Vec<Example>, TrainError> {
    let most = builder.cut.window * LONGEST * 4; // bytes: about four to a word piece
    let mut examples = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let mut to = (from + most).min(text.len());
        if to < text.len() {
            while !text.is_char_boundary(to) {
                to -= 1;
            }
            to = text[from..to].rfind("\n\n").map_or(to, |i| from + i + 2);
        }
        let inside = |s: &Span| s.start >= from && s.end <= to;
        let part: Vec<Attribution> = gold
            .iter()
            .filter(|a| a.content.iter().all(inside) && !a.content.is_empty())
            .map(|a| {
                let shift = |s: &Span| Span::new(s.start - from, s.end - from);
                Attribution {
                    content: a.content.iter().map(shift).collect(),
                    source: a.source.filter(inside).as_ref().map(shift),
                    cue: a.cue.filter(inside).as_ref().map(shift),
                }
            })
            .collect();
        let mut example = builder.attributions(&text[from..to], &part, false)?;
        if !example.document.windows.is_empty() {
            builder.ask(&mut example, &text[from..to], &part);
            examples.push(example);
        }
        from = to;
    }
    Ok(examples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_say_how_often() {
        assert_eq!("a/b.jsonl@0.5".parse(), Ok(Source { path: "a/b.jsonl".into(), repeat: 0.5 }));
        assert_eq!("a@b/c".parse(), Ok(Source { path: "a@b/c".into(), repeat: 1.0 }));
        assert!("a@-1".parse::<Source>().is_err());
    }
}
