use super::*;
use crate::statement::kind::Kind;
use crate::text::sentences;

/// Resolves the sources of a text: (source, content) by their words, in order.
fn resolve(text: &str, statements: &[(&str, &str)]) -> Vec<(String, Option<&'static str>)> {
    let gazetteer = Gazetteer::builtin();
    let mentions = gazetteer.mentions(text, None);
    let sentences = sentences(text);
    let mut from = 0;
    let all: Vec<Statement> = statements
        .iter()
        .map(|(source, content)| {
            let start = from + text[from..].find(content).expect("a content of the text");
            let content = Span::new(start, start + content.len());
            let paragraph = text[..start].rfind('\n').map_or(0, |at| at + 1);
            from = start + text[start..].chars().next().map_or(0, char::len_utf8);
            let nearest = text[paragraph..]
                .match_indices(source)
                .map(|(at, _)| Span::new(paragraph + at, paragraph + at + source.len()))
                .filter(|s| !s.overlaps(content))
                .min_by_key(|s| s.distance(content));
            let quoted = text[content.range()].starts_with(['"', '“']);
            Statement {
                kind: if quoted { Kind::Direct } else { Kind::Indirect },
                content: vec![content],
                cue: None,
                source: nearest.filter(|_| !source.is_empty()),
                sentence: sentences.partition_point(|s| s.span.end <= start),
                layer: 0,
                score: 0.0,
            }
        })
        .collect();
    let scene = Scene { text, sentences: &sentences, mentions: &mentions, date: None, gazetteer };
    let code = |c: Country| -> &'static str { c.as_str().to_owned().leak() };
    let speaker = |s: Option<Speaker>| s.map_or((String::new(), None), |s| (s.name, s.country.map(code)));
    scene.speakers(&all).into_iter().map(speaker).collect()
}

#[test]
fn a_surname_takes_the_fullest_name_and_its_country() {
    let text = "\"No,\" said Farahani. Iranian Foreign Minister Ali Farahani spoke in Oslo.";
    assert_eq!(
        resolve(text, &[("Farahani", "\"No,\"")]),
        [("Iranian Foreign Minister Ali Farahani".into(), Some("IRN"))]
    );
}

#[test]
fn a_pronoun_takes_the_last_speaker_of_its_gender() {
    let text = "Mr Ivo Petrov said no. Ms Ana Ruiz said yes. He said it was late. She said it was early.";
    let found = resolve(
        text,
        &[("Mr Ivo Petrov", "no"), ("Ms Ana Ruiz", "yes"), ("He", "it was late"), ("She", "it was early")],
    );
    assert_eq!(found[2].0, "Mr Ivo Petrov");
    assert_eq!(found[3].0, "Ms Ana Ruiz");
}

#[test]
fn a_pronoun_after_a_nameless_spokesman_is_the_spokesman() {
    let text = "President Ana Ruiz left. A Foreign Ministry spokesman said talks were over. He added that it was late.";
    let found = resolve(text, &[("A Foreign Ministry spokesman", "talks were over"), ("He", "it was late")]);
    assert_eq!(found[1].0, "A Foreign Ministry spokesman");
}

#[test]
fn a_title_takes_the_person_who_bears_it() {
    let text = "Energy Minister Omar Said met Trade Minister Ana Ruiz. The energy minister said no. The trade minister said yes.";
    let found = resolve(text, &[("The energy minister", "no"), ("The trade minister", "yes")]);
    assert_eq!(found[0].0, "Energy Minister Omar Said");
    assert!(resolve("The minister said no.", &[("The minister", "no")])[0].0 == "The minister");
}

#[test]
fn an_apposition_tells_the_country() {
    let text = "Ana Ruiz, the Peruvian trade minister, said no. Omar Said, who came from Chile, said yes.";
    let found = resolve(text, &[("Ana Ruiz, the Peruvian trade minister", "no"), ("Omar Said", "yes")]);
    assert_eq!(found[0].1, Some("PER"));
    assert_ne!(found[1].1, Some("CHL"));
}

#[test]
fn an_ambassador_serves_the_country_that_sent_him() {
    let text = "The Omani ambassador to Peru said no.";
    assert_eq!(resolve(text, &[("The Omani ambassador to Peru", "no")])[0].1, Some("OMN"));
}

