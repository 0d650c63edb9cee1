//! Whether stances can be told from the countries alone: in a sound corpus they cannot.

use std::collections::HashMap;
use std::fmt;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde::Serialize;

use super::passage::{Passage, Split};
use crate::country::Country;
use crate::stance::Stance;

/// Additive smoothing of the classifier's counts.
const SMOOTHING: f64 = 0.5;
/// Corpora with exchanged countries, against which the own one is held.
const ROUNDS: usize = 400;

/// How well a classifier of the countries alone tells one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PriorFigure {
    /// `any` (some stance or none) or a stance.
    pub label: String,
    /// How it was measured: `left out` (each passage judged by the others) or `train to dev`.
    pub setting: &'static str,
    /// Pairs judged.
    pub pairs: usize,
    /// Share of pairs right when always the commoner answer is given.
    pub majority: f64,
    /// Share of pairs that the classifier gets right.
    pub accuracy: f64,
    /// Chance that it scores a pair with the label above one without: 0.5 is blind.
    pub auc: f64,
    /// Mean of that over corpora whose countries were exchanged at random.
    pub null_auc: f64,
    /// Share of those corpora that reach the own figure. Below 0.05 the countries tell something.
    pub p: f64,
}

/// The figures of one corpus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PriorReport(pub Vec<PriorFigure>);

impl PriorReport {
    /// Whether no figure is better than chance, at the 5 % level shared among the figures (Bonferroni).
    pub fn is_blind(&self) -> bool {
        let level = 0.05 / self.0.len().max(1) as f64;
        self.0.iter().all(|figure| figure.p > level)
    }
}

impl fmt::Display for PriorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "label   setting       pairs  majority  accuracy    AUC  by chance      p")?;
        for figure in &self.0 {
            let PriorFigure { label, setting, pairs, majority, accuracy, auc, null_auc, p } = figure;
            writeln!(
                f,
                "{label:7} {setting:12} {pairs:6}  {majority:8.3}  {accuracy:8.3}  {auc:5.3}  {null_auc:9.3}  {p:5.3}"
            )?;
        }
        let verdict = if self.is_blind() { "no better than chance" } else { "better than chance" };
        writeln!(f, "The countries alone tell the stances {verdict}.")
    }
}

/// Fits a naive Bayes classifier with two features, the speaker's country and the target country, and reports whether
/// it tells the stances: with each passage left out in turn, and from the train split to the dev split if both are
/// there.
///
/// The figures are compared with those of corpora in which every passage's countries were replaced by others, drawn
/// by their frequency: what remains there is chance (a permutation test that keeps the labels of a passage together).
pub fn country_prior(passages: &[Passage], seed: u64) -> PriorReport {
    let groups: Vec<Group> = passages.iter().map(group).filter(|group| !group.pairs.is_empty()).collect();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut figures = Vec::new();
    let split = |split| groups.iter().any(|group| group.split == Some(split));
    let crossed = split(Split::Train) && split(Split::Dev);
    for setting in [Setting::LeftOut].into_iter().chain(crossed.then_some(Setting::TrainToDev)) {
        for label in std::iter::once(None).chain(Stance::ALL.map(Some)) {
            figures.extend(figure(&groups, setting, label, &mut rng));
        }
    }
    PriorReport(figures)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    LeftOut,
    TrainToDev,
}

/// The pairs of one passage.
#[derive(Clone)]
struct Group {
    split: Option<Split>,
    pairs: Vec<Pair>,
}

#[derive(Clone)]
struct Pair {
    countries: [Option<Country>; 2],
    stances: Vec<Stance>,
}

impl Pair {
    fn has(&self, label: Option<Stance>) -> bool {
        label.map_or(!self.stances.is_empty(), |label| self.stances.contains(&label))
    }
}

fn group(passage: &Passage) -> Group {
    let pairs = passage.statements.iter().flat_map(|statement| {
        statement.targets.iter().map(|target| Pair {
            countries: [statement.speaker.country, Some(target.country)],
            stances: target.stances.clone(),
        })
    });
    Group { split: passage.split(), pairs: pairs.collect() }
}

fn figure(groups: &[Group], setting: Setting, label: Option<Stance>, rng: &mut StdRng) -> Option<PriorFigure> {
    let scored = scores(groups, setting, label);
    let auc = auc(&scored)?;
    let positive = scored.iter().filter(|(_, truth)| *truth).count();
    let right = scored.iter().filter(|(score, truth)| (*score > 0.0) == *truth).count();
    let total = scored.len() as f64;
    let pool: Vec<Country> = groups.iter().flat_map(|g| &g.pairs).flat_map(|p| p.countries).flatten().collect();
    let null: Vec<f64> = (0..ROUNDS)
        .filter_map(|_| {
            let exchanged: Vec<Group> = groups.iter().map(|group| exchange(group, &pool, rng)).collect();
            self::auc(&scores(&exchanged, setting, label))
        })
        .collect();
    let reached = null.iter().filter(|other| **other >= auc).count();
    Some(PriorFigure {
        label: label.map_or("any", Stance::as_str).to_owned(),
        setting: if setting == Setting::LeftOut { "left out" } else { "train to dev" },
        pairs: scored.len(),
        majority: positive.max(scored.len() - positive) as f64 / total,
        accuracy: right as f64 / total,
        auc,
        null_auc: null.iter().sum::<f64>() / null.len().max(1) as f64,
        p: (reached + 1) as f64 / (null.len() + 1) as f64,
    })
}

