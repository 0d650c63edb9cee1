//! The same passage about other countries.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::seq::IndexedRandom;

use super::passage::{GoldStatement, Passage};
use crate::country::Country;
use crate::text::Span;

/// Knows how countries are named.
pub trait Names {
    /// Every place of the text that names a country, in order and without overlap.
    fn mentions(&self, text: &str, date: Option<&str>) -> Vec<(Span, Country)>;

    /// What stands for `words`, a mention of `from`, if the country is `to`; `None` if `to` has no name of that form
    /// or one that does not fit the same sentence.
    fn rename(&self, words: &str, from: Country, to: Country) -> Option<String>;
}

/// Why the countries of a passage could not be exchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// Two countries would become one.
    #[error("expected different countries for different countries, got {0} for two")]
    Merged(Country),
    /// A mention has no counterpart.
    #[error("expected a name of {to} like {words:?} of {from}, got none")]
    Unnamed {
        /// The mention.
        words: String,
        /// Its country.
        from: Country,
        /// The country that should stand there.
        to: Country,
    },
    /// A country is annotated, but no mention of it was found that could be changed.
    #[error("expected a mention of {0}, which the annotation has, got none")]
    Unmentioned(Country),
}

/// The passage with its countries exchanged by `exchange`, in the text, in names and in codes; the annotation stays
/// aligned. A country that `exchange` does not have stays. The articles *a* and *an* are corrected.
///
/// # Errors
///
/// If the exchange cannot be made consistently; see [`SwapError`].
pub fn swap(
    passage: &Passage,
    names: &impl Names,
    exchange: &BTreeMap<Country, Country>,
) -> Result<Passage, SwapError> {
    let date = passage.date.as_deref();
    let mentions = names.mentions(&passage.text, date);
    check(passage, &mentions, exchange)?;
    let edits = edits(&passage.text, &mentions, names, exchange)?;
    let text = apply(&passage.text, &edits);
    let recode = |country: Country| exchange.get(&country).copied().unwrap_or(country);
    let rename = |name: &str| match passage.text.find(name) {
        Some(at) => Ok(remap(Span::new(at, at + name.len()), &edits).of(&text).to_owned()),
        None => Ok(apply(name, &self::edits(name, &names.mentions(name, date), names, exchange)?)),
    };
    let mut swapped = passage.clone();
    for span in &mut swapped.headlines {
        *span = remap(*span, &edits);
    }
    for statement in &mut swapped.statements {
        respan(statement, &edits);
        let speaker = &mut statement.speaker;
        speaker.country = speaker.country.map(recode);
        speaker.name = speaker.name.as_deref().map(rename).transpose()?;
        statement.targets.iter_mut().for_each(|target| target.country = recode(target.country));
    }
    swapped.text = text;
    Ok(swapped)
}

/// The passage with every annotated country exchanged for a random one of `candidates`; `None` if `tries` draws gave
/// no consistent exchange.
pub fn swap_at_random(
    passage: &Passage,
    names: &impl Names,
    candidates: &[Country],
    rng: &mut impl Rng,
    tries: usize,
) -> Option<Passage> {
    let own = annotated(passage);
    // A country that is in the text already would stand for two.
    let taken: BTreeSet<Country> =
        names.mentions(&passage.text, passage.date.as_deref()).into_iter().map(|(_, country)| country).collect();
    let free: Vec<Country> =
        candidates.iter().copied().filter(|country| !own.contains(country) && !taken.contains(country)).collect();
    (0..tries).find_map(|_| {
        let drawn = free.choose_multiple(rng, own.len()).copied();
        let exchange: BTreeMap<Country, Country> = own.iter().copied().zip(drawn).collect();
        (exchange.len() == own.len()).then(|| swap(passage, names, &exchange).ok()).flatten()
    })
}

/// The countries of the annotation.
fn annotated(passage: &Passage) -> BTreeSet<Country> {
    let of = |s: &GoldStatement| s.targets.iter().map(|t| t.country).chain(s.speaker.country).collect::<Vec<_>>();
    passage.statements.iter().flat_map(of).collect()
}

fn check(
    passage: &Passage,
    mentions: &[(Span, Country)],
    exchange: &BTreeMap<Country, Country>,
) -> Result<(), SwapError> {
    let annotated = annotated(passage);
    let mentioned: BTreeSet<Country> = mentions.iter().map(|(_, country)| *country).collect();
    let mut used = BTreeSet::new();
    for country in annotated.union(&mentioned) {
        let new = exchange.get(country).copied().unwrap_or(*country);
        if !used.insert(new) {
            return Err(SwapError::Merged(new));
        }
        if new != *country && !mentioned.contains(country) {
            return Err(SwapError::Unmentioned(*country));
        }
    }
    Ok(())
}