#[test]
fn what_has_no_source_goes_on_and_before_all_others_it_begins() {
    let text = "“We go,” Ana Ruiz said.\n\n“We stay away.”";
    let found = resolve(text, &[("Ana Ruiz", "“We go,”"), ("", "“We stay away.”")]);
    assert_eq!(found[1].0, "Ana Ruiz");
    let text = "Boats to go\n\nThe boats will go, Ana Ruiz said. They stay away, Eva Mora said.";
    let found =
        resolve(text, &[("", "Boats to go"), ("Ana Ruiz", "The boats will go"), ("Eva Mora", "They stay away")]);
    assert_eq!(found[0].0, "Ana Ruiz");
}

#[test]
fn bodies_of_no_state_have_no_country() {
    let text = "Peru waited. The Security Council said no. The government said yes.";
    let found = resolve(text, &[("The Security Council", "no"), ("The government", "yes")]);
    assert_eq!((found[0].1, found[1].1), (None, Some("PER")));
}

#[test]
fn an_office_of_one_country_is_its_own_unless_the_article_comes_from_another() {
    let text = |lead: &str| format!("{lead} Peru waited. Defense Secretary Ana Ruiz said no.");
    let said = [("Defense Secretary Ana Ruiz", "no")];
    assert_eq!(last(&text("It was late."), &said).1, Some("USA"));
    assert_eq!(last(&text("LIMA, May 12 (ANP) - It was late."), &said).1, Some("PER"));
}

#[test]
fn an_article_full_of_a_country_s_politics_is_at_home_there() {
    let text = |who: &str| format!("Boats came to Chile. {who} met.\n\nMayor Roy Kitt said no.");
    assert_eq!(last(&text("The Republicans"), &[("Mayor Roy Kitt", "no")]).1, Some("USA"));
    assert_eq!(last(&text("The fishermen"), &[("Mayor Roy Kitt", "no")]).1, Some("CHL"));
}

#[test]
fn a_known_leader_is_one_only_by_the_whole_name() {
    let text = |name: &str| format!("Peru waited. {name} said no.");
    assert_eq!(last(&text("Vladimir Putin"), &[("Vladimir Putin", "no")]).1, Some("RUS"));
    assert_eq!(last(&text("Vladimir Petrov"), &[("Vladimir Petrov", "no")]).1, Some("PER"));
}

/// Name and country of the last of the statements.
fn last(text: &str, statements: &[(&str, &str)]) -> (String, Option<&'static str>) {
    resolve(text, statements).pop().unwrap_or_default()
}

#[test]
fn a_capitalised_word_is_nobody_for_a_pronoun() {
    let text = |who: &str| format!("Minister Ana Ruiz said no. {who} waited in the hall. She said it was late.");
    let said = [("Minister Ana Ruiz", "no"), ("She", "it was late")];
    assert_eq!(last(&text("Camps"), &said).0, "Minister Ana Ruiz");
    assert_eq!(last(&text("Mrs Eva Mora"), &[("She", "it was late")]).0, "Mrs Eva Mora");
}

#[test]
fn whom_a_speaker_speaks_of_is_not_who_speaks_next() {
    let said = "Minister Ivo Petrov said President Omar Haddad lied. He said it was late.";
    assert_eq!(
        last(said, &[("Minister Ivo Petrov", "President Omar Haddad lied"), ("He", "it was late")]).0,
        "Minister Ivo Petrov"
    );
    let told = "Minister Ivo Petrov said no. President Omar Haddad left. He left again. He said it was late.";
    assert_eq!(last(told, &[("Minister Ivo Petrov", "no"), ("He", "it was late")]).0, "President Omar Haddad");
}

#[test]
fn several_countries_that_speak_together_have_none_and_one_has_its_own() {
    assert_eq!(last("Peru and Chile said no.", &[("Peru and Chile", "no")]).1, None);
    assert_eq!(last("Peru, at odds with Chile, said no.", &[("Peru", "no")]).1, Some("PER"));
}

