//! Paragraphs and sentences.

use unicode_segmentation::UnicodeSegmentation;

use super::Span;

/// A sentence and the paragraph that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its bytes, without white space at the ends.
    pub span: Span,
    /// Number of its paragraph, from 0.
    pub paragraph: usize,
}

/// The paragraphs of a text, trimmed: separated by blank lines and, unless the text is hard-wrapped, by line ends.
pub fn paragraphs(text: &str) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for block in blocks(text) {
        let lines = lines(text, block);
        if is_wrapped(text, &lines) {
            let mut from = 0;
            for i in 1..=lines.len() {
                // An indented line opens a paragraph also within a wrapped block.
                let opens = lines.get(i).is_none_or(|l| l.of(text).starts_with([' ', '\t', '\u{3000}']));
                if opens {
                    out.push(Span::new(lines[from].start, lines[i - 1].end).trim(text));
                    from = i;
                }
            }
        } else {
            out.extend(lines.into_iter().map(|l| l.trim(text)));
        }
    }
    out.retain(|p| !p.is_empty());
    out
}

/// Runs of lines without a blank line between them.
fn blocks(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut open: Option<Span> = None;
    for line in lines(text, Span::new(0, text.len())) {
        if line.of(text).trim().is_empty() {
            out.extend(open.take());
        } else {
            open = Some(open.map_or(line, |o| o.cover(line)));
        }
    }
    out.extend(open);
    out
}

fn lines(text: &str, block: Span) -> Vec<Span> {
    let mut at = block.start;
    block
        .of(text)
        .split('\n')
        .map(|line| {
            let span = Span::new(at, at + line.len());
            at = span.end + 1;
            span
        })
        .collect()
}

/// Columns between which the lines of a hard-wrapped text end.
const WRAP: std::ops::RangeInclusive<usize> = 45..=95;

/// Whether most line ends of a block are there for the width of a page and not for the sense.
fn is_wrapped(text: &str, lines: &[Span]) -> bool {
    if lines.len() < 2 {
        return false;
    }
    let joined = lines
        .windows(2)
        .filter(|pair| {
            let (line, next) = (pair[0].of(text).trim_end(), pair[1].of(text).trim_start());
            let width = line.chars().count();
            let ended = line.ends_with(['.', '!', '?', '"', '”', '’', ':', ')']);
            let goes_on = next.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit() || c == '(' || c == '"');
            WRAP.contains(&width) && (goes_on || !ended)
        })
        .count();
    let inner = lines[..lines.len() - 1].iter().map(|l| l.of(text).trim_end().chars().count());
    joined * 3 >= (lines.len() - 1) * 2 && inner.max().unwrap_or(0) <= *WRAP.end()
}

/// The sentences of a text. Every byte that is not white space lies in exactly one of them.
///
/// Boundaries are those of UAX #29, joined again where news breaks its rules: after abbreviations and initials, before
/// a tag that continues a quotation (`"Really?" he asked.`), and where a closing mark or bracket would open a sentence.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut out: Vec<Sentence> = Vec::new();
    for (paragraph, span) in paragraphs(text).into_iter().enumerate() {
        let mut at = span.start;
        for piece in span.of(text).split_sentence_bounds() {
            let part = Span::new(at, at + piece.len());
            at = part.end;
            let part = part.trim(text);
            if part.is_empty() {
                continue;
            }
            match out.last_mut() {
                Some(last) if last.paragraph == paragraph && joins(last.span.of(text), part.of(text)) => {
                    last.span = last.span.cover(part);
                }
                _ => out.push(Sentence { span: part, paragraph }),
            }
        }
    }
    out
}

/// Abbreviations that a capital may follow within a sentence.
const ABBREVIATIONS: [&str; 74] = [
    "mr", "mrs", "ms", "mx", "dr", "prof", "sen", "rep", "gov", "gen", "col", "lt", "maj", "capt", "cmdr", "sgt",
    "adm", "pres", "hon", "rev", "fr", "st", "ste", "mt", "ft", "messrs", "mme", "mlle", "amb", "min", "dep", "sec",
    "supt", "insp", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec", "no", "nos",
    "vol", "art", "fig", "vs", "v", "cf", "al", "approx", "dist", "ave", "blvd", "rd", "bros", "ltd", "inc", "corp",
    "co", "univ", "dept", "est", "e.g", "i.e", "a.k.a", "brig", "ret", "spc",
];

/// Words that, after `U.S.` and the like, show that the sentence ended there.
const OPENERS: [&str; 24] = [
    "the", "a", "an", "he", "she", "it", "they", "we", "i", "but", "and", "in", "on", "at", "this", "that", "these",
    "those", "his", "her", "its", "their", "there", "when",
];

/// Reporting verbs that follow a name after a quotation that ends with a question or exclamation mark.
const TAGS: [&str; 18] = [
    "said",
    "says",
    "asked",
    "asks",
    "told",
    "added",
    "wrote",
    "tweeted",
    "cried",
    "shouted",
    "wondered",
    "replied",
    "demanded",
    "exclaimed",
    "quipped",
    "remarked",
    "insisted",
    "posted",
];

