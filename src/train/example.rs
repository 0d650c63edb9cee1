//! Training examples: a document with gold tags, links and stances, all in token rows.

use std::ops::Range;

use crate::corpus::Passage;
use crate::country::{Country, Gazetteer, Mention};
use crate::encoder::{CandidateSpans, Document, LinkQuestion, ModelError, StanceQuestion, StatementSpans, Tokenizer};
use crate::stance::{Stance, Surroundings};
use crate::statement::{Kind, Labelled, Role, Scene, Statement, candidates, tags};
use crate::text::{Sentence, Span, sentences};

/// How documents are cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Most tokens of a window.
    pub window: usize,
    /// Left context of a window.
    pub context: usize,
}

/// Gold spans of one attribution. Pieces are in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Pieces of the content.
    pub content: Vec<Span>,
    /// The source, if any.
    pub source: Option<Span>,
    /// The cue, if any.
    pub cue: Option<Span>,
}

/// A question to the linker with its answers: 0 for none, else 1 + the index of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Content and candidates.
    pub question: LinkQuestion,
    /// The right source.
    pub source: u32,
    /// The right cue.
    pub cue: u32,
}

/// What one document teaches.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Tokens and windows.
    pub document: Document,
    /// A tag for each token, of the outer layer of statements and of the one inside it; `None` teaches nothing.
    pub tags: [Option<Vec<u8>>; 2],
    /// What the linker is to answer.
    pub links: Vec<Link>,
    /// What the stance head is to answer.
    pub stances: Vec<StanceLesson>,
}

/// A question to the stance head with its answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StanceLesson {
    /// Statement and candidates.
    pub question: StanceQuestion,
    /// The probability of each stance for each candidate: 0 or 1, or a teacher's.
    pub truth: Vec<[f32; 3]>,
    /// For each candidate the token rows of the words that point to it, if they are annotated.
    pub words: Vec<Option<Range<usize>>>,
}

impl Example {
    /// Tokens of all windows, with context and special tokens: what the encoder has to read.
    pub fn cost(&self) -> usize {
        self.document.windows.iter().map(|w| w.tokens.len() + 2).sum()
    }

    /// Whether the tagger learns from it.
    pub fn is_tagged(&self) -> bool {
        self.tags.iter().any(Option::is_some)
    }
}

/// The part of `span` in each sentence, so that no tagged span crosses a sentence's end.
fn by_sentence<'a>(span: Span, all: &'a [Sentence]) -> impl Iterator<Item = Span> + 'a {
    let first = all.partition_point(|s| s.span.end <= span.start);
    all[first..].iter().map(|s| s.span).take_while(move |s| s.start < span.end).filter_map(move |s| {
        let part = Span::new(s.start.max(span.start), s.end.min(span.end));
        (!part.is_empty()).then_some(part)
    })
}

/// Gold spans as labelled spans of tokens, with the attribution that each content belongs to.
struct Layer<'a> {
    labelled: Vec<Labelled>,
    owner: Vec<Option<&'a Attribution>>,
}

