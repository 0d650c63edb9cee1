//! Plain text: one article per file.

use super::bytes::{Stream, decode, whole};
use super::{Article, Failure, date};

/// The longest first line that can be a headline, in code points.
const MAX_TITLE: usize = 200;

/// Reads the one article of a stream.
pub(super) fn read(stream: Stream, id: &str, max: u64) -> Result<Article, Failure> {
    let text = decode(whole(stream, id, max)?, id)?;
    Ok(Article { id: id.to_owned(), title: title(&text), date: date::in_head(&text), text })
}

/// The first non-empty line if it looks like a headline: short, without a final full stop, and with text after it
/// that does not merely continue it (as in a text broken at a fixed width).
pub(super) fn title(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).skip_while(|l| l.is_empty());
    let first = lines.next()?.trim_start_matches('#').trim();
    if first.is_empty() || first.chars().count() > MAX_TITLE || (first.ends_with('.') && !abbreviated(first)) {
        return None;
    }
    let next = lines.next()?;
    let fits = if next.is_empty() {
        lines.any(|l| !l.is_empty())
    } else {
        !next.starts_with(char::is_lowercase) && !first.ends_with([',', ';'])
    };
    fits.then(|| first.to_owned())
}

/// Whether the line ends in an abbreviation such as `U.S.`.
fn abbreviated(line: &str) -> bool {
    let last = line.rsplit(char::is_whitespace).next().unwrap_or("");
    last.matches('.').count() > 1 && last.chars().filter(|c| *c != '.').all(char::is_uppercase) && last.len() > 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines() {
        for (text, wanted) in [
            ("\n Talks fail \r\n\r\nThe talks failed.", Some("Talks fail")),
            ("Talks fail\n3 July 2016\nBody.", Some("Talks fail")),
            ("# A row with the U.S.\n\nBody.", Some("A row with the U.S.")),
            ("The talks failed.\n\nBody.", None),
            ("The talks had gone on for\nlonger than planned.", None),
            ("Only a line", None),
            ("Only a line\n\n", None),
            ("", None),
        ] {
            assert_eq!(title(text).as_deref(), wanted, "{text:?}");
        }
        assert_eq!(title(&("x".repeat(201) + "\n\nBody")), None);
    }
}