/// Whether `next` continues the sentence that `last` seemed to end.
fn joins(last: &str, next: &str) -> bool {
    // The end alone decides: a sentence may be as long as the text, and is asked about once for each of its pieces.
    let last = tail(last);
    let first = next.chars().next().unwrap_or(' ');
    // A closing mark or bracket belongs to what it closes.
    if next.chars().all(|c| is_closing(c) || c == '.' || c == ',') {
        return true;
    }
    if first.is_lowercase() || matches!(first, ',' | ';' | ':' | ')' | ']' | '”' | '»') {
        return true;
    }
    if matches!(first, '-' | '–' | '—') && next.chars().nth(1) == Some(' ') {
        return true;
    }
    let closed = last.trim_end_matches(is_closing);
    if closed.len() < last.len() {
        // `"Why now?" Smith asked.` but `"We won." They left.`
        return closed.ends_with(['?', '!', ',']) && is_tag(next);
    }
    if !last.ends_with('.') {
        // `Yahoo! Inc` is too rare to be worth a wrong join.
        return false;
    }
    let word = last.rsplit(|c: char| c.is_whitespace() || is_opening(c)).next().unwrap_or("");
    let stem = word.trim_end_matches('.');
    let lower = stem.to_lowercase();
    if ABBREVIATIONS.contains(&lower.as_str()) {
        // `No.` ends a sentence unless a number follows; a month or a firm's `Inc.` may end one too.
        return match lower.as_str() {
            "no" | "nos" | "art" | "fig" | "vol" => first.is_ascii_digit(),
            "inc" | "corp" | "co" | "ltd" | "bros" | "univ" | "dept" => !is_opener(next) && !first.is_ascii_digit(),
            "mar" | "min" | "sec" | "est" | "al" | "rep" | "ret" | "in" => {
                stem.starts_with(char::is_uppercase) || first.is_ascii_digit()
            }
            _ => true,
        };
    }
    let letters = stem.chars().filter(|c| c.is_alphabetic()).count();
    let dotted = stem.contains('.') && stem.split('.').all(|p| p.chars().count() <= 2);
    if dotted && letters >= 2 {
        // `U.S. President` goes on, `in the U.S. The …` does not; `a.m.` and `p.m.` mostly end.
        return !is_opener(next) && !matches!(lower.as_str(), "a.m" | "p.m");
    }
    // An initial: `J. Edgar`, `Donald J. Trump`, but not `Plan B. The`.
    letters == 1 && stem.starts_with(char::is_uppercase) && stem != "I" && !is_opener(next)
}

/// The last bytes of a sentence, enough for its last word.
fn tail(sentence: &str) -> &str {
    let mut from = sentence.len().saturating_sub(64);
    while !sentence.is_char_boundary(from) {
        from += 1;
    }
    &sentence[from..]
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '”' | '’' | '\'' | ')' | ']' | '»')
}

fn is_opening(c: char) -> bool {
    matches!(c, '"' | '“' | '‘' | '\'' | '(' | '[' | '«')
}

fn is_opener(next: &str) -> bool {
    let word = next.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()).unwrap_or("");
    OPENERS.contains(&word.to_lowercase().as_str()) || next.starts_with(is_opening)
}

/// A reporting verb among the first four words, after a capitalised name or a pronoun.
fn is_tag(next: &str) -> bool {
    let words = next.split_whitespace().take(4).map(|w| w.trim_end_matches([',', '.', ':']).to_lowercase());
    words.skip(1).any(|w| TAGS.contains(&w.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|s| s.span.of(text)).collect()
    }

    #[test]
    fn abbreviations_and_initials_do_not_end_a_sentence() {
        for text in [
            "Sen. John McCain met Gen. J. R. Abara in Jan. 2015.",
            "The U.S. President wrote to U.N. Secretary-General Ana Reyes.",
            "He left at 5 a.m. on Sunday.",
            "Resolution No. 242 stands.",
        ] {
            assert_eq!(split(text), [text]);
        }
    }

    #[test]
    fn real_ends_are_kept() {
        assert_eq!(split("They moved to the U.S. The law changed.").len(), 2);
        assert_eq!(split("The answer was no. Talks ended.").len(), 2);
        assert_eq!(split("He came at 5 p.m. Nobody was there.").len(), 2);
        assert_eq!(split("Who knows? Nobody does! We wait.").len(), 3);
    }

    #[test]
    fn a_tag_stays_with_its_quote() {
        for text in
            ["\"We go,\" he said.", "\"Really?\" he asked.", "“Why now?” Smith asked.", "\"Never!\" the minister said."]
        {
            assert_eq!(split(text), [text]);
        }
        assert_eq!(split("\"We won.\" They left."), ["\"We won.\"", "They left."]);
        assert_eq!(
            split("“We will not sign. They know it,” she said."),
            ["“We will not sign.", "They know it,” she said."]
        );
    }

    #[test]
    fn paragraphs_follow_line_ends_unless_the_text_is_wrapped() {
        assert_eq!(paragraphs("One.\nTwo.\n\n\nThree.").len(), 3);
        let wrapped = "MANILA, May 12 (ANP) - The Philippines on Wednesday urged Indonesia to\ncall back its patrol boats \
                       from the waters that lie between the two\ncountries, the foreign ministry said in a note.\n\nA \
                       second paragraph.";
        let found = paragraphs(wrapped);
        assert_eq!(found.len(), 2);
        assert_eq!(sentences(wrapped).len(), 2);
        assert_eq!(paragraphs("a\r\n\r\nb\r\n").len(), 2);
    }

    proptest! {
        #[test]
        fn every_visible_byte_lies_in_one_sentence(text in "([a-zA-Z.?!\"“”’, \n\u{a0}é東]|U\\.S\\. |Mr\\. ){0,80}") {
            let found = sentences(&text);
            let mut at = 0;
            for s in &found {
                prop_assert!(s.span.start >= at && !s.span.is_empty());
                prop_assert!(text[at..s.span.start].trim().is_empty());
                at = s.span.end;
            }
            prop_assert!(text[at..].trim().is_empty());
        }
    }
}