/// The group with each country replaced by another, the same throughout.
fn exchange(group: &Group, pool: &[Country], rng: &mut StdRng) -> Group {
    let mut map: HashMap<Country, Country> = HashMap::new();
    let mut exchanged = group.clone();
    for country in exchanged.pairs.iter_mut().flat_map(|pair| &mut pair.countries).flatten() {
        let new = map.get(country).copied().unwrap_or_else(|| {
            // A country already drawn is drawn again, but not for ever: a small pool may hold too few.
            let mut drawn = *country;
            for _ in 0..20 {
                drawn = pool.choose(rng).copied().unwrap_or(*country);
                if !map.values().any(|taken| *taken == drawn) {
                    break;
                }
            }
            drawn
        });
        map.insert(*country, new);
        *country = new;
    }
    exchanged
}

/// How often a country was seen in a place with and without the label.
#[derive(Default)]
struct Bayes {
    seen: HashMap<(usize, Option<Country>), [f64; 2]>,
    total: [f64; 2],
}

impl Bayes {
    fn add(&mut self, group: &Group, label: Option<Stance>, weight: f64) {
        for pair in &group.pairs {
            let class = usize::from(pair.has(label));
            add_at(&mut self.total, class, weight);
            for (place, country) in pair.countries.into_iter().enumerate() {
                add_at(self.seen.entry((place, country)).or_default(), class, weight);
            }
        }
    }

    /// Logarithm of the odds that the pair has the label.
    fn score(&self, pair: &Pair) -> f64 {
        let kinds = self.seen.len().max(1) as f64;
        let odds = |[without, with]: [f64; 2], more: f64| ((with + more) / (without + more)).ln();
        let features = pair.countries.into_iter().enumerate().map(|(place, country)| {
            let seen = self.seen.get(&(place, country)).copied().unwrap_or_default();
            odds(seen, SMOOTHING) - odds(self.total, SMOOTHING * kinds)
        });
        odds(self.total, SMOOTHING) + features.sum::<f64>()
    }
}

fn add_at(counts: &mut [f64; 2], class: usize, weight: f64) {
    if let Some(count) = counts.get_mut(class) {
        *count += weight;
    }
}

/// Score and truth of every judged pair.
fn scores(groups: &[Group], setting: Setting, label: Option<Stance>) -> Vec<(f64, bool)> {
    let wanted = |group: &Group, split| setting == Setting::LeftOut || group.split == Some(split);
    let mut bayes = Bayes::default();
    groups.iter().filter(|group| wanted(group, Split::Train)).for_each(|group| bayes.add(group, label, 1.0));
    let mut scored = Vec::new();
    for group in groups.iter().filter(|group| wanted(group, Split::Dev)) {
        let out = if setting == Setting::LeftOut { 1.0 } else { 0.0 };
        bayes.add(group, label, -out);
        scored.extend(group.pairs.iter().map(|pair| (bayes.score(pair), pair.has(label))));
        bayes.add(group, label, out);
    }
    scored
}

/// Area under the ROC curve by the rank sum (Mann and Whitney, 1947), ties counting half; `None` with one class only.
fn auc(scored: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut seen) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let rank = seen + (tied.len() as f64 + 1.0) / 2.0;
        ranks += rank * tied.iter().filter(|(_, truth)| *truth).count() as f64;
        seen += tied.len() as f64;
    }
    let positive = sorted.iter().filter(|(_, truth)| *truth).count() as f64;
    let negative = seen - positive;
    (positive > 0.0 && negative > 0.0).then(|| (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative))
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::corpus::passage::{GoldSpeaker, GoldStatement, GoldTarget};
    use crate::statement::Kind;

    fn passage(speaker: Country, target: Country, stances: Vec<Stance>) -> Passage {
        let statement = GoldStatement {
            kind: Kind::Direct,
            source: None,
            cue: None,
            content: Vec::new(),
            speaker: GoldSpeaker { name: None, country: Some(speaker) },
            targets: vec![GoldTarget { country: target, words: None, stances }],
            line: 1,
        };
        Passage {
            id: String::new(),
            genre: String::new(),
            date: None,
            text: String::new(),
            headlines: Vec::new(),
            statements: vec![statement],
            path: "train/a.txt".into(),
            line: 1,
        }
    }

    fn corpus(label: impl Fn(usize, &mut StdRng) -> bool) -> Vec<Passage> {
        let mut rng = StdRng::seed_from_u64(7);
        let countries: Vec<_> = ["PER", "OMN", "FJI", "ISL", "LAO"].iter().filter_map(|c| Country::new(c)).collect();
        (0..300)
            .map(|_| {
                let (s, t) = (rng.random_range(0..5), rng.random_range(0..5));
                let stances = if label(t, &mut rng) { vec![Stance::Urge] } else { Vec::new() };
                passage(countries[s], countries[t], stances)
            })
            .collect()
    }

    #[test]
    fn a_prior_is_found_where_there_is_one() {
        let report = country_prior(&corpus(|target, _| target < 2), 1);
        assert!(!report.is_blind(), "{report}");
        assert!(report.0[0].auc > 0.95 && report.0[0].accuracy > 0.95, "{report}");
    }

    #[test]
    fn no_prior_is_found_where_there_is_none() {
        let report = country_prior(&corpus(|_, rng| rng.random_bool(0.4)), 1);
        assert!(report.is_blind(), "{report}");
        assert!((report.0[0].auc - 0.5).abs() < 0.1, "{report}");
    }

    #[test]
    fn the_area_counts_ties_half() {
        assert_eq!(auc(&[(0.0, false), (1.0, true), (2.0, true)]), Some(1.0));
        assert_eq!(auc(&[(1.0, false), (1.0, true)]), Some(0.5));
        assert_eq!(auc(&[(3.0, false), (1.0, true), (3.0, true)]), Some(0.25));
        assert_eq!(auc(&[(1.0, true)]), None);
    }
}
