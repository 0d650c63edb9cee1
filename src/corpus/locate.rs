//! Where quoted words stand in a text: the rules of `FORMAT.md`, shared by reading and writing.

use crate::text::Span;

/// Skips from the words before it to the words after it.
pub(super) const GAP: &str = " .. ";

/// Why words could not be found: what was expected of the text, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotFound {
    pub(super) expected: String,
    pub(super) found: String,
}

impl NotFound {
    fn new(expected: String, found: impl Into<String>) -> Self {
        Self { expected, found: found.into() }
    }
}

/// All places of `words` in `text`, overlapping ones too, that do not begin or end within a word.
pub(super) fn occurrences(text: &str, words: &str) -> Vec<Span> {
    let (Some(first), Some(last)) = (words.chars().next(), words.chars().next_back()) else { return Vec::new() };
    let alphanumeric = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(words)) {
        let span = Span::new(from + at, from + at + words.len());
        let before = text.get(..span.start).and_then(|s| s.chars().next_back());
        let after = text.get(span.end..).and_then(|s| s.chars().next());
        let cut = first.is_alphanumeric() && alphanumeric(before) || last.is_alphanumeric() && alphanumeric(after);
        if !cut {
            found.push(span);
        }
        from = span.start + first.len_utf8();
    }
    found
}

/// Splits `@N` off the end of quoted words.
pub(super) fn numbered(words: &str) -> (&str, Option<usize>) {
    let split = words.rsplit_once('@').filter(|(_, digits)| digits.bytes().all(|b| b.is_ascii_digit()));
    match split.and_then(|(head, digits)| Some((head, digits.parse().ok()?))) {
        Some((head, nth)) => (head, Some(nth)),
        None => (words, None),
    }
}

/// The places of a quotation's words; with `@N`, only that one.
fn places(text: &str, quoted: &str) -> Result<Vec<Span>, NotFound> {
    let (words, nth) = numbered(quoted);
    if words.is_empty() {
        return Err(NotFound::new("words of the text".to_owned(), "none"));
    }
    let all = occurrences(text, words);
    let Some(nth) = nth else {
        return match all.is_empty() {
            true => Err(NotFound::new("words of the text".to_owned(), format!("{words:?}"))),
            false => Ok(all),
        };
    };
    match nth.checked_sub(1).and_then(|i| all.get(i)) {
        Some(span) => Ok(vec![*span]),
        None => {
            let expected = format!("a place of {words:?} from @1 to @{}", all.len());
            Err(NotFound::new(expected, format!("@{nth}")))
        }
    }
}

/// The paragraph in which byte `at` stands.
pub(super) fn paragraph_at(paragraphs: &[Span], at: usize) -> Option<Span> {
    let i = paragraphs.partition_point(|p| p.end <= at);
    paragraphs.get(i).copied().filter(|p| p.start <= at)
}

/// The span of one piece of a content, such as `They have .. waters`, searched from byte `from`.
pub(super) fn piece(text: &str, paragraphs: &[Span], quoted: &str, from: usize) -> Result<Span, NotFound> {
    let mut parts = quoted.split(GAP).map(str::trim);
    let head = parts.next().unwrap_or_default();
    let all = places(text, head)?;
    let chosen = match numbered(head).1 {
        Some(_) => all.first(),
        None => all.iter().find(|span| span.start >= from),
    };
    let Some(mut span) = chosen.copied() else {
        let expected = "the statements in the order of their contents (or @N)".to_owned();
        return Err(NotFound::new(expected, format!("{head:?} only before the place reached")));
    };
    let end = paragraph_at(paragraphs, span.start).map_or(text.len(), |p| p.end);
    for part in parts {
        let rest = text.get(span.end..end).unwrap_or("");
        let Some(next) = tail_in(text, part, span.end, end) else {
            return Err(NotFound::new(format!("words of the rest of the paragraph, {rest:?}"), format!("{part:?}")));
        };
        span.end = next.end;
    }
    Ok(span)
}

/// The first place of `words` in `text[start..end]`, judged by the whole text's word boundaries.
fn tail_in(text: &str, words: &str, start: usize, end: usize) -> Option<Span> {
    occurrences(text, words).into_iter().find(|span| span.start >= start && span.end <= end)
}

