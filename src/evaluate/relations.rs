//! Labels of given (speaker, target) pairs, as in PLV (Hu et al., ACL 2024).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::article::{InputError, read_lines};
use super::counts::Counts;
use crate::output::Scores;
use crate::stance::Stance;

/// One sentence with a source, a target and the relation between them. Offsets are code points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// The identifier.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// The pieces of who acts.
    pub source: Vec<(usize, usize)>,
    /// The pieces of toward whom.
    pub target: Vec<(usize, usize)>,
    /// A PLOVER code.
    pub label: String,
}

impl Relation {
    /// The stance that the code stands for; none of the three for most codes.
    pub fn stance(&self) -> Option<Stance> {
        stance_of_code(&self.label)
    }
}

/// The stance that a PLOVER code stands for, of the present or the first version.
pub fn stance_of_code(code: &str) -> Option<Stance> {
    match code {
        "REJECT" => Some(Stance::Reject),
        "ACCUSE" | "DISAPPROVE" => Some(Stance::Accuse),
        "REQUEST" | "DEMAND" => Some(Stance::Urge),
        _ => None,
    }
}

/// The relations of a file, one JSON object per line.
///
/// # Errors
///
/// A file that cannot be read, or a line that is no relation.
pub fn read_relations(path: impl AsRef<Path>) -> Result<Vec<Relation>, InputError> {
    read_lines(path.as_ref(), "a relation", |relation| relation)
}

/// Counts per stance, in the order of [`Stance::ALL`], of rows with a gold label and predicted probabilities. A stance
/// is predicted where its probability is at least its threshold.
pub fn score_relations<'a>(
    rows: impl IntoIterator<Item = &'a (Option<Stance>, Scores)>,
    thresholds: Scores,
) -> [Counts; 3] {
    let mut counts = [Counts::default(); 3];
    for (gold, scores) in rows {
        for (counts, stance) in counts.iter_mut().zip(Stance::ALL) {
            let predicted = score(scores, stance) >= score(&thresholds, stance);
            let own = *gold == Some(stance);
            counts.gold += usize::from(own);
            counts.predicted += usize::from(predicted);
            counts.hits += usize::from(own && predicted);
        }
    }
    counts
}

const fn score(scores: &Scores, stance: Stance) -> f32 {
    match stance {
        Stance::Reject => scores.reject,
        Stance::Accuse => scores.accuse,
        Stance::Urge => scores.urge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_at_their_thresholds() {
        let scores = |reject, accuse, urge| Scores { reject, accuse, urge };
        let rows = [
            (Some(Stance::Reject), scores(0.9, 0.6, 0.1)),
            (Some(Stance::Accuse), scores(0.2, 0.4, 0.1)),
            (None, scores(0.5, 0.1, 0.1)),
            (Some(Stance::Urge), scores(0.1, 0.1, 0.3)),
        ];
        let [reject, accuse, urge] = score_relations(&rows, scores(0.5, 0.5, 0.3));
        assert_eq!(reject, Counts { hits: 1, predicted: 2, gold: 1 });
        assert_eq!(accuse, Counts { hits: 0, predicted: 1, gold: 1 });
        assert_eq!(urge, Counts { hits: 1, predicted: 1, gold: 1 });
    }

    #[test]
    fn relations_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        let row = r#"{"id": "r-1", "text": "A begs B", "source": [[0, 1]], "target": [[7, 8]], "label": "REQUEST"}"#;
        std::fs::write(&path, row).expect("written");
        let relations = read_relations(&path).expect("readable");
        assert_eq!(relations[0].stance(), Some(Stance::Urge));
        assert_eq!(relations[0].target, [(7, 8)]);
        assert_eq!(stance_of_code("AID"), None);
    }
}