#[test]
fn an_office_without_a_country_is_that_of_the_dateline_unless_the_paragraph_has_another() {
    let text = |lead: &str| format!("LIMA, May 12 (ANP) - Boats came.\n\n{lead} Trade Minister Ana Ruiz said no.");
    let said = [("Trade Minister Ana Ruiz", "no")];
    assert_eq!(last(&text("It was late."), &said).1, Some("PER"));
    assert_eq!(last(&text("Chile has answered."), &said).1, Some("CHL"));
}

#[test]
fn a_senator_of_an_american_state_is_no_foreigner() {
    let text = |title: &str| format!("Troops left. {title} Roy Kittredge of Georgia said no.");
    assert_eq!(last(&text("Senator"), &[("Senator Roy Kittredge of Georgia", "no")]).1, Some("USA"));
    assert_ne!(last(&text("Colonel"), &[("Colonel Roy Kittredge of Georgia", "no")]).1, Some("USA"));
}

#[test]
fn a_body_without_a_state_has_no_country_and_an_organ_has_that_of_its_state() {
    let text = |body: &str| format!("Peru waited. {body} said no.");
    assert_eq!(last(&text("Aegean Lines"), &[("Aegean Lines", "no")]).1, None);
    assert_eq!(last(&text("The ministry"), &[("The ministry", "no")]).1, Some("PER"));
}

#[test]
fn a_council_of_the_world_is_none_of_a_state() {
    assert_eq!(last("Peru waited. A UN envoy said no.", &[("A UN envoy", "no")]).1, None);
    assert_eq!(
        last("Chile waited. Peru's envoy to the UN said no.", &[("Peru's envoy to the UN", "no")]).1,
        Some("PER")
    );
}

#[test]
fn a_possessive_takes_the_country_of_whom_it_means() {
    let text = |who: &str| format!("Peru's president said no. Chile's army waited. {who} deputy said it was late.");
    let said = |who: &'static str| [("Peru's president", "no"), (who, "it was late")];
    assert_eq!(last(&text("His"), &said("His deputy")).1, Some("PER"));
    assert_eq!(last(&text("Its"), &said("Its deputy")).1, Some("CHL"));
}

#[test]
fn the_ministry_is_the_one_that_the_text_names_in_full() {
    let text = "The Ministry of Health and Wellness waited. The Ministry said no.";
    assert_eq!(last(text, &[("The Ministry", "no")]).0, "The Ministry of Health and Wellness");
    let other = "The Ministry of Health and Wellness waited. The Council said no.";
    assert_eq!(last(other, &[("The Council", "no")]).0, "The Council");
}

#[test]
fn a_document_speaks_for_who_issued_it_and_a_book_does_not() {
    let text = |what: &str| format!("Peru said no. The {what} said it was late.");
    assert_eq!(last(&text("statement"), &[("Peru", "no"), ("The statement", "it was late")]).0, "Peru");
    assert_eq!(last(&text("book"), &[("Peru", "no"), ("The book", "it was late")]).0, "The book");
}

#[test]
fn a_bare_name_after_a_description_is_that_of_the_described() {
    let text = |who: &str| format!("{who} said no.\n\n“We drill,” Saad Rashdan said.");
    let minister =
        resolve(&text("Kuwait's oil minister"), &[("Kuwait's oil minister", "no"), ("Saad Rashdan", "“We drill,”")]);
    assert_eq!(minister[0].0, "Saad Rashdan");
    assert_eq!(minister[1].1, Some("KWT"));
    let firm = resolve(&text("Kuwait's oil firm"), &[("Kuwait's oil firm", "no"), ("Saad Rashdan", "“We drill,”")]);
    assert_eq!(firm[0].0, "Kuwait's oil firm");
}

#[test]
fn an_answer_is_the_guests_and_a_labelled_line_its_speakers() {
    let text = "Minister Ana Ruiz met us.\n\nQ: Is it late?\n\nA: It is late.\n\nEVA MORA: It is early.";
    assert_eq!(last(text, &[("A", "It is late")]).0, "Minister Ana Ruiz");
    let text = "Minister Ana Ruiz met Mrs Eva Mora.\n\nMORA: It is early.";
    assert_eq!(last(text, &[("", "It is early")]).0, "Mrs Eva Mora");
}

