//! Calibration and thresholds of the stance head, from scores on data it was not trained on.

use crate::encoder::Calibration;

/// Logits of one pair and the truth of each stance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairScore {
    /// In the order of the stances.
    pub logits: [f32; 3],
    /// Whether each stance holds.
    pub truth: [bool; 3],
}

/// Platt scaling of each stance (Platt, 1999: logistic regression of the truth on the logit, by Newton's method with
/// his smoothed targets) and the threshold with the best F1 on the same scores.
///
/// Without a positive and a negative example a stance keeps its logits and the threshold 0.5.
pub fn calibrate(scores: &[PairScore]) -> ([Calibration; 3], [f32; 3]) {
    let mut calibrations = [Calibration::NONE; 3];
    let mut thresholds = [0.5; 3];
    for i in 0..3 {
        let points: Vec<(f32, bool)> = scores.iter().map(|s| (s.logits[i], s.truth[i])).collect();
        calibrations[i] = platt(&points);
        let by_score = points.iter().map(|(x, y)| (calibrations[i].probability(*x), *y)).collect();
        thresholds[i] = best_threshold(by_score);
    }
    (calibrations, thresholds)
}

fn platt(points: &[(f32, bool)]) -> Calibration {
    let positive = points.iter().filter(|(_, y)| *y).count() as f64;
    let negative = points.len() as f64 - positive;
    if positive == 0.0 || negative == 0.0 {
        return Calibration::NONE;
    }
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let (mut a, mut b) = (1.0f64, 0.0f64);
    for _ in 0..50 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-3, 0.0, 1e-3);
        for (x, y) in points {
            let x = f64::from(*x);
            let p = 1.0 / (1.0 + (-(a * x + b)).exp());
            let d = p - if *y { high } else { low };
            let w = p * (1.0 - p);
            ga += d * x;
            gb += d;
            haa += w * x * x;
            hab += w * x;
            hbb += w;
        }
        let det = haa * hbb - hab * hab;
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        // A step of more than one is not trusted: far from the minimum the curvature says little.
        let shrink = 1.0f64.min(1.0 / (da * da + db * db).sqrt().max(1e-12));
        a -= da * shrink;
        b -= db * shrink;
        if da.abs() + db.abs() < 1e-7 {
            break;
        }
    }
    if a.is_finite() && b.is_finite() && a > 1e-3 {
        Calibration { temperature: (1.0 / a) as f32, bias: b as f32 }
    } else {
        Calibration::NONE
    }
}

/// F1 that a threshold may cost against the best one.
const SLACK: f64 = 0.02;

/// The highest threshold whose F1 is within [`SLACK`] of the best, half-way between two scores.
///
/// The curve is flat around its top, and a dev split is denser in stances than what will be read: of two thresholds that
/// are as good there, the higher one is wrong less often on text with fewer stances.
fn best_threshold(mut points: Vec<(f32, bool)>) -> f32 {
    let positive = points.iter().filter(|(_, y)| *y).count();
    if positive == 0 {
        return 0.5;
    }
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut right = 0usize;
    let mut curve = Vec::new();
    for (i, (p, y)) in points.iter().enumerate() {
        right += usize::from(*y);
        let next = points.get(i + 1).map_or(0.0, |n| n.0);
        if next < *p {
            curve.push((2.0 * right as f64 / (i + 1 + positive) as f64, (p + next) / 2.0));
        }
    }
    let best = curve.iter().map(|(f1, _)| *f1).fold(0.0, f64::max);
    let threshold = curve.iter().find(|(f1, _)| *f1 >= best - SLACK).map_or(0.5, |(_, t)| *t);
    // A dev split is small: no threshold so low or so high that a handful of scores alone decided it.
    threshold.clamp(0.15, 0.85)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overconfident_logits_are_cooled() {
        // Logit 4 is right three times of four, logit -4 wrong once in four: the fit must give about 0.75 and 0.25.
        let scores: Vec<PairScore> = (0..400)
            .map(|i| {
                let up = i % 2 == 0;
                let right = (i / 2) % 4 != 0;
                PairScore { logits: [if up { 4.0 } else { -4.0 }; 3], truth: [up == right; 3] }
            })
            .collect();
        let (calibration, thresholds) = calibrate(&scores);
        assert!((calibration[0].probability(4.0) - 0.75).abs() < 0.02);
        assert!((calibration[1].probability(-4.0) - 0.25).abs() < 0.02);
        assert!(thresholds[2] > 0.25 && thresholds[2] < 0.75);
    }

    #[test]
    fn a_stance_that_never_occurs_keeps_its_logits() {
        let scores = [PairScore { logits: [1.0; 3], truth: [false; 3] }; 5];
        assert_eq!(calibrate(&scores), ([Calibration::NONE; 3], [0.5; 3]));
    }
}
