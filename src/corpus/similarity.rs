//! Passages with a common skeleton.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::passage::Passage;

/// Words in a shingle.
const WORDS: usize = 5;
/// A shingle with more masks than this says nothing about the sentence around the names.
const MASKS: usize = 2;

/// Two passages that share word sequences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Index of the passage that stands first.
    pub first: usize,
    /// Index of the other.
    pub second: usize,
    /// Common shingles over all shingles of both, from 0 to 1.
    pub jaccard: f64,
    /// Common shingles over those of the passage that has fewer, from 0 to 1.
    pub containment: f64,
}

/// All pairs of passages whose containment is at least `bound`, by position.
///
/// The figures are exact, over the sets of 5-word shingles (Broder, *On the resemblance and containment of
/// documents*, 1997) of the words in lower case, where words with a capital and numbers are masked: exchanging
/// names, places and figures does not make another text.
pub fn likenesses(passages: &[Passage], bound: f64) -> Vec<Likeness> {
    let sets: Vec<HashSet<u64>> = passages.iter().map(|passage| shingles(&passage.text)).collect();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut common: HashMap<(usize, usize), usize> = HashMap::new();
    for (i, set) in sets.iter().enumerate() {
        for shingle in set {
            let earlier = holders.entry(*shingle).or_default();
            for first in earlier.iter() {
                *common.entry((*first, i)).or_default() += 1;
            }
            earlier.push(i);
        }
    }
    let size = |i: usize| sets.get(i).map_or(0, HashSet::len);
    let mut found: Vec<Likeness> = common
        .into_iter()
        .map(|((first, second), shared)| Likeness {
            first,
            second,
            jaccard: ratio(shared, size(first) + size(second) - shared),
            containment: ratio(shared, size(first).min(size(second))),
        })
        .filter(|like| like.containment >= bound)
        .collect();
    found.sort_by_key(|like| (like.first, like.second));
    found
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Hashes of the shingles. They are compared within one run only.
fn shingles(text: &str) -> HashSet<u64> {
    let words: Vec<Option<String>> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let masked = word.chars().any(char::is_uppercase) || word.starts_with(|c: char| c.is_ascii_digit());
            (!masked).then(|| word.to_lowercase())
        })
        .collect();
    let telling = words.windows(WORDS).filter(|window| window.iter().filter(|w| w.is_none()).count() <= MASKS);
    let hash = |window: &[Option<String>]| {
        let mut hasher = DefaultHasher::new();
        window.hash(&mut hasher);
        hasher.finish()
    };
    telling.map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(text: &str) -> Passage {
        Passage {
            id: String::new(),
            genre: String::new(),
            date: None,
            text: text.to_owned(),
            headlines: Vec::new(),
            statements: Vec::new(),
            path: "a.txt".into(),
            line: 1,
        }
    }

    #[test]
    fn names_and_numbers_do_not_make_another_text() {
        let one = "Peru on Monday told Chile to take back its 14 boats from the disputed bank.";
        let two = "Oman on Friday told Qatar to take back its 3 boats from the disputed bank.";
        let three = "A singer from Oman was cheered by thousands at the opening of the summer festival.";
        let found = likenesses(&[passage(one), passage(two), passage(three)], 0.1);
        let [like] = found.as_slice() else { panic!("one pair") };
        assert_eq!((like.first, like.second, like.jaccard, like.containment), (0, 1, 1.0, 1.0));
    }

    #[test]
    fn a_part_is_contained_in_the_whole() {
        let part = "they said the boats had been taken back to the harbour";
        let whole = format!("{part} and that nobody would ask for them again before the end of the year");
        let [like] = likenesses(&[passage(&whole), passage(part)], 0.5)[..] else { panic!("one pair") };
        assert!(like.containment == 1.0 && like.jaccard < 0.5);
    }
}
