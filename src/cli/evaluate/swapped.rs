//! Swap consistency: judges passages and the same passages with other countries.

use demarche::corpus::{Passage, swap_at_random};
use demarche::country::{Country, Gazetteer};
use demarche::evaluate::ConsistencyTally;
use demarche::pipeline::Analyzer;
use demarche::stance::Stance;
use demarche::statement::Statement;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;

/// Draws of an exchange before an article is left out.
const TRIES: usize = 16;
/// So that every run exchanges the same countries.
const SEED: u64 = 2207;

/// The decisions on the true statements of each passage against those after one exchange of all its countries.
pub(super) fn consistency(passages: &[Passage], analyzer: &Analyzer) -> anyhow::Result<ConsistencyTally> {
    let countries: Vec<Country> = Gazetteer::builtin().countries().collect();
    let tallies: Vec<ConsistencyTally> = passages
        .par_iter()
        .enumerate()
        .map(|(i, passage)| {
            let mut tally = ConsistencyTally::default();
            let mut rng = StdRng::seed_from_u64(SEED + i as u64);
            let swapped = swap_at_random(passage, Gazetteer::builtin(), &countries, &mut rng, TRIES);
            let before = decisions(passage, analyzer)?;
            let after = swapped.map(|swapped| decisions(&swapped, analyzer)).transpose()?;
            match after {
                // Candidates come in the order of their places, which an exchange keeps.
                Some(after) if after.iter().map(Vec::len).eq(before.iter().map(Vec::len)) => {
                    tally.articles = 1;
                    for (before, after) in before.iter().flatten().zip(after.iter().flatten()) {
                        tally.count(before, after);
                    }
                }
                _ => tally.skipped = 1,
            }
            anyhow::Ok(tally)
        })
        .collect::<Result<_, _>>()?;
    let mut total = ConsistencyTally::default();
    tallies.into_iter().for_each(|tally| total += tally);
    Ok(total)
}

/// The stances of each candidate of each statement.
fn decisions(passage: &Passage, analyzer: &Analyzer) -> anyhow::Result<Vec<Vec<Vec<Stance>>>> {
    let reading = analyzer.read(&passage.text, passage.date.as_deref())?;
    let statements: Vec<Statement> = passage.statements.iter().map(|s| s.found(&reading.sentences)).collect();
    let speakers: Vec<_> = passage.statements.iter().map(|s| s.speaker.country).collect();
    let judged = analyzer.judge(&reading, &statements, &speakers)?;
    Ok(judged.into_iter().map(|own| own.into_iter().map(|j| j.stances).collect()).collect())
}
