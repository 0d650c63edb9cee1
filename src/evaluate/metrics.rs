//! What is counted of an article.

use std::collections::{BTreeSet, HashSet};
use std::ops::AddAssign;

use serde::Serialize;

use super::article::Statement;
use super::counts::{Counts, Share};
use super::matching::{one_to_one, overlaps};
use crate::country::Country;
use crate::stance::Stance;
use crate::statement::Kind;

/// The overlap from which on two contents are the same statement.
const SAME: f64 = 0.5;

/// What was counted of one or several articles. Arrays by stance and by kind are in the order of [`Stance::ALL`] and
/// [`Kind::ALL`].
///
/// Two statements match if their contents do, one to one, with a character overlap (intersection over union) of at
/// least a half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Statements.
    pub statement: Counts,
    /// Statements of a kind: a match counts if the kinds agree.
    pub kinds: [Counts; 3],
    /// Gold statements by their kind, and whether they have a match of any kind.
    pub found: [Share; 3],
    /// (Country, stance) in the matched statements alone.
    pub matched: [Counts; 3],
    /// (Statement, country, stance): those in statements without a match count as missed or invented.
    pub triple: [Counts; 3],
    /// (Country, stance), one to one, wherever the contents overlap at all.
    pub located: [Counts; 3],
    /// Gold stances by the kind of their statement, and whether they were located.
    pub located_by_kind: [Share; 3],
    /// The article's set of (speaker country, target country, stance).
    pub dyad: Counts,
    /// The article's set of (target country, stance).
    pub target: Counts,
    /// Matched statements whose gold names a speaker, and whether the names end in the same word.
    pub name: Share,
    /// Matched statements, and whether the speakers' countries agree; none is a value.
    pub country: Share,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.statement += other.statement;
        add(&mut self.kinds, other.kinds);
        add(&mut self.found, other.found);
        add(&mut self.matched, other.matched);
        add(&mut self.triple, other.triple);
        add(&mut self.located, other.located);
        add(&mut self.located_by_kind, other.located_by_kind);
        self.dyad += other.dyad;
        self.target += other.target;
        self.name += other.name;
        self.country += other.country;
    }
}

fn add<T: AddAssign>(own: &mut [T; 3], other: [T; 3]) {
    own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
}

impl Tally {
    /// Counts one article.
    pub fn of(gold: &[Statement], predicted: &[Statement]) -> Self {
        let mut tally = Self::default();
        let overlaps = overlaps(gold, predicted);
        let pairs = one_to_one(&overlaps, SAME);
        tally.statement = Counts { hits: pairs.len(), predicted: predicted.len(), gold: gold.len() };
        tally.totals(gold, predicted);
        for (g, p) in &pairs {
            if let (Some(gold), Some(predicted)) = (gold.get(*g), predicted.get(*p)) {
                tally.matched(gold, predicted);
            }
        }
        let matched: HashSet<usize> = pairs.iter().map(|(g, _)| *g).collect();
        for (i, statement) in gold.iter().enumerate() {
            by_kind(&mut tally.found, statement.kind, |share| share.count(matched.contains(&i)));
        }
        tally.locate(gold, predicted, overlaps.iter().map(|overlap| (overlap.gold, overlap.predicted)));
        let dyads = |s: &Statement| s.stances.iter().map(|(c, l)| (s.country, *c, *l)).collect::<Vec<_>>();
        let union = |all: &[Statement]| all.iter().flat_map(dyads).collect::<BTreeSet<_>>();
        tally.dyad = Counts::of_sets(&union(gold), &union(predicted));
        let union = |all: &[Statement]| all.iter().flat_map(|s| s.stances.clone()).collect::<BTreeSet<_>>();
        tally.target = Counts::of_sets(&union(gold), &union(predicted));
        tally
    }

    /// How many statements and stances there are on either side.
    fn totals(&mut self, gold: &[Statement], predicted: &[Statement]) {
        for statement in gold {
            by_kind(&mut self.kinds, statement.kind, |counts| counts.gold += 1);
            for (_, stance) in &statement.stances {
                by_stance(&mut self.triple, *stance, |counts| counts.gold += 1);
                by_stance(&mut self.located, *stance, |counts| counts.gold += 1);
                by_kind(&mut self.located_by_kind, statement.kind, |share| share.total += 1);
            }
        }
        for statement in predicted {
            by_kind(&mut self.kinds, statement.kind, |counts| counts.predicted += 1);
            for (_, stance) in &statement.stances {
                by_stance(&mut self.triple, *stance, |counts| counts.predicted += 1);
                by_stance(&mut self.located, *stance, |counts| counts.predicted += 1);
            }
        }
    }