/// A part of a text and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    span: Span,
    text: String,
}

fn edits(
    text: &str,
    mentions: &[(Span, Country)],
    names: &impl Names,
    exchange: &BTreeMap<Country, Country>,
) -> Result<Vec<Edit>, SwapError> {
    let mut edits = Vec::new();
    for (span, from) in mentions {
        let Some(to) = exchange.get(from).copied().filter(|to| to != from) else { continue };
        let words = span.of(text);
        let unnamed = || SwapError::Unnamed { words: words.to_owned(), from: *from, to };
        let mut new = names.rename(words, *from, to).ok_or_else(unnamed)?;
        if in_capitals(text, *span) {
            new = new.to_uppercase();
        }
        edits.extend(article(text, *span, &new));
        edits.push(Edit { span: *span, text: new });
    }
    Ok(edits)
}

/// Whether the mention stands in a line without small letters, such as a headline in capitals.
fn in_capitals(text: &str, span: Span) -> bool {
    let start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(span.end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| span.end + at);
    let line = Span::new(start, end).of(text);
    line.len() > span.len() && !line.chars().any(char::is_lowercase)
}

/// The edit of an indefinite article before `span` that `new` needs.
fn article(text: &str, span: Span, new: &str) -> Option<Edit> {
    let before = text.get(..span.start)?.strip_suffix(' ')?;
    let own = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
    let start = before.len() - own.len();
    let right = match (own, takes_an(new)) {
        ("a", true) => "an",
        ("an", false) => "a",
        ("A", true) if in_capitals(text, span) => "AN",
        ("A", true) => "An",
        ("An" | "AN", false) => "A",
        _ => return None,
    };
    Some(Edit { span: Span::new(start, before.len()), text: right.to_owned() })
}

