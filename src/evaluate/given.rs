//! Stances and speakers when the true statements are given: the stance head and the speaker rules by themselves.

use std::fmt;
use std::ops::AddAssign;

use serde::Serialize;

use super::counts::{Counts, Share};
use super::metrics::last_word;
use crate::country::Country;
use crate::stance::Stance;

/// Bins of the reliability diagram.
const BINS: usize = 10;

/// A statement's candidate country: the truth and what the model says.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Whether the content names the country.
    pub named: bool,
    /// The true stances.
    pub gold: Vec<Stance>,
    /// The predicted ones.
    pub predicted: Vec<Stance>,
    /// Calibrated probabilities in the order of [`Stance::ALL`]; `None` if the country was no candidate.
    pub probabilities: Option<[f32; 3]>,
}

/// A bin of the reliability diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Decisions whose probability lies in the bin.
    pub n: usize,
    /// The sum of their probabilities.
    pub confidence: f64,
    /// How many of them are true.
    pub hits: usize,
}

/// What is counted of decisions on given statements.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GivenTally {
    /// By stance, countries that the content names and others.
    pub stances: [Counts; 3],
    /// All stances toward countries that the content names.
    pub named: Counts,
    /// All stances toward countries that it only points to.
    pub pointed: Counts,
    /// Statements with a named speaker, and whether the names end in the same word.
    pub name: Share,
    /// Statements, and whether the speakers' countries agree; none is a value.
    pub country: Share,
    /// Reliability by stance.
    pub bins: [[Bin; BINS]; 3],
}

impl GivenTally {
    /// Counts one decision.
    pub fn decision(&mut self, decision: &Decision) {
        let pooled = if decision.named { &mut self.named } else { &mut self.pointed };
        for (i, stance) in Stance::ALL.iter().enumerate() {
            let (gold, predicted) = (decision.gold.contains(stance), decision.predicted.contains(stance));
            let counts = Counts {
                hits: usize::from(gold && predicted),
                predicted: usize::from(predicted),
                gold: usize::from(gold),
            };
            self.stances[i] += counts;
            *pooled += counts;
            if let Some(probabilities) = decision.probabilities {
                let p = f64::from(probabilities[i]);
                let bin = &mut self.bins[i][((p * BINS as f64) as usize).min(BINS - 1)];
                bin.n += 1;
                bin.confidence += p;
                bin.hits += usize::from(gold);
            }
        }
    }

    /// Counts one speaker: (name, country) in the gold and as predicted.
    pub fn speaker(&mut self, gold: (Option<&str>, Option<Country>), predicted: (Option<&str>, Option<Country>)) {
        if let Some(name) = gold.0 {
            self.name.count(last_word(name) == last_word(predicted.0.unwrap_or("")));
        }
        self.country.count(gold.1 == predicted.1);
    }

    /// Expected calibration error of each stance: the mean distance of probability and frequency over ten bins of
    /// equal width, weighted by their size (Guo et al., ICML 2017).
    pub fn calibration_error(&self) -> [f64; 3] {
        self.bins.map(|bins| {
            let all: usize = bins.iter().map(|b| b.n).sum();
            let gaps: f64 = bins.iter().map(|b| (b.confidence - b.hits as f64).abs()).sum();
            if all == 0 { 0.0 } else { gaps / all as f64 }
        })
    }

    /// All stances together.
    pub fn pooled(&self) -> Counts {
        self.stances.into_iter().sum()
    }
}

impl AddAssign<&Self> for GivenTally {
    fn add_assign(&mut self, other: &Self) {
        self.stances.iter_mut().zip(other.stances).for_each(|(own, other)| *own += other);
        self.named += other.named;
        self.pointed += other.pointed;
        self.name += other.name;
        self.country += other.country;
        for (own, other) in self.bins.iter_mut().flatten().zip(other.bins.iter().flatten()) {
            own.n += other.n;
            own.confidence += other.confidence;
            own.hits += other.hits;
        }
    }
}

impl fmt::Display for GivenTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "given the true statements    F1  precision  recall   hits  predicted  gold    ECE")?;
        let errors = self.calibration_error();
        let rows =
            [("stance", self.pooled(), None), ("  named", self.named, None), ("  pointed to", self.pointed, None)];
        let labels = Stance::ALL.iter().zip(self.stances).zip(errors);
        let labels: Vec<_> = labels.map(|((s, counts), e)| (format!("  {s}"), counts, Some(e))).collect();
        let rows = rows.into_iter().map(|(name, counts, e)| (name.to_owned(), counts, e));
        for (name, counts, error) in rows.chain(labels) {
            let error = error.map_or_else(String::new, |e| format!("{e:.3}"));
            writeln!(
                f,
                "{name:25} {:5.3}      {:5.3}   {:5.3}  {:5}  {:9}  {:4}  {error:>5}",
                counts.f1(),
                counts.precision(),
                counts.recall(),
                counts.hits,
                counts.predicted,
                counts.gold,
            )?;
        }
        for (name, share) in [("speaker name", self.name), ("speaker country", self.country)] {
            writeln!(f, "{name:25} {:5.3}{:26}{:>5}{:>17}", share.value(), "", share.hits, share.total)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stance::{Accuse, Urge};

    #[test]
    fn decisions_are_counted_by_label_and_by_naming() {
        let mut tally = GivenTally::default();
        let decision = |named, gold: &[Stance], predicted: &[Stance], p| Decision {
            named,
            gold: gold.to_vec(),
            predicted: predicted.to_vec(),
            probabilities: p,
        };
        tally.decision(&decision(true, &[Accuse], &[Accuse, Urge], Some([0.0, 0.9, 0.6])));
        tally.decision(&decision(false, &[Urge], &[], None));
        assert_eq!(tally.named, Counts { hits: 1, predicted: 2, gold: 1 });
        assert_eq!(tally.pointed, Counts { hits: 0, predicted: 0, gold: 1 });
        assert_eq!(tally.stances[2], Counts { hits: 0, predicted: 1, gold: 1 });
        let [reject, accuse, urge] = tally.calibration_error();
        assert!(reject < 1e-6 && (accuse - 0.1).abs() < 1e-6 && (urge - 0.6).abs() < 1e-6);
    }

    #[test]
    fn speakers_agree_by_their_last_word() {
        let mut tally = GivenTally::default();
        tally.speaker((Some("President Ana Ruiz"), None), (Some("Ruiz"), None));
        tally.speaker((None, Country::new("PER")), (Some("he"), None));
        assert_eq!((tally.name.hits, tally.name.total), (1, 1));
        assert_eq!((tally.country.hits, tally.country.total), (1, 2));
    }
}
