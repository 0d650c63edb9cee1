//! Reports.

use std::collections::HashMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::article::{Article, key};
use super::counts::{Counts, Share};
use super::metrics::Tally;
use crate::stance::Stance;
use crate::statement::Kind;

/// How an evaluation is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Resamples of the articles for the confidence intervals; 0 for none.
    pub resamples: usize,
    /// Seeds the resampling.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { resamples: 1000, seed: 0 }
    }
}

/// One figure of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// F1, or the share where nothing is predicted by itself; from 0 to 1.
    pub value: f64,
    /// Limits between which 95 % of the resamples lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// Precision, if the figure is an F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Recall, if the figure is an F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// How many were right.
    pub hits: usize,
    /// How many were predicted, if the figure is an F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted: Option<usize>,
    /// How many there were.
    pub gold: usize,
}

/// Predictions against gold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Gold articles.
    pub articles: usize,
    /// Gold articles without a prediction; their statements count as missed.
    pub missing: Vec<String>,
    /// In the order of the table.
    pub figures: Vec<Figure>,
    /// What the figures were computed from.
    pub tally: Tally,
}

impl Report {
    /// The figure of that name.
    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// Compares predictions with gold. Articles find each other by their identifiers without folder and extension;
/// predictions for other articles do not count, and of two for one article the last does.
///
/// The confidence intervals are percentiles over resamples of the articles (Efron, 1979).
pub fn evaluate(gold: &[Article], predicted: &[Article], options: Options) -> Report {
    let by_key: HashMap<&str, &Article> = predicted.iter().map(|article| (key(&article.id), article)).collect();
    let mut missing = Vec::new();
    let mut tallies = Vec::new();
    for article in gold {
        let own = by_key.get(key(&article.id));
        if own.is_none() {
            missing.push(article.id.clone());
        }
        tallies.push(Tally::of(&article.statements, own.map_or(&[], |own| own.statements.as_slice())));
    }
    let tally = sum(tallies.iter());
    let mut figures = figures(&tally);
    let intervals = intervals(&tallies, figures.len(), options);
    figures.iter_mut().zip(intervals).for_each(|(figure, interval)| figure.interval = Some(interval));
    Report { articles: gold.len(), missing, figures, tally }
}

fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut all, tally| {
        all += *tally;
        all
    })
}

/// One interval per figure, or none at all.
fn intervals(tallies: &[Tally], width: usize, options: Options) -> Vec<(f64, f64)> {
    if tallies.is_empty() || options.resamples == 0 {
        return Vec::new();
    }
    let mut rng = StdRng::seed_from_u64(options.seed);
    let mut values = vec![Vec::with_capacity(options.resamples); width];
    for _ in 0..options.resamples {
        let drawn = (0..tallies.len()).filter_map(|_| tallies.get(rng.random_range(0..tallies.len())));
        let resample = figures(&sum(drawn));
        values.iter_mut().zip(resample).for_each(|(values, figure)| values.push(figure.value));
    }
    values.into_iter().map(percentiles).collect()
}

/// The 2.5th and the 97.5th percentile.
fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    let at = |share: f64| values.get((share * last).round() as usize).copied().unwrap_or(f64::NAN);
    (at(0.025), at(0.975))
}

fn figures(tally: &Tally) -> Vec<Figure> {
    let mut figures = vec![f1("statement", tally.statement)];
    let sets = [("located", tally.located), ("triple", tally.triple), ("matched", tally.matched)];
    for (name, counts) in sets {
        figures.push(f1(name, counts.into_iter().sum()));
        figures.extend(Stance::ALL.iter().zip(counts).map(|(stance, counts)| f1(&format!("{name}.{stance}"), counts)));
    }
    figures.push(f1("dyad", tally.dyad));
    figures.push(f1("target", tally.target));
    figures.push(share("speaker.name", tally.name));
    figures.push(share("speaker.country", tally.country));
    for (i, kind) in Kind::ALL.iter().enumerate() {
        figures.extend(tally.kinds.get(i).map(|counts| f1(&format!("statement.{kind}"), *counts)));
        figures.extend(tally.found.get(i).map(|found| share(&format!("found.{kind}"), *found)));
        figures.extend(tally.located_by_kind.get(i).map(|found| share(&format!("located.{kind}"), *found)));
    }
    figures
}

fn f1(name: &str, counts: Counts) -> Figure {
    Figure {
        name: name.to_owned(),
        value: counts.f1(),
        interval: None,
        precision: Some(counts.precision()),
        recall: Some(counts.recall()),
        hits: counts.hits,
        predicted: Some(counts.predicted),
        gold: counts.gold,
    }
}

fn share(name: &str, share: Share) -> Figure {
    Figure {
        name: name.to_owned(),
        value: share.value(),
        interval: None,
        precision: None,
        recall: None,
        hits: share.hits,
        predicted: None,
        gold: share.total,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} articles", self.articles)?;
        if !self.missing.is_empty() {
            write!(f, ", {} of them without a prediction ({})", self.missing.len(), self.missing.join(", "))?;
        }
        writeln!(f, "\n\n{:19} F1/share   95 % interval  precision  recall   hits  predicted  gold", "")?;
        for figure in &self.figures {
            write!(f, "{:19}    {:5.3}", figure.name, figure.value)?;
            match figure.interval {
                Some((low, high)) => write!(f, "   {low:5.3} – {high:5.3}")?,
                None => write!(f, "{:16}", "")?,
            }
            let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
            let predicted = figure.predicted.map_or_else(String::new, |n| n.to_string());
            writeln!(
                f,
                "      {:>5}   {:>5}  {:>5}  {predicted:>9} {:>5}",
                number(figure.precision),
                number(figure.recall),
                figure.hits,
                figure.gold
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::article::tests::statement;

    fn article(id: &str, end: usize) -> Article {
        Article { id: id.to_owned(), statements: vec![statement((0, end), "Ana", "PER", &[("CHL", Stance::Urge)])] }
    }

    #[test]
    fn articles_find_each_other_and_missing_ones_count() {
        let gold = [article("a", 10), article("b", 10)];
        let report = evaluate(&gold, &[article("in/a.txt", 10), article("c", 10)], Options::default());
        assert_eq!(report.missing, ["b"]);
        let figure = report.figure("statement").expect("a figure");
        assert_eq!((figure.precision, figure.recall), (Some(1.0), Some(0.5)));
        assert_eq!(figure.interval, Some((0.0, 1.0)));
        assert_eq!(report.figure("speaker.name").map(|f| f.value), Some(1.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_report() {
        let gold: Vec<_> = (0..20).map(|i| article(&format!("a{i}"), 10)).collect();
        let predicted: Vec<_> = (0..20).map(|i| article(&format!("a{i}"), 1 + i)).collect();
        let options = Options { resamples: 200, seed: 3 };
        let report = evaluate(&gold, &predicted, options);
        assert_eq!(report, evaluate(&gold, &predicted, options));
        let statement = report.figure("statement").expect("a figure");
        let (low, high) = statement.interval.expect("an interval");
        assert!(low < statement.value && statement.value < high);
        assert!(report.to_string().lines().count() == 3 + report.figures.len());
        assert!(serde_json::to_value(&report).is_ok_and(|json| json["figures"][0]["name"] == "statement"));
    }
}
