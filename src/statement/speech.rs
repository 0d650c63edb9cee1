//! What quotation marks tell about statements that the tags did not.

use super::assemble::Statement;
use super::kind::Kind;
use crate::text::{Sentence, Span, quoted_share};

/// Share of a sentence's quoted part that a statement must hold to count as that part.
const HELD: f64 = 0.5;
/// Words that a quotation without any tag needs to be taken for speech: shorter ones are titles and catchwords.
const WORDS: usize = 5;

/// A quotation with the statements in it.
struct Quotation {
    span: Span,
    inside: Vec<usize>,
}

/// Makes the statements of each quotation one speech: all have the same source and cue, and no sentence of it is left
/// out. A paragraph that is a quotation as a whole is speech even if no tag says so.
///
/// `marks` gives the quotations of each paragraph. New statements have the score 0.
pub(super) fn complete(text: &str, sentences: &[Sentence], marks: &[(usize, Vec<Span>)], found: &mut Vec<Statement>) {
    let mut added = Vec::new();
    for (paragraph, spans) in marks {
        let first = sentences.partition_point(|s| s.paragraph < *paragraph);
        let end = sentences.partition_point(|s| s.paragraph <= *paragraph);
        let own = &sentences[first..end];
        for span in spans {
            let inside: Vec<usize> = (0..found.len())
                .filter(|i| {
                    let s = &found[*i];
                    (first..end).contains(&s.sentence) && s.layer == 0 && is_in(text, &s.content, *span)
                })
                .collect();
            let quotation = Quotation { span: *span, inside };
            quotation.share_source(sentences, found);
            added.extend(quotation.missing(text, own, first, found));
        }
    }
    found.extend(added);
    found.sort_by_key(|s| (s.extent().start, std::cmp::Reverse(s.extent().end)));
}

/// Whether nearly all letters of the pieces stand in the span.
fn is_in(text: &str, pieces: &[Span], span: Span) -> bool {
    quoted_share(text, pieces, &[span]).is_some_and(|share| share >= 0.9)
}

impl Quotation {
    /// One quotation has one speaker: whom its tag names, else whom its first statement with a source names.
    fn share_source(&self, sentences: &[Sentence], found: &mut [Statement]) {
        let tagged = |s: &&Statement| {
            let sentence = sentences.get(s.sentence).map(|t| t.span);
            s.source.is_some_and(|source| sentence.is_some_and(|t| t.contains(source)))
        };
        let all = || self.inside.iter().map(|i| &found[*i]);
        let Some(model) = all().find(tagged).or_else(|| all().find(|s| s.source.is_some())) else { return };
        let (source, cue) = (model.source, model.cue);
        for i in &self.inside {
            let statement = &mut found[*i];
            if statement.source != source {
                (statement.source, statement.cue) = (source, cue);
            } else if statement.cue.is_none() {
                statement.cue = cue;
            }
        }
    }

    /// Statements for those sentences of the quotation that have none.
    fn missing(&self, text: &str, sentences: &[Sentence], first: usize, found: &[Statement]) -> Vec<Statement> {
        let paragraph = sentences.iter().map(|s| s.span).reduce(Span::cover).unwrap_or_default();
        let whole = quoted_share(text, &[paragraph], &[self.span]).is_some_and(|share| share >= 0.98);
        let words = self.span.of(text).split_whitespace().count();
        if self.inside.is_empty() && (!whole || words < WORDS) {
            return Vec::new();
        }
        let model = self.inside.first().map(|i| &found[*i]);
        let mut out = Vec::new();
        for (n, sentence) in sentences.iter().enumerate() {
            let part = Span::new(sentence.span.start.max(self.span.start), sentence.span.end.min(self.span.end));
            if part.is_empty() || !part.of(text).chars().any(char::is_alphanumeric) {
                continue;
            }
            let near = found.iter().filter(|s| s.sentence == first + n || s.extent().overlaps(part));
            let held = near.flat_map(|s| s.content.iter().chain(&s.source).chain(&s.cue)).copied().collect::<Vec<_>>();
            if quoted_share(text, &[part], &held).is_some_and(|share| share >= HELD) {
                continue;
            }
            // Inside a sentence with a paraphrase, a quoted fragment belongs to that paraphrase or to nobody.
            let fragment = part.of(text).split_whitespace().count() < WORDS && part != sentence.span;
            if fragment || held.iter().any(|h| h.overlaps(part)) {
                continue;
            }
            out.push(Statement {
                kind: Kind::Direct,
                content: vec![part],
                cue: model.and_then(|m| m.cue),
                source: model.and_then(|m| m.source),
                sentence: first + n,
                layer: 0,
                score: 0.0,
            });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{quotations, sentences};

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).expect("a part of the text");
        Span::new(start, start + part.len())
    }

    fn run(text: &str, contents: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        let all = sentences(text);
        let mut found: Vec<Statement> = contents
            .iter()
            .map(|(content, source)| Statement {
                kind: Kind::Direct,
                content: vec![span(text, content)],
                cue: None,
                source: source.map(|s| span(text, s)),
                sentence: all.partition_point(|s| s.span.end <= span(text, content).start),
                layer: 0,
                score: -0.1,
            })
            .collect();
        let mut marks = Vec::new();
        for s in &all {
            match marks.last_mut() {
                Some((paragraph, span)) if *paragraph == s.paragraph => *span = s.span.cover(*span),
                _ => marks.push((s.paragraph, s.span)),
            }
        }
        let marks: Vec<_> = marks.into_iter().map(|(p, s)| (p, quotations(text, s))).collect();
        complete(text, &all, &marks, &mut found);
        let words = |s: Span| s.of(text).to_owned();
        found.iter().map(|s| (words(s.extent()), s.source.map(words))).collect()
    }

    #[test]
    fn sentences_of_one_quotation_share_their_speaker_and_none_is_lost() {
        let text = "\"We go. They stay. It is late,\" Ana said.";
        let found = run(text, &[("\"We go.", None), ("It is late,\"", Some("Ana"))]);
        let ana = || Some("Ana".to_owned());
        assert_eq!(
            found,
            [("\"We go.".into(), ana()), ("They stay.".into(), ana()), ("It is late,\"".into(), ana())]
                as [(String, _); 3]
        );
    }

    #[test]
    fn a_paragraph_in_quotation_marks_is_speech_and_a_title_in_a_sentence_is_none() {
        assert_eq!(run("Ana left.\n\n\"We will not sign this paper.\"", &[]).len(), 1);
        assert_eq!(run("They read \"The Long Way to the Sea\" aloud.", &[]), []);
        assert_eq!(run("\"Enough!\"", &[]), []);
    }
}
