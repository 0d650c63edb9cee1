//! Which parts of a paragraph stand in quotation marks.

use super::Span;

/// The parts of `text[paragraph]` in quotation marks, the marks included. A quotation that is not closed runs to the
/// end of the paragraph, as in a speech of several paragraphs.
///
/// Single marks count only in a paragraph without double ones, where they cannot be inner quotations; a closing
/// single mark after an *s* is taken for an apostrophe if another closing mark follows.
pub fn quotations(text: &str, paragraph: Span) -> Vec<Span> {
    let marks = marks(text, paragraph);
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    let mut depth = 0_usize;
    for (i, mark) in marks.iter().enumerate() {
        let role = match mark.role {
            Role::Either if open.is_some() => Role::Close,
            Role::Either => Role::Open,
            role => role,
        };
        match (role, open) {
            (Role::Open, None) => (open, depth) = (Some(mark.at), 1),
            (Role::Open, Some(_)) if mark.curly => depth += 1,
            (Role::Close, Some(start)) => {
                let later = marks.iter().skip(i + 1).find(|later| later.role != Role::Either);
                if mark.plural && later.is_some_and(|later| later.role == Role::Close) {
                    continue;
                }
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    found.push(Span::new(start, mark.end));
                    open = None;
                }
            }
            _ => {}
        }
    }
    found.extend(open.map(|start| Span::new(start, paragraph.end)));
    found
}

/// Share of the letters and digits of the pieces that stand in quotation marks, from 0 to 1; `None` without any.
pub fn quoted_share(text: &str, pieces: &[Span], quotations: &[Span]) -> Option<f64> {
    let (mut inside, mut all) = (0_u32, 0_u32);
    for piece in pieces {
        for (i, c) in piece.of(text).char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let at = Span::new(piece.start + i, piece.start + i + c.len_utf8());
            all += 1;
            inside += u32::from(quotations.iter().any(|q| q.contains(at)));
        }
    }
    (all > 0).then(|| f64::from(inside) / f64::from(all))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Open,
    Close,
    /// A straight double mark.
    Either,
}

struct Mark {
    at: usize,
    end: usize,
    role: Role,
    /// Opens and closes with different characters, so that it can nest.
    curly: bool,
    /// A single mark after an *s*: perhaps an apostrophe.
    plural: bool,
}

fn marks(text: &str, paragraph: Span) -> Vec<Mark> {
    let part = paragraph.of(text);
    let double = part.contains(['"', '“', '”', '„', '«', '»']);
    let mut marks = Vec::new();
    let mut before: Option<char> = None;
    let mut chars = part.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        let role = if double { double_role(c, before) } else { single_role(c, before, after) };
        if let Some(role) = role {
            let at = paragraph.start + i;
            let plural = !double && before == Some('s') && after.is_some_and(char::is_whitespace);
            marks.push(Mark { at, end: at + c.len_utf8(), role, curly: !matches!(c, '"' | '\''), plural });
        }
        before = Some(c);
    }
    marks
}

const fn double_role(c: char, before: Option<char>) -> Option<Role> {
    match c {
        '"' => Some(Role::Either),
        '“' => Some(Role::Open),
        '„' => Some(Role::Open),
        '”' => Some(Role::Close),
        // French marks stand outwards, German ones inwards; space before tells which.
        '«' | '»' => Some(if matches!(before, None | Some(' ' | '(' | '\n')) { Role::Open } else { Role::Close }),
        _ => None,
    }
}

fn single_role(c: char, before: Option<char>, after: Option<char>) -> Option<Role> {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "([—–-".contains(c));
    let word_after = after.is_some_and(|c| c.is_alphanumeric() || "[.…".contains(c));
    match c {
        '‘' if edge(before) => Some(Role::Open),
        '\'' if edge(before) && word_after => Some(Role::Open),
        '\'' | '’' if !edge(before) && !after.is_some_and(char::is_alphanumeric) => Some(Role::Close),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        quotations(text, Span::new(0, text.len())).into_iter().map(|q| q.of(text)).collect()
    }

    #[test]
    fn marks_of_every_kind_are_paired() {
        assert_eq!(of("He said: \"No.\" She said: \"Yes."), ["\"No.\"", "\"Yes."]);
        assert_eq!(of("“We say “no” to them,” he said. “Never.”"), ["“We say “no” to them,”", "“Never.”"]);
        assert_eq!(of("«Non», dit-il."), ["«Non»"]);
    }

    #[test]
    fn apostrophes_are_no_quotation_marks() {
        assert_eq!(of("They don't want the boys' boats."), [] as [&str; 0]);
        assert_eq!(of("‘It’s the boys’ boats,’ he said."), ["‘It’s the boys’ boats,’"]);
        assert_eq!(of("Aid is 'a right' of the states, it's said."), ["'a right'"]);
        assert_eq!(of("“The boys’ boats,” he said."), ["“The boys’ boats,”"]);
    }

    #[test]
    fn the_share_counts_letters_only() {
        let text = "a “b c” d";
        let quotations = quotations(text, Span::new(0, text.len()));
        assert_eq!(quoted_share(text, &[Span::new(0, text.len())], &quotations), Some(0.5));
        assert_eq!(quoted_share(text, &[Span::new(1, 2)], &quotations), None);
    }
}
