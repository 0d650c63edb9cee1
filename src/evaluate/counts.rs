//! Counts and what is computed from them.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::Serialize;

/// How many were right, predicted, and in the gold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Predicted and in the gold.
    pub hits: usize,
    /// Predicted.
    pub predicted: usize,
    /// In the gold.
    pub gold: usize,
}

impl Counts {
    /// Right of the predicted; 1 if nothing was predicted and nothing was there, 0 if only nothing was predicted.
    pub fn precision(self) -> f64 {
        ratio(self.hits, self.predicted).unwrap_or(if self.gold == 0 { 1.0 } else { 0.0 })
    }

    /// Found of the gold; 1 if nothing was predicted and nothing was there, 0 if only nothing was there.
    pub fn recall(self) -> f64 {
        ratio(self.hits, self.gold).unwrap_or(if self.predicted == 0 { 1.0 } else { 0.0 })
    }

    /// Harmonic mean of precision and recall; 1 if nothing was predicted and nothing was there.
    pub fn f1(self) -> f64 {
        ratio(2 * self.hits, self.predicted + self.gold).unwrap_or(1.0)
    }

    /// Counts what two sets have in common.
    pub fn of_sets<T: Ord>(gold: &std::collections::BTreeSet<T>, predicted: &std::collections::BTreeSet<T>) -> Self {
        Self { hits: gold.intersection(predicted).count(), predicted: predicted.len(), gold: gold.len() }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.predicted += other.predicted;
        self.gold += other.gold;
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Those that agree.
    pub hits: usize,
    /// Those asked about.
    pub total: usize,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, hit: bool) {
        self.hits += usize::from(hit);
        self.total += 1;
    }

    /// The share, from 0 to 1; 0 of none.
    pub fn value(self) -> f64 {
        ratio(self.hits, self.total).unwrap_or(0.0)
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.total += other.total;
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let counts = Counts { hits: 2, predicted: 4, gold: 3 };
        assert_eq!((counts.precision(), counts.recall()), (0.5, 2.0 / 3.0));
        assert!((counts.f1() - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!(Share { hits: 1, total: 4 }.value(), 0.25);
    }

    #[test]
    fn nothing_is_right_if_nothing_was_there() {
        let none = Counts::default();
        assert_eq!((none.precision(), none.recall(), none.f1()), (1.0, 1.0, 1.0));
        let missed = Counts { gold: 1, ..none };
        assert_eq!((missed.precision(), missed.recall(), missed.f1()), (0.0, 0.0, 0.0));
        let invented = Counts { predicted: 1, ..none };
        assert_eq!((invented.precision(), invented.recall(), invented.f1()), (0.0, 0.0, 0.0));
        assert_eq!(Share::default().value(), 0.0);
    }
}
