//! Which predicted statement is which gold statement.

use std::collections::HashSet;
use std::ops::Range;

use super::article::Statement;

/// A gold and a predicted content that share characters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Common characters over all characters of both, from 0 to 1.
    pub iou: f64,
    /// Index of the gold statement.
    pub gold: usize,
    /// Index of the predicted statement.
    pub predicted: usize,
}

/// All overlaps of gold and predicted contents, the greatest first.
pub fn overlaps(gold: &[Statement], predicted: &[Statement]) -> Vec<Overlap> {
    let gold: Vec<_> = gold.iter().map(|statement| merged(&statement.content)).collect();
    let predicted: Vec<_> = predicted.iter().map(|statement| merged(&statement.content)).collect();
    let mut found = Vec::new();
    for (g, own) in gold.iter().enumerate() {
        for (p, other) in predicted.iter().enumerate() {
            let shared = common(own, other);
            if shared > 0 {
                let iou = shared as f64 / (length(own) + length(other) - shared) as f64;
                found.push(Overlap { iou, gold: g, predicted: p });
            }
        }
    }
    sort(&mut found);
    found
}

/// The greatest overlap first; equal ones by position, the last first.
pub(super) fn sort(overlaps: &mut [Overlap]) {
    overlaps.sort_by(|a, b| b.iou.total_cmp(&a.iou).then((b.gold, b.predicted).cmp(&(a.gold, a.predicted))));
}

/// Pairs gold and predicted one to one, greedily by overlap, down to `least`; `overlaps` must be sorted.
pub fn one_to_one(overlaps: &[Overlap], least: f64) -> Vec<(usize, usize)> {
    let (mut taken_gold, mut taken) = (HashSet::new(), HashSet::new());
    let mut pairs = Vec::new();
    for overlap in overlaps.iter().take_while(|overlap| overlap.iou >= least) {
        if !taken_gold.contains(&overlap.gold) && !taken.contains(&overlap.predicted) {
            taken_gold.insert(overlap.gold);
            taken.insert(overlap.predicted);
            pairs.push((overlap.gold, overlap.predicted));
        }
    }
    pairs
}

/// The ranges sorted, joined where they touch, empty ones dropped.
fn merged(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sorted: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn length(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(ExactSizeIterator::len).sum()
}

fn common(a: &[Range<usize>], b: &[Range<usize>]) -> usize {
    let shared = |x: &Range<usize>, y: &Range<usize>| x.end.min(y.end).saturating_sub(x.start.max(y.start));
    a.iter().map(|x| b.iter().map(|y| shared(x, y)).sum::<usize>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::article::tests::statement;

    fn at(start: usize, end: usize) -> Statement {
        statement((start, end), "", "", &[])
    }

    #[test]
    fn overlap_is_counted_over_pieces() {
        let mut interrupted = at(0, 10);
        interrupted.content.extend([20..30, 25..28]);
        let found = overlaps(&[interrupted], &[at(5, 25), at(40, 50)]);
        assert_eq!(found, [Overlap { iou: 10.0 / 30.0, gold: 0, predicted: 0 }]);
    }

    #[test]
    fn the_greatest_overlap_goes_first_and_each_is_used_once() {
        let gold = [at(0, 10), at(10, 20)];
        let predicted = [at(0, 18), at(10, 20), at(11, 20)];
        let found = overlaps(&gold, &predicted);
        assert_eq!(one_to_one(&found, 0.5), [(1, 1), (0, 0)]);
        assert_eq!(one_to_one(&found, 0.6), [(1, 1)]);
    }
}
