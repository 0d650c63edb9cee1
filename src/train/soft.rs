//! Soft labels: what a teacher thinks of every candidate country of every statement, for distillation (Hinton et al., 2015).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::example::{Example, StanceLesson};
use super::sources::read_rows;

/// Probabilities of reject, accuse and urge by document, question and candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoftLabels(BTreeMap<String, Vec<Vec<[f32; 3]>>>);

/// A line of a file of soft labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    /// The document.
    id: String,
    /// For each question and each of its candidates the three probabilities.
    stances: Vec<Vec<[f32; 3]>>,
}

impl SoftLabels {
    /// Reads JSON Lines.
    ///
    /// # Errors
    /// If the file can't be read or a line does not fit.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let rows: Vec<Row> = read_rows(path)?;
        Ok(Self(rows.into_iter().map(|row| (row.id, row.stances)).collect()))
    }

    /// Writes JSON Lines.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let failed = |source| TrainError::Read { path: path.to_owned(), source };
        let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
        for (id, stances) in &self.0 {
            // Three digits are more than a teacher knows.
            let round = |p: &[f32; 3]| p.map(|p| (p * 1e3).round() / 1e3);
            let stances = stances.iter().map(|question| question.iter().map(round).collect()).collect();
            let row = serde_json::to_string(&Row { id: id.clone(), stances }).unwrap_or_default();
            writeln!(out, "{row}").map_err(failed)?;
        }
        out.flush().map_err(failed)
    }

    /// Adds a document.
    pub fn insert(&mut self, id: String, stances: Vec<Vec<[f32; 3]>>) {
        self.0.insert(id, stances);
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves the truth of a document's questions towards the teacher's by `weight`: 0 keeps it, 1 replaces it. Questions whose
    /// candidates do not correspond to those the teacher saw, as may happen after an exchange of countries, keep their truth.
    /// Returns whether the document is known.
    pub fn soften(&self, id: &str, example: &mut Example, weight: f32) -> bool {
        let Some(soft) = self.0.get(id) else { return false };
        if soft.len() != example.stances.len() {
            return false;
        }
        for (StanceLesson { truth, .. }, soft) in example.stances.iter_mut().zip(soft) {
            if truth.len() == soft.len() {
                for (own, soft) in truth.iter_mut().flatten().zip(soft.iter().flatten()) {
                    *own += weight * (soft - *own);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_round_trip_and_soften_what_corresponds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("soft.jsonl");
        let mut labels = SoftLabels::default();
        labels.insert("a".to_owned(), vec![vec![[0.9, 0.0, 0.1]], vec![[0.5; 3], [0.5; 3]]]);
        labels.write(&path).unwrap();
        assert_eq!(SoftLabels::read(&path).unwrap(), labels);

        let lesson = |n| StanceLesson { truth: vec![[1.0, 0.0, 0.0]; n], ..StanceLesson::default() };
        let mut example = Example { stances: vec![lesson(1), lesson(3)], ..Example::default() };
        assert!(labels.soften("a", &mut example, 0.5));
        for (own, want) in example.stances[0].truth[0].iter().zip([0.95, 0.0, 0.05]) {
            assert!((own - want).abs() < 1e-6);
        }
        assert_eq!(example.stances[1].truth, vec![[1.0, 0.0, 0.0]; 3], "another number of candidates");
        assert!(!labels.soften("b", &mut example, 1.0));
    }
}