impl<'a> Layer<'a> {
    fn new(attributions: &[&'a Attribution], document: &Document, sentences: &[Sentence]) -> Self {
        let mut parts: Vec<(Role, Span, Option<&'a Attribution>)> = Vec::new();
        for a in attributions {
            for (role, spans) in
                [(Role::Source, a.source.as_slice()), (Role::Cue, a.cue.as_slice()), (Role::Content, &a.content)]
            {
                for part in spans.iter().flat_map(|s| by_sentence(*s, sentences)) {
                    // A source or a cue may belong to several statements: it stands once.
                    if role == Role::Content || !parts.iter().any(|(r, s, _)| *r == role && *s == part) {
                        parts.push((role, part, (role == Role::Content).then_some(*a)));
                    }
                }
            }
        }
        parts.sort_by_key(|(_, span, _)| *span);
        let mut layer = Self { labelled: Vec::new(), owner: Vec::new() };
        for (role, span, owner) in parts {
            let tokens = document.rows(span);
            if !tokens.is_empty() {
                layer.labelled.push(Labelled { role, span, tokens, score: 0.0 });
                layer.owner.push(owner);
            }
        }
        layer
    }

    fn tags(&self, document: &Document) -> Vec<u8> {
        let roles: Vec<_> = self.labelled.iter().map(|l| (l.role, l.span)).collect();
        tags(&document.tokens.spans, &roles)
    }

    fn links(&self, document: &Document, sentences: &[Sentence]) -> Vec<Link> {
        let paragraphs: Vec<usize> = sentences.iter().map(|s| s.paragraph).collect();
        let rows = |indices: &[usize]| indices.iter().map(|i| self.labelled[*i].tokens.clone()).collect::<Vec<_>>();
        candidates(&self.labelled, &document.sentences, &paragraphs)
            .into_iter()
            .filter_map(|q| {
                let gold = self.owner[q.content]?;
                let answer = |indices: &[usize], span: Option<Span>| {
                    let at = span.and_then(|s| indices.iter().position(|i| self.labelled[*i].span.overlaps(s)));
                    at.map_or(0, |i| i as u32 + 1)
                };
                let (source, cue) = (answer(&q.sources, gold.source), answer(&q.cues, gold.cue));
                let content = vec![self.labelled[q.content].tokens.clone()];
                let question = LinkQuestion { content, sources: rows(&q.sources), cues: rows(&q.cues) };
                Some(Link { question, source, cue })
            })
            .collect()
    }
}

/// Sorts statements into an outer and an inner layer so that no token has two roles in a layer; what fits neither is
/// left out.
fn layers(attributions: &[Attribution]) -> [Vec<&Attribution>; 2] {
    let mut order: Vec<&Attribution> = attributions.iter().collect();
    let extent = |a: &Attribution| a.content.iter().copied().reduce(Span::cover).unwrap_or_default();
    order.sort_by_key(|a| (std::cmp::Reverse(extent(a).len()), extent(a).start));
    let mut layers: [Vec<&Attribution>; 2] = [Vec::new(), Vec::new()];
    let parts = |a: &Attribution| -> Vec<(Role, Span)> {
        let content = a.content.iter().map(|s| (Role::Content, *s));
        content.chain(a.source.map(|s| (Role::Source, s))).chain(a.cue.map(|s| (Role::Cue, s))).collect()
    };
    for a in order {
        let fits = |layer: &Vec<&Attribution>| {
            layer.iter().all(|b| {
                parts(a).iter().all(|(role, span)| {
                    parts(b).iter().all(|(r, s)| !s.overlaps(*span) || (r == role && s == span && *r != Role::Content))
                })
            })
        };
        if let Some(layer) = layers.iter_mut().find(|l| fits(l)) {
            layer.push(a);
        }
    }
    layers
}

/// Builds examples of one kind of document.
#[derive(Clone, Copy, Debug)]
pub struct Builder<'a> {
    /// Splits texts into word pieces.
    pub tokenizer: &'a Tokenizer,
    /// Cuts them into windows.
    pub cut: Cut,
}

impl Builder<'_> {
    fn document(&self, text: &str, sentences: &[Sentence]) -> Result<Document, ModelError> {
        Document::new(self.tokenizer, text, sentences, self.cut.window, self.cut.context)
    }