/// Whether the name of a country begins with the sound of a vowel: by its first letter, but *U* and *Eu* are spoken
/// with a *y* (*a Ugandan*, *a US envoy*), save in *Uzbek*.
fn takes_an(name: &str) -> bool {
    let lower = name.to_lowercase();
    let spoken_with_y = lower.starts_with("eu") || (lower.starts_with('u') && !lower.starts_with("uz"));
    lower.starts_with(['a', 'e', 'i', 'o', 'u', 'á', 'é', 'í', 'ó', 'ú', 'å', 'ö']) && !spoken_with_y
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(Span::new(at, edit.span.start).of(text));
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// Where a span lies after the edits. An end inside an edit moves to that end of what took its place.
fn remap(span: Span, edits: &[Edit]) -> Span {
    let (mut start, mut end) = (span.start, span.end);
    let (mut grown, mut shrunk) = (0, 0);
    for edit in edits {
        // Where the edit begins in the new text.
        let begin = edit.span.start + grown - shrunk;
        grown += edit.text.len();
        shrunk += edit.span.len();
        if edit.span.end <= span.start {
            start = span.start + grown - shrunk;
        } else if edit.span.start < span.start {
            start = begin;
        }
        if edit.span.end <= span.end {
            end = span.end + grown - shrunk;
        } else if edit.span.start < span.end {
            end = begin + edit.text.len();
        }
    }
    Span::new(start, end)
}

fn respan(statement: &mut GoldStatement, edits: &[Edit]) {
    let words = statement.targets.iter_mut().filter_map(|target| target.words.as_mut());
    let beside = statement.source.iter_mut().chain(&mut statement.cue);
    for span in statement.content.iter_mut().chain(beside).chain(words) {
        *span = remap(*span, edits);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::write_passage;

    /// Name, demonym, capital of each country.
    const FORMS: [(&str, [&str; 3]); 4] = [
        ("PER", ["Peru", "Peruvian", "Lima"]),
        ("ECU", ["Ecuador", "Ecuadorian", "Quito"]),
        ("UGA", ["Uganda", "Ugandan", "Kampala"]),
        ("OMN", ["Oman", "Omani", "Muscat"]),
    ];

    struct Four;

    impl Names for Four {
        fn mentions(&self, text: &str, _: Option<&str>) -> Vec<(Span, Country)> {
            let mut found = Vec::new();
            for (code, forms) in FORMS {
                for form in forms {
                    for form in [form.to_owned(), form.to_uppercase()] {
                        for (at, _) in text.match_indices(&form) {
                            found.push((Span::new(at, at + form.len()), Country::new(code).expect("a code")));
                        }
                    }
                }
            }
            found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
            found.dedup_by(|b, a| a.0.overlaps(b.0));
            found
        }

        fn rename(&self, words: &str, from: Country, to: Country) -> Option<String> {
            let forms = |country: Country| FORMS.iter().find(|(code, _)| *code == country.as_str()).map(|(_, f)| f);
            let at = forms(from)?.iter().position(|form| form.eq_ignore_ascii_case(words))?;
            Some(forms(to)?.get(at)?.to_string())
        }
    }

    const SOURCE: &str = "%% a | wire | -\n# A PERUVIAN ENVOY CALLS ON OMAN TO WAIT\n\
        A Peruvian envoy urged Oman’s ministers to wait. Lima’s man said an Omani ship would come, and they knew it.\n\n\
        %\n\
        indirect | A PERUVIAN ENVOY | CALLS ON | OMAN TO WAIT\n  speaker: A Peruvian envoy = PER\n  OMN: urge\n\
        indirect | A Peruvian envoy | urged | Oman’s ministers to wait\n  speaker: A Peruvian envoy = PER\n  OMN: urge\n\
        indirect | Lima’s man | said | an Omani ship would come, and they knew it\n  speaker: Lima’s Peruvian man = PER\n  \
        OMN (they): accuse\n";

    fn passage() -> Passage {
        let (mut passages, problems) = parse(Path::new("a.txt"), SOURCE);
        assert_eq!(problems, []);
        passages.remove(0)
    }

    fn exchange(pairs: &[(&str, &str)]) -> BTreeMap<Country, Country> {
        let code = |code: &str| Country::new(code).expect("a code");
        pairs.iter().map(|(from, to)| (code(from), code(to))).collect()
    }

    #[test]
    fn text_names_and_annotation_change_together() {
        let swapped = swap(&passage(), &Four, &exchange(&[("PER", "ECU"), ("OMN", "UGA")])).expect("swapped");
        let expected = SOURCE
            .replace("A PERUVIAN", "AN ECUADORIAN")
            .replace("OMAN", "UGANDA")
            .replace("A Peruvian", "An Ecuadorian")
            .replace("Peruvian", "Ecuadorian")
            .replace("an Omani", "a Ugandan")
            .replace("Oman’", "Uganda’")
            .replace("Lima", "Quito")
            .replace("PER", "ECU")
            .replace("OMN", "UGA");
        assert_eq!(parse(Path::new("a.txt"), &expected).0.first(), Some(&swapped));
        assert!(write_passage(&swapped).is_ok());
    }

    #[test]
    fn two_countries_can_change_places() {
        let there = exchange(&[("PER", "OMN"), ("OMN", "PER")]);
        let swapped = swap(&passage(), &Four, &there).expect("swapped");
        assert!(swapped.text.contains("An Omani envoy urged Peru’s ministers"));
        assert_eq!(swap(&swapped, &Four, &there), Ok(passage()));
    }

    #[test]
    fn inconsistent_exchanges_are_refused() {
        let refuse = |pairs: &[(&str, &str)]| swap(&passage(), &Four, &exchange(pairs)).expect_err("refused");
        assert_eq!(refuse(&[("PER", "OMN")]), SwapError::Merged(Country::new("OMN").expect("a code")));
        assert!(matches!(refuse(&[("PER", "FJI")]), SwapError::Unnamed { words, .. } if words == "PERUVIAN"));
        let mut unnamed = passage();
        unnamed.statements[0].targets[0].country = Country::new("FJI").expect("a code");
        let refused = swap(&unnamed, &Four, &exchange(&[("FJI", "ECU")]));
        assert!(matches!(refused, Err(SwapError::Unmentioned(_))));
    }

    #[test]
    fn random_exchanges_avoid_the_passage_s_own_countries() {
        let all: Vec<_> = FORMS.iter().filter_map(|(code, _)| Country::new(code)).collect();
        let mut rng = StdRng::seed_from_u64(1);
        let swapped = swap_at_random(&passage(), &Four, &all, &mut rng, 5).expect("swapped");
        assert!(annotated(&swapped).is_disjoint(&annotated(&passage())));
        assert_eq!(swap_at_random(&passage(), &Four, &all[..1], &mut rng, 5), None);
    }

    #[test]
    fn spans_that_end_inside_an_edit_grow_with_it() {
        let edits = [
            Edit { span: Span::new(0, 1), text: "An".to_owned() },
            Edit { span: Span::new(5, 10), text: "x".to_owned() },
        ];
        assert_eq!(remap(Span::new(0, 7), &edits), Span::new(0, 7));
        assert_eq!(remap(Span::new(6, 12), &edits), Span::new(6, 9));
        assert_eq!(remap(Span::new(1, 5), &edits), Span::new(2, 6));
        assert_eq!(remap(Span::new(10, 11), &edits), Span::new(7, 8));
    }
}
