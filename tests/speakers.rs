//! Speaker resolution on the corpus, given the true statements: no model is involved.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::Path;

use demarche::corpus::{Passage, load};
use demarche::country::Gazetteer;
use demarche::statement::{Scene, Statement};
use demarche::text::sentences;

fn last_word(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric()).rfind(|w| !w.is_empty()).unwrap_or("").to_lowercase()
}

/// Hits and totals of names and of countries.
fn score(passages: &[Passage]) -> ((usize, usize), (usize, usize)) {
    let gazetteer = Gazetteer::builtin();
    let show = std::env::var_os("SHOW_SPEAKERS").is_some();
    let (mut names, mut countries) = ((0, 0), (0, 0));
    for passage in passages {
        let sentences = sentences(&passage.text);
        let mentions = gazetteer.mentions(&passage.text, passage.date.as_deref());
        let statements: Vec<Statement> = passage.statements.iter().map(|s| s.found(&sentences)).collect();
        let date = passage.date.as_deref();
        let scene = Scene { text: &passage.text, sentences: &sentences, mentions: &mentions, date, gazetteer };
        for (gold, found) in passage.statements.iter().zip(scene.speakers(&statements)) {
            let name = found.as_ref().map_or("", |f| f.name.as_str());
            let country = found.as_ref().and_then(|f| f.country);
            let source = gold.source.map_or("-", |s| s.of(&passage.text));
            if let Some(want) = &gold.speaker.name {
                let right = last_word(want) == last_word(name);
                names = (names.0 + usize::from(right), names.1 + 1);
                if show && !right {
                    println!("NAME {}:{} {source:?} want {want:?} got {name:?}", passage.path.display(), gold.line);
                }
            }
            let right = country == gold.speaker.country;
            countries = (countries.0 + usize::from(right), countries.1 + 1);
            if show && !right {
                let want = gold.speaker.country;
                println!(
                    "COUNTRY {}:{} {source:?} {name:?} want {want:?} got {country:?}",
                    passage.path.display(),
                    gold.line
                );
            }
        }
    }
    (names, countries)
}

#[test]
fn speakers_are_named_as_the_annotators_name_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    for (split, least_names, least_countries) in [("train", 0.89, 0.82), ("dev", 0.87, 0.81)] {
        let passages = load(folder.join(split)).expect("a sound corpus");
        let (names, countries) = score(&passages);
        let share = |(hits, all): (usize, usize)| hits as f64 / all as f64;
        println!(
            "{split}: names {:.3} of {}, countries {:.3} of {}",
            share(names),
            names.1,
            share(countries),
            countries.1
        );
        assert!(share(names) >= least_names && share(countries) >= least_countries, "{split}");
    }
}