    /// An article with attributions, in one layer or, if `nested` ones are annotated as well, in two.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn attributions(&self, text: &str, gold: &[Attribution], nested: bool) -> Result<Example, ModelError> {
        let sentences = sentences(text);
        let document = self.document(text, &sentences)?;
        let mut example = Example::default();
        self.annotate(&mut example, &document, &sentences, gold, nested);
        example.document = document;
        Ok(example)
    }

    /// Questions about the candidate countries of every attribution, one for each sentence of its content, with no stance as
    /// the truth: a teacher has to answer them.
    pub fn ask(&self, example: &mut Example, text: &str, gold: &[Attribution]) {
        let gazetteer = Gazetteer::builtin();
        let (sentences, mentions) = (sentences(text), gazetteer.mentions(text, None));
        let mut statements: Vec<Statement> = Vec::new();
        for attribution in gold {
            for part in attribution.content.iter().flat_map(|piece| by_sentence(*piece, &sentences)) {
                let sentence = sentences.partition_point(|s| s.span.end <= part.start);
                match statements.last_mut() {
                    // Two pieces around a tag are one statement.
                    Some(last) if last.sentence == sentence && last.source == attribution.source => {
                        last.content.push(part)
                    }
                    _ => statements.push(Statement {
                        kind: Kind::Indirect,
                        content: vec![part],
                        cue: attribution.cue,
                        source: attribution.source,
                        sentence,
                        layer: 0,
                        score: 0.0,
                    }),
                }
            }
        }
        statements.sort_by_key(Statement::extent);
        let scene = Scene { text, sentences: &sentences, mentions: &mentions, date: None, gazetteer };
        let speakers = scene.speakers(&statements);
        for (statement, speaker) in statements.iter().zip(speakers) {
            let spans = StatementSpans {
                content: &statement.content,
                cue: statement.cue,
                source: statement.source,
                sentences: 0..0,
            };
            let country = speaker.and_then(|s| s.country);
            let lesson = self.lesson(&example.document, &sentences, &mentions, spans, country, |_| ([0.0; 3], None));
            example.stances.extend(lesson);
        }
    }

    fn annotate(
        &self,
        example: &mut Example,
        document: &Document,
        sentences: &[Sentence],
        gold: &[Attribution],
        nested: bool,
    ) {
        let all = layers(gold);
        for (i, attributions) in all.iter().enumerate().take(if nested { 2 } else { 1 }) {
            let layer = Layer::new(attributions, document, sentences);
            example.tags[i] = Some(layer.tags(document));
            example.links.extend(layer.links(document, sentences));
        }
    }

    /// A passage of the corpus: tags in two layers, links, and a question about the candidate countries of each statement.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn passage(&self, passage: &Passage, mentions: &[Mention]) -> Result<Example, ModelError> {
        let sentences = sentences(&passage.text);
        let document = self.document(&passage.text, &sentences)?;
        let gold: Vec<Attribution> = passage
            .statements
            .iter()
            .map(|s| Attribution { content: s.content.clone(), source: s.source, cue: s.cue })
            .collect();
        let mut example = Example::default();
        self.annotate(&mut example, &document, &sentences, &gold, true);
        for statement in &passage.statements {
            let spans = StatementSpans {
                content: &statement.content,
                cue: statement.cue,
                source: statement.source,
                sentences: 0..0,
            };
            let target = |country| statement.targets.iter().find(|t| t.country == country);
            let lesson = self.lesson(&document, &sentences, mentions, spans, statement.speaker.country, |country| {
                let target = target(country);
                let truth = Stance::ALL.map(|s| f32::from(u8::from(target.is_some_and(|t| t.stances.contains(&s)))));
                (truth, target.and_then(|t| t.words))
            });
            example.stances.extend(lesson);
        }
        example.document = document;
        Ok(example)
    }

    /// A question about each candidate country of a statement, with the answers that `answer` gives.
    fn lesson(
        &self,
        document: &Document,
        sentences: &[Sentence],
        mentions: &[Mention],
        statement: StatementSpans<'_>,
        speaker: Option<Country>,
        answer: impl Fn(Country) -> ([f32; 3], Option<Span>),
    ) -> Option<StanceLesson> {
        let around = Surroundings { sentences, mentions };
        let candidates = around.candidates(statement.content, statement.cue, statement.source, speaker);
        let spans = StatementSpans { sentences: candidates.first()?.sentences.clone(), ..statement };
        let each = candidates.iter().map(|c| CandidateSpans {
            mentions: &c.mentions,
            all_mentions: &c.all_mentions,
            others: &c.others,
            features: c.features(speaker),
        });
        let question = document.question(&spans, each)?;
        let (truth, words): (Vec<_>, Vec<_>) = candidates.iter().map(|c| answer(c.country)).unzip();
        let words = words.into_iter().map(|w| w.map(|w| document.rows(w)).filter(|r| !r.is_empty())).collect();
        Some(StanceLesson { question, truth, words })
    }

    /// A sentence with a source, a target and the truth of each stance between them.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn relation(
        &self,
        text: &str,
        source: &[Span],
        target: &[Span],
        truth: [f32; 3],
    ) -> Result<Example, ModelError> {
        let sentences = sentences(text);
        let document = self.document(text, &sentences)?;
        let question = document.relation(text, sentences.len(), source, target);
        let lesson = question.map(|question| StanceLesson { question, truth: vec![truth], words: vec![None] });
        Ok(Example { document, stances: lesson.into_iter().collect(), ..Example::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span::new(start, start + part.len())
    }

    #[test]
    fn nested_statements_go_to_the_inner_layer() {
        let text = "Ivanov said Kyiv had accused Minsk of lying.";
        let outer = Attribution {
            content: vec![span(text, "Kyiv had accused Minsk of lying")],
            source: Some(span(text, "Ivanov")),
            cue: Some(span(text, "said")),
        };
        let inner = Attribution {
            content: vec![span(text, "Minsk of lying")],
            source: Some(span(text, "Kyiv")),
            cue: Some(span(text, "accused")),
        };
        let gold = [inner.clone(), outer.clone()];
        let [a, b] = layers(&gold);
        assert_eq!((a, b), (vec![&outer], vec![&inner]));
    }

    #[test]
    fn two_sentences_of_one_quote_share_their_source() {
        let text = "\"We won. They lost,\" Ana said.";
        let said = |content| Attribution {
            content: vec![span(text, content)],
            source: Some(span(text, "Ana")),
            cue: Some(span(text, "said")),
        };
        let gold = [said("\"We won."), said("They lost,\"")];
        assert_eq!(layers(&gold)[0].len(), 2);
    }
}
