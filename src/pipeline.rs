//! The analyzer: the only place that calls the stages in order.

use std::path::Path;

use crate::article::Article;
use crate::country::{Country, Gazetteer, Mention};
use crate::encoder::{
    CandidateSpans, Document, EncoderPath, Hidden, LinkQuestion, Model, ModelError, StanceQuestion, StatementSpans,
};
use crate::output::{Record, Scores, SpanRecord, SpeakerReason, SpeakerRecord, StatementRecord, TargetRecord};
use crate::stance::{Candidate, Place, Stance, Surroundings};
use crate::statement::{
    Labelled, Linked, LinkedLayer, Scene, Speaker, Statement, TAG_NAMES, assemble, candidates, decode,
};
use crate::text::{CodePoints, Sentence, Span, sentences};

/// Reads articles with one model. It can be shared by threads.
#[derive(Debug)]
pub struct Analyzer {
    model: Model,
    gazetteer: &'static Gazetteer,
    explain: bool,
}

/// An article after the encoder has read it.
#[derive(Debug)]
pub struct Reading<'a> {
    text: &'a str,
    date: Option<&'a str>,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// The countries that it names.
    pub mentions: Vec<Mention>,
    document: Document,
    hidden: Hidden,
}

/// A country that a statement may be about, with what the model says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The country and where it is named.
    pub candidate: Candidate,
    /// Calibrated probability of each stance.
    pub probabilities: [f32; 3],
    /// Those that reach their thresholds.
    pub stances: Vec<Stance>,
}