#[test]
fn i_is_who_speaks_the_words_around() {
    let text = "“I told Peru to go,” Ana Ruiz said. Peru left, Eva Mora said.";
    let found = resolve(text, &[("Ana Ruiz", "“I told Peru to go,”"), ("I", "Peru to go"), ("Eva Mora", "Peru left")]);
    assert_eq!((found[1].0.as_str(), found[2].0.as_str()), ("Ana Ruiz", "Eva Mora"));
}

#[test]
fn a_deputy_minister_is_the_minister_only_if_there_is_no_other() {
    let text = |other: &str| format!("Deputy Trade Minister Ana Ruiz met {other}. The minister said no.");
    assert_eq!(last(&text("nobody"), &[("The minister", "no")]).0, "Deputy Trade Minister Ana Ruiz");
    assert_eq!(last(&text("Trade Minister Eva Mora"), &[("The minister", "no")]).0, "Trade Minister Eva Mora");
}

#[test]
fn rules_are_told() {
    let gazetteer = Gazetteer::builtin();
    let text = "Peru's minister Ana Ruiz said no.";
    let (mentions, sentences) = (gazetteer.mentions(text, None), sentences(text));
    let scene = Scene { text, sentences: &sentences, mentions: &mentions, date: None, gazetteer };
    let (source, content) = (Span::new(0, 24), Span::new(30, 32));
    let statement = Statement {
        kind: Kind::Indirect,
        content: vec![content],
        cue: None,
        source: Some(source),
        sentence: 0,
        layer: 0,
        score: 0.0,
    };
    let found = scene.speakers(&[statement]).pop().flatten().expect("a speaker");
    assert_eq!((found.named_by, found.country_by), (NameRule::Named, CountryRule::Own));
    assert_eq!((found.named_at, found.title.as_deref()), (source, Some("Peru's minister")));
}

#[test]
fn many_speakers_and_circular_titles_cost_linear_time() {
    let mut text = String::new();
    let mut statements = Vec::new();
    let names: Vec<(String, String)> = (0..200)
        .map(|i| (format!("Minister Ana Ru{}z", "i".repeat(i % 7 + 1)), format!("the thing {i} was so")))
        .collect();
    for (name, content) in &names {
        text.push_str(&format!("{name} said {content}. The minister left.\n\n"));
        statements.push((name.as_str(), content.as_str()));
    }
    assert_eq!(resolve(&text, &statements).len(), 200);
    assert_eq!(resolve("Nothing was said by anybody.", &[]), []);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// A text of pieces that the rules look at, with what they do not expect between them.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("Minister Ana Ruiz".to_owned()),
            Just("el-Šafei’s".to_owned()),
            Just(", the Peruvian envoy to Chile, ".to_owned()),
            Just("“".to_owned()),
            Just("”".to_owned()),
            Just("he said".to_owned()),
            Just("LIMA, May 12 (ANP) - ".to_owned()),
            Just("Q: ".to_owned()),
            Just("\n\n".to_owned()),
            Just(". The ".to_owned()),
            Just("İstanbul's ".to_owned()),
            Just("Ministry of ".to_owned()),
            "\\PC{0,6}",
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_and_no_spans_make_it_panic(
            text in text(),
            spans in proptest::collection::vec((0usize..300, 0usize..40, 0usize..300, 0usize..80, any::<bool>(), 0usize..3), 0..12),
        ) {
            let gazetteer = Gazetteer::builtin();
            let mentions = gazetteer.mentions(&text, None);
            let sentences = sentences(&text);
            let statements: Vec<Statement> = spans
                .into_iter()
                .map(|(source, length, start, size, sourced, layer)| Statement {
                    kind: Kind::Mixed,
                    content: vec![Span::new(start, start + size)],
                    cue: None,
                    source: sourced.then_some(Span::new(source, source + length)),
                    sentence: start / 40,
                    layer,
                    score: 0.0,
                })
                .collect();
            let scene = Scene { text: &text, sentences: &sentences, mentions: &mentions, date: None, gazetteer };
            prop_assert_eq!(scene.speakers(&statements).len(), statements.len());
        }
    }
}