/// The span of a source or a cue: nearest to its content, in the paragraph of the content, and outside it.
pub(super) fn beside(text: &str, paragraphs: &[Span], quoted: &str, content: &[Span]) -> Result<Span, NotFound> {
    let all = places(text, quoted)?;
    if let (Some(_), [only]) = (numbered(quoted).1, all.as_slice()) {
        return Ok(*only);
    }
    let paragraph = content.first().and_then(|c| paragraph_at(paragraphs, c.start)).unwrap_or_default();
    let free = |span: &Span| paragraph.contains(*span) && !content.iter().any(|c| c.overlaps(*span));
    all.into_iter().filter(free).min_by_key(|span| distance(text, *span, content)).ok_or_else(|| {
        let expected = "words of the content's paragraph, outside the content (or @N)".to_owned();
        NotFound::new(expected, format!("{quoted:?} elsewhere"))
    })
}

/// The span of the words that reach a country: nearest to the content, inside it if they stand there.
pub(super) fn reaching(text: &str, quoted: &str, content: &[Span]) -> Result<Span, NotFound> {
    let all = places(text, quoted)?;
    let nearest = all.into_iter().min_by_key(|span| distance(text, *span, content));
    nearest.ok_or_else(|| NotFound::new("words of the text".to_owned(), format!("{quoted:?}")))
}

/// Characters between a span and the nearest piece of a content. Characters, not bytes: which of two places is
/// nearer must not depend on an encoding.
fn distance(text: &str, span: Span, content: &[Span]) -> usize {
    let gap = |c: &Span| {
        if c.overlaps(span) {
            return 0;
        }
        let (left, right) = if span.end <= c.start { (span.end, c.start) } else { (c.end, span.start) };
        Span::new(left, right).of(text).chars().count()
    };
    content.iter().map(gap).min().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::passage::paragraphs;

    const TEXT: &str = "He said he did. “No,” he said.\n\nThen he said no more, he said.";

    fn of(span: Result<Span, NotFound>) -> (usize, &'static str) {
        let span = span.expect("found");
        (span.start, span.of(TEXT))
    }

    #[test]
    fn words_are_found_at_word_boundaries_only() {
        assert_eq!(occurrences("then he, the he", "he").len(), 2);
        assert_eq!(occurrences("aXa aa", "a").len(), 0);
        assert_eq!(occurrences("-- --", "-").len(), 4);
        assert!(occurrences("x", "").is_empty());
    }

    #[test]
    fn pieces_run_over_gaps_and_begin_after_the_place_reached() {
        let p = paragraphs(TEXT);
        assert_eq!(of(piece(TEXT, &p, "he .. No,”", 0)), (8, "he did. “No,”"));
        assert_eq!(of(piece(TEXT, &p, "he@3 .. more", 0)).1, "he said no more");
        assert_eq!(of(piece(TEXT, &p, "no", 0)).1, "no");
        assert!(piece(TEXT, &p, "did", 30).is_err());
        assert!(piece(TEXT, &p, "did .. more", 0).is_err(), "a gap stays in its paragraph");
        assert!(piece(TEXT, &p, "said@0", 0).is_err());
        assert!(piece(TEXT, &p, "", 0).is_err());
    }

    #[test]
    fn sources_and_cues_stand_beside_their_content() {
        let p = paragraphs(TEXT);
        let content = [piece(TEXT, &p, "no more", 0).expect("found")];
        assert_eq!(of(beside(TEXT, &p, "said", &content)).0, TEXT.find("said no").expect("there"));
        assert_eq!(of(beside(TEXT, &p, "said@1", &content)).0, 3);
        assert!(beside(TEXT, &p, "did", &content).is_err());
        assert!(beside(TEXT, &p, "no", &content).is_err());
    }

    #[test]
    fn reaching_words_prefer_the_content() {
        let p = paragraphs(TEXT);
        let content = [piece(TEXT, &p, "Then .. more", 0).expect("found")];
        assert_eq!(of(reaching(TEXT, "he", &content)).0, TEXT.find("he said no").expect("there"));
        assert_eq!(of(reaching(TEXT, "did", &content)).1, "did");
    }
}