impl Analyzer {
    /// Loads a model folder.
    ///
    /// # Errors
    /// If a file is missing, damaged or does not fit the others.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        Self::load_with(folder, EncoderPath::default())
    }

    /// Loads a model folder to be run in a certain way.
    ///
    /// # Errors
    /// As [`Analyzer::load`].
    pub fn load_with(folder: &Path, path: EncoderPath) -> Result<Self, ModelError> {
        let stances = Stance::ALL.map(Stance::as_str);
        let model = Model::load(folder, &TAG_NAMES, &stances, path)?;
        Ok(Self { model, gazetteer: Gazetteer::builtin(), explain: false })
    }

    /// The same analyzer, which says in its records by which rule each speaker and target was found.
    #[must_use]
    pub fn explaining(self, explain: bool) -> Self {
        Self { explain, ..self }
    }

    /// Name and version of the model.
    pub fn id(&self) -> String {
        self.model.config.id()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Encodes a text.
    ///
    /// # Errors
    /// If the tokenizer refuses the text or a tensor operation fails.
    pub fn read<'a>(&self, text: &'a str, date: Option<&'a str>) -> Result<Reading<'a>, ModelError> {
        let sentences = sentences(text);
        let document = self.model.document(text, &sentences)?;
        let hidden = self.model.encode(&document)?;
        let mentions = self.gazetteer.mentions(text, date);
        Ok(Reading { text, date, sentences, mentions, document, hidden })
    }

    /// The statements of a text, in the order of their contents.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn statements(&self, reading: &Reading<'_>) -> Result<Vec<Statement>, ModelError> {
        let document = &reading.document;
        let logits = self.model.tag(&reading.hidden)?;
        let tokens = &document.tokens;
        let outside = self.model.config.outside;
        let layers = decode(&logits, &document.sentences, &tokens.spans, &tokens.continues, outside);
        let paragraphs: Vec<usize> = reading.sentences.iter().map(|s| s.paragraph).collect();
        let mut links = Vec::new();
        for labelled in &layers {
            let asked = candidates(labelled, &document.sentences, &paragraphs);
            let rows = |indices: &[usize]| {
                indices.iter().filter_map(|i| labelled.get(*i)).map(|l: &Labelled| l.tokens.clone()).collect()
            };
            let questions: Vec<LinkQuestion> = asked
                .iter()
                .map(|q| LinkQuestion { content: rows(&[q.content]), sources: rows(&q.sources), cues: rows(&q.cues) })
                .collect();
            let answers = self.model.link(&reading.hidden, &questions)?;
            let linked = asked.iter().zip(&answers).map(|(q, answer)| Linked {
                content: q.content,
                source: best(&answer.sources).and_then(|i| q.sources.get(i).copied()),
                cue: best(&answer.cues).and_then(|i| q.cues.get(i).copied()),
            });
            links.push(linked.collect::<Vec<_>>());
        }
        let layers: Vec<LinkedLayer<'_>> =
            layers.iter().zip(&links).map(|(labelled, links)| LinkedLayer { labelled, links }).collect();
        Ok(assemble(reading.text, &reading.sentences, &layers))
    }

    /// The speaker of each statement.
    pub fn speakers(&self, reading: &Reading<'_>, statements: &[Statement]) -> Vec<Option<Speaker>> {
        let scene = Scene {
            text: reading.text,
            sentences: &reading.sentences,
            mentions: &reading.mentions,
            date: reading.date,
            gazetteer: self.gazetteer,
        };
        scene.speakers(statements)
    }

    /// What the model says of each statement's candidate countries; `speakers` are the countries of the speakers.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn judge(
        &self,
        reading: &Reading<'_>,
        statements: &[Statement],
        speakers: &[Option<Country>],
    ) -> Result<Vec<Vec<Judged>>, ModelError> {
        let around = Surroundings { sentences: &reading.sentences, mentions: &reading.mentions };
        let (mut questions, mut found): (Vec<StanceQuestion>, Vec<(usize, Candidate)>) = (Vec::new(), Vec::new());
        for (i, statement) in statements.iter().enumerate() {
            let speaker = speakers.get(i).copied().flatten();
            let (content, cue, source) = (&statement.content, statement.cue, statement.source);
            let candidates = around.candidates(content, cue, source, speaker);
            let Some(first) = candidates.first() else { continue };
            let spans = StatementSpans { content, cue, source, sentences: first.sentences.clone() };
            let each = candidates.iter().map(|c| CandidateSpans {
                mentions: &c.mentions,
                all_mentions: &c.all_mentions,
                others: &c.others,
                features: c.features(speaker),
            });
            if let Some(question) = reading.document.question(&spans, each) {
                questions.push(question);
                found.extend(candidates.into_iter().map(|c| (i, c)));
            }
        }
        let mut judged: Vec<Vec<Judged>> = vec![Vec::new(); statements.len()];
        for ((i, candidate), probabilities) in found.into_iter().zip(self.probabilities(&reading.hidden, &questions)?) {
            let stances = self.decide(probabilities);
            if let Some(own) = judged.get_mut(i) {
                own.push(Judged { candidate, probabilities, stances });
            }
        }
        Ok(judged)
    }

    /// Calibrated probabilities of each stance between the source and the target of a relation text.
    ///
    /// # Errors
    /// As [`Analyzer::read`].
    pub fn relation(&self, text: &str, source: &[Span], target: &[Span]) -> Result<[f32; 3], ModelError> {
        let sentences = sentences(text);
        let document = self.model.document(text, &sentences)?;
        let hidden = self.model.encode(&document)?;
        let question = document.relation(text, sentences.len(), source, target);
        Ok(self.probabilities(&hidden, question.as_slice())?.first().copied().unwrap_or_default())
    }

    /// The stances whose probability reaches its threshold.
    pub fn decide(&self, probabilities: [f32; 3]) -> Vec<Stance> {
        let reached = probabilities.iter().zip(&self.model.config.thresholds).map(|(p, t)| p >= t);
        Stance::ALL.into_iter().zip(reached).filter(|(_, reached)| *reached).map(|(stance, _)| stance).collect()
    }

    fn probabilities(&self, hidden: &Hidden, questions: &[StanceQuestion]) -> Result<Vec<[f32; 3]>, ModelError> {
        let rows = self.model.stance(hidden, questions)?;
        Ok(rows.into_iter().map(|row| std::array::from_fn(|i| row.get(i).copied().unwrap_or(0.0))).collect())
    }

    /// Reads an article and reports its statements.
    ///
    /// # Errors
    /// If the tokenizer refuses the text or a tensor operation fails.
    pub fn analyze(&self, article: &Article) -> Result<Record, ModelError> {
        self.report(article, &self.read(&article.text, article.date.as_deref())?)
    }

    /// Reports the statements of an article that has been read.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn report(&self, article: &Article, reading: &Reading<'_>) -> Result<Record, ModelError> {
        let text = reading.text;
        let statements = self.statements(reading)?;
        let speakers = self.speakers(reading, &statements);
        let countries: Vec<_> = speakers.iter().map(|s| s.as_ref().and_then(|s| s.country)).collect();
        let judged = self.judge(reading, &statements, &countries)?;
        let index = CodePoints::new(text);
        let record = |span: Span| SpanRecord::new(text, &index, span);
        let statements = statements.iter().zip(speakers).zip(judged).map(|((statement, speaker), judged)| {
            let targets = judged.into_iter().filter(|j| j.candidate.place == Place::Content || !j.stances.is_empty());
            StatementRecord {
                kind: statement.kind,
                content: statement.content.iter().map(|span| record(*span)).collect(),
                cue: statement.cue.map(record),
                speaker: speaker.map(|speaker| SpeakerRecord {
                    mention: record(speaker.mention),
                    name: speaker.name,
                    title: speaker.title,
                    country: speaker.country,
                    why: self.explain.then(|| SpeakerReason {
                        named_at: record(speaker.named_at),
                        name: speaker.named_by.as_str().to_owned(),
                        country: speaker.country_by.as_str().to_owned(),
                    }),
                }),
                targets: targets.map(|j| target(&j, record, self.explain)).collect(),
            }
        });
        Ok(Record {
            id: article.id.clone(),
            title: article.title.clone(),
            date: article.date.clone(),
            model: self.id(),
            statements: statements.collect(),
        })
    }
}

/// The index of the best candidate; `None` if "none of them", which stands first, is best.
fn best(log_p: &[f32]) -> Option<usize> {
    let at = (0..log_p.len()).max_by(|a, b| log_p[*a].total_cmp(&log_p[*b]).then(b.cmp(a)))?;
    at.checked_sub(1)
}

fn target(judged: &Judged, record: impl Fn(Span) -> SpanRecord, explain: bool) -> TargetRecord {
    // Four digits: more would pretend a precision that no calibration has.
    let [reject, accuse, urge] = judged.probabilities.map(|p| (p * 1e4).round() / 1e4);
    TargetRecord {
        country: judged.candidate.country,
        mentions: judged.candidate.mentions.iter().map(|span| record(*span)).collect(),
        stances: judged.stances.clone(),
        scores: Scores { reject, accuse, urge },
        why: explain.then(|| judged.candidate.place.as_str().to_owned()),
    }
}
