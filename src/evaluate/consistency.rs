//! Swap consistency: whether decisions stay when all countries of an article are exchanged.

use std::fmt;
use std::ops::AddAssign;

use serde::Serialize;

use super::counts::Share;
use crate::stance::Stance;

/// What stays of the decisions on given statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ConsistencyTally {
    /// Candidate countries of statements, and those whose stances all stay.
    pub decisions: Share,
    /// Stances found before or after, and those found both times.
    pub stances: Share,
    /// Articles exchanged.
    pub articles: usize,
    /// Articles left out: no exchange of theirs was unambiguous, or it changed the number of candidates.
    pub skipped: usize,
}

impl ConsistencyTally {
    /// Counts the stances of one candidate before and after the exchange.
    pub fn count(&mut self, before: &[Stance], after: &[Stance]) {
        self.decisions.count(before == after);
        for stance in Stance::ALL {
            match (before.contains(&stance), after.contains(&stance)) {
                (false, false) => {}
                (a, b) => self.stances.count(a && b),
            }
        }
    }
}

impl AddAssign for ConsistencyTally {
    fn add_assign(&mut self, other: Self) {
        self.decisions += other.decisions;
        self.stances += other.stances;
        self.articles += other.articles;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for ConsistencyTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "countries exchanged in {} articles ({} left out)", self.articles, self.skipped)?;
        for (name, share) in [("decisions that stay", self.decisions), ("stances found both times", self.stances)] {
            writeln!(f, "{name:25} {:5.3}  {} of {}", share.value(), share.hits, share.total)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stance::{Accuse, Urge};

    #[test]
    fn a_decision_stays_only_whole() {
        let mut tally = ConsistencyTally::default();
        tally.count(&[], &[]);
        tally.count(&[Accuse, Urge], &[Urge]);
        assert_eq!((tally.decisions.hits, tally.decisions.total), (1, 2));
        assert_eq!((tally.stances.hits, tally.stances.total), (1, 2));
    }
}