    fn matched(&mut self, gold: &Statement, predicted: &Statement) {
        if gold.kind == predicted.kind {
            by_kind(&mut self.kinds, gold.kind, |counts| counts.hits += 1);
        }
        for (_, stance) in &gold.stances {
            by_stance(&mut self.matched, *stance, |counts| counts.gold += 1);
        }
        for (_, stance) in &predicted.stances {
            by_stance(&mut self.matched, *stance, |counts| counts.predicted += 1);
        }
        for (_, stance) in gold.stances.intersection(&predicted.stances) {
            by_stance(&mut self.matched, *stance, |counts| counts.hits += 1);
            by_stance(&mut self.triple, *stance, |counts| counts.hits += 1);
        }
        if let Some(name) = &gold.name {
            self.name.count(last_word(name) == last_word(predicted.name.as_deref().unwrap_or("")));
        }
        self.country.count(gold.country == predicted.country);
    }

    /// Pairs equal stances of overlapping statements, each once, along `overlaps`.
    fn locate(&mut self, gold: &[Statement], predicted: &[Statement], overlaps: impl Iterator<Item = (usize, usize)>) {
        let mut taken: HashSet<(bool, usize, (Country, Stance))> = HashSet::new();
        for (g, p) in overlaps {
            let (Some(own), Some(other)) = (gold.get(g), predicted.get(p)) else { continue };
            for stance in own.stances.intersection(&other.stances) {
                let keys = [(true, g, *stance), (false, p, *stance)];
                if keys.iter().any(|key| taken.contains(key)) {
                    continue;
                }
                taken.extend(keys);
                by_stance(&mut self.located, stance.1, |counts| counts.hits += 1);
                by_kind(&mut self.located_by_kind, own.kind, |share| share.hits += 1);
            }
        }
    }
}

fn by_stance<T>(all: &mut [T; 3], stance: Stance, change: impl FnOnce(&mut T)) {
    let at = Stance::ALL.iter().position(|other| *other == stance);
    if let Some(own) = at.and_then(|at| all.get_mut(at)) {
        change(own);
    }
}

fn by_kind<T>(all: &mut [T; 3], kind: Kind, change: impl FnOnce(&mut T)) {
    let at = Kind::ALL.iter().position(|other| *other == kind);
    if let Some(own) = at.and_then(|at| all.get_mut(at)) {
        change(own);
    }
}

/// The last run of letters and digits, in lower case.
pub(super) fn last_word(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.rfind(|word| !word.is_empty()).unwrap_or("").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::article::tests::statement;
    use Stance::{Accuse, Reject, Urge};

    fn counts(hits: usize, predicted: usize, gold: usize) -> Counts {
        Counts { hits, predicted, gold }
    }

    #[test]
    fn a_hand_made_article() {
        let gold = [
            statement((0, 10), "President Ana Ruiz", "PER", &[("CHL", Urge), ("BOL", Accuse)]),
            statement((20, 30), "Ana Ruiz", "PER", &[("CHL", Reject)]),
            statement((40, 50), "", "", &[]),
        ];
        let predicted = [
            statement((0, 9), "Ruiz", "PER", &[("CHL", Urge), ("BOL", Urge)]),
            // Overlaps the second gold statement too little to match it.
            statement((16, 24), "she", "PER", &[("CHL", Reject)]),
            statement((40, 50), "X", "OMN", &[]),
            statement((60, 70), "X", "OMN", &[("PER", Accuse)]),
        ];
        let tally = Tally::of(&gold, &predicted);
        assert_eq!(tally.statement, counts(2, 4, 3));
        assert_eq!(tally.matched, [counts(0, 0, 0), counts(0, 0, 1), counts(1, 2, 1)]);
        assert_eq!(tally.triple, [counts(0, 1, 1), counts(0, 1, 1), counts(1, 2, 1)]);
        assert_eq!(tally.located, [counts(1, 1, 1), counts(0, 1, 1), counts(1, 2, 1)]);
        assert_eq!(tally.dyad, counts(2, 4, 3));
        assert_eq!(tally.target, counts(2, 4, 3));
        assert_eq!(tally.name, Share { hits: 1, total: 1 });
        assert_eq!(tally.country, Share { hits: 1, total: 2 });
        assert_eq!(tally.found[1], Share { hits: 2, total: 3 });
        assert_eq!(tally.located_by_kind[1], Share { hits: 2, total: 3 });
    }

    #[test]
    fn kinds_must_agree() {
        let gold = [statement((0, 10), "", "", &[])];
        let mut predicted = gold.clone();
        predicted[0].kind = Kind::Direct;
        let tally = Tally::of(&gold, &predicted);
        assert_eq!(tally.kinds, [counts(0, 1, 0), counts(0, 0, 1), counts(0, 0, 0)]);
        assert_eq!(tally.found[1], Share { hits: 1, total: 1 });
    }

    #[test]
    fn a_stance_is_located_once() {
        let gold = [statement((0, 20), "", "", &[("CHL", Urge)])];
        let half = |start| statement((start, start + 10), "", "", &[("CHL", Urge)]);
        assert_eq!(Tally::of(&gold, &[half(0), half(10)]).located[2], counts(1, 2, 1));
        assert_eq!(Tally::of(&gold, &gold).located[2], counts(1, 1, 1));
    }

    #[test]
    fn names_agree_by_their_last_word() {
        assert_eq!(last_word("Foreign Minister O’Neill (acting)"), "acting");
        assert_eq!(last_word("—"), "");
    }
}
