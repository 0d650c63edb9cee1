//! Gold records: the product's records, made by annotators.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::corpus::passage::{GoldSpeaker, GoldStatement, GoldTarget, Mentions, Passage};
use crate::country::Country;
use crate::output::{Record, Scores, SpanRecord, SpeakerRecord, StatementRecord, TargetRecord};
use crate::stance::Stance;
use crate::text::{CodePoints, Span};

/// What stands in a gold record's `model`.
const ANNOTATORS: &str = "gold";

/// A record as the product writes it, and what only the corpus knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldRecord {
    /// The statements; each stance has score 1, every other score is 0.
    #[serde(flatten)]
    pub record: Record,
    /// The text that the offsets refer to.
    pub text: String,
    /// The genre.
    pub genre: String,
    /// `train`, `dev` or `test`, if the passage's path tells.
    pub split: Option<String>,
    /// Headlines and subheadings.
    pub headlines: Vec<SpanRecord>,
}

/// One gold record per line.
///
/// # Errors
///
/// If `out` cannot be written.
pub fn write_records(passages: &[Passage], mentions: Option<Mentions<'_>>, mut out: impl Write) -> io::Result<()> {
    for passage in passages {
        serde_json::to_writer(&mut out, &gold_record(passage, mentions))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The gold record of a passage.
///
/// The record's schema asks for things that are not annotated. A speaker without a mention beside the content gets
/// that of the nearest statement of the same speaker, else the first place of the name, else an empty span at the
/// start of the content. A target's mentions are the words that reach it and what `mentions` finds in the content,
/// else the last of what it finds before.
pub fn gold_record(passage: &Passage, mentions: Option<Mentions<'_>>) -> GoldRecord {
    let index = CodePoints::new(&passage.text);
    let maker = Maker { passage, index, mentions: mentions.map(|find| find(passage)).unwrap_or_default() };
    GoldRecord {
        record: Record {
            id: passage.id.clone(),
            title: passage.headlines.first().map(|span| span.of(&passage.text).to_owned()),
            date: passage.date.clone(),
            model: ANNOTATORS.to_owned(),
            statements: passage.statements.iter().enumerate().map(|(i, s)| maker.statement(i, s)).collect(),
        },
        text: passage.text.clone(),
        genre: passage.genre.clone(),
        split: passage.split().map(|split| split.to_string()),
        headlines: passage.headlines.iter().map(|span| maker.span(*span)).collect(),
    }
}

struct Maker<'a> {
    passage: &'a Passage,
    index: CodePoints<'a>,
    mentions: Vec<(Span, Country)>,
}

impl Maker<'_> {
    fn span(&self, span: Span) -> SpanRecord {
        SpanRecord::new(&self.passage.text, &self.index, span)
    }

    fn statement(&self, at: usize, statement: &GoldStatement) -> StatementRecord {
        StatementRecord {
            kind: statement.kind,
            content: statement.content.iter().map(|span| self.span(*span)).collect(),
            cue: statement.cue.map(|span| self.span(span)),
            speaker: self.speaker(at, statement),
            targets: statement.targets.iter().map(|target| self.target(statement, target)).collect(),
        }
    }

    fn speaker(&self, at: usize, statement: &GoldStatement) -> Option<SpeakerRecord> {
        let GoldSpeaker { name, country } = &statement.speaker;
        if name.is_none() && country.is_none() && statement.source.is_none() {
            return None;
        }
        let mention = self.span(self.mention(at, statement));
        let name = name.clone().unwrap_or_else(|| mention.text.clone());
        Some(SpeakerRecord { mention, name, title: None, country: *country, why: None })
    }

    fn mention(&self, at: usize, statement: &GoldStatement) -> Span {
        let statements = &self.passage.statements;
        let same = |other: &&GoldStatement| other.speaker.name.is_some() && other.speaker == statement.speaker;
        let before = statements.iter().take(at).rev().filter(same).find_map(|other| other.source);
        let after = || statements.iter().skip(at + 1).filter(same).find_map(|other| other.source);
        let named = || {
            let name = statement.speaker.name.as_deref()?;
            self.passage.text.find(name).map(|start| Span::new(start, start + name.len()))
        };
        let start = statement.extent().start;
        statement.source.or(before).or_else(after).or_else(named).unwrap_or(Span::new(start, start))
    }

    fn target(&self, statement: &GoldStatement, target: &GoldTarget) -> TargetRecord {
        let score = |stance| if target.stances.contains(&stance) { 1.0 } else { 0.0 };
        TargetRecord {
            country: target.country,
            mentions: self.target_mentions(statement, target),
            stances: target.stances.clone(),
            scores: Scores { reject: score(Stance::Reject), accuse: score(Stance::Accuse), urge: score(Stance::Urge) },
            why: None,
        }
    }

    fn target_mentions(&self, statement: &GoldStatement, target: &GoldTarget) -> Vec<SpanRecord> {
        let own = || self.mentions.iter().filter(|(_, country)| *country == target.country).map(|(span, _)| *span);
        let inside = own().filter(|span| statement.content.iter().any(|piece| piece.contains(*span)));
        let mut spans: Vec<Span> = target.words.into_iter().chain(inside).collect();
        if spans.is_empty() {
            let start = statement.extent().start;
            spans.extend(own().filter(|span| span.end <= start).max());
        }
        spans.sort_unstable();
        spans.dedup();
        spans.into_iter().map(|span| self.span(span)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::parse::parse;
    use crate::corpus::parse::tests::SAMPLE;

    fn sample() -> Passage {
        parse(Path::new("corpus/dev/a.txt"), SAMPLE).0.remove(0)
    }

    #[test]
    fn offsets_are_code_points() {
        let record = gold_record(&sample(), None);
        let chars: Vec<char> = record.text.chars().collect();
        for statement in &record.record.statements {
            for span in statement.content.iter().chain(&statement.cue) {
                assert_eq!(chars[span.start..span.end].iter().collect::<String>(), span.text);
            }
        }
        assert_eq!(record.split.as_deref(), Some("dev"));
        assert_eq!(record.record.title.as_deref(), Some("Manila tells Jakarta to call back its boats"));
    }

    #[test]
    fn what_is_not_annotated_is_filled_in() {
        let jakarta = |passage: &Passage| {
            let places = passage.text.match_indices("Jakarta").chain(passage.text.match_indices("Indonesia"));
            let country = Country::new("IDN");
            places.filter_map(|(at, name)| Some((Span::new(at, at + name.len()), country?))).collect()
        };
        let record = gold_record(&sample(), Some(&jakarta)).record;
        let speaker = record.statements[3].speaker.clone().expect("a speaker");
        assert_eq!(speaker.mention.text, "Foreign Secretary Lourdes Abad");
        assert_eq!(speaker.name, speaker.mention.text);
        let targets: Vec<_> = record.statements.iter().flat_map(|s| &s.targets).collect();
        assert_eq!(targets[1].mentions[0].text, "Indonesia");
        assert_eq!(targets[2].mentions[0].text, "They");
        assert_eq!(targets[2].scores, Scores { reject: 1.0, accuse: 1.0, urge: 0.0 });
        assert_eq!(record.statements[5].speaker.as_ref().map(|s| s.name.as_str()), Some("She"));
    }

    #[test]
    fn a_gold_record_is_a_record() {
        let mut out = Vec::new();
        write_records(&[sample()], None, &mut out).expect("written");
        let record: Record = serde_json::from_slice(&out).expect("a record");
        let gold: GoldRecord = serde_json::from_slice(&out).expect("a gold record");
        assert_eq!(record, gold.record);
    }
}
