//! The line that a name stands in: headline or running text, and its dateline.

use super::words::STATES;

/// What is known of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// First byte.
    pub start: usize,
    /// One past the last byte, without the line break.
    pub end: usize,
    /// Has no small letter.
    pub capitals: bool,
    /// Every longer word begins with a capital.
    pub title_case: bool,
    /// One past the dateline, `start` if there is none.
    pub dateline_end: usize,
}

impl Line {
    /// The line of `text` that holds the byte `at`, looked for from `from` on, the start of a line before it.
    pub(super) fn at(text: &str, from: usize, at: usize) -> Self {
        let before = text.get(from..at).unwrap_or("");
        let start = before.rfind('\n').map_or(from, |i| from + i + 1);
        let rest = text.get(start..).unwrap_or("");
        let end = start + rest.find('\n').unwrap_or(rest.len());
        let line = text.get(start..end).unwrap_or("");
        let words = || line.split_whitespace().filter(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 3);
        let begins = |w: &&str| w.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
        let (all, upper) = (words().count(), words().filter(begins).count());
        Self {
            start,
            end,
            capitals: !line.chars().any(char::is_lowercase),
            title_case: all > 2 && upper * 10 >= all * 9 && !line.trim_end().ends_with('.'),
            dateline_end: start + dateline(line),
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// No dateline is longer, in bytes.
const LONGEST: usize = 100;

/// The length of the dateline that the line begins with: `PARIS, May 3 (Reuters) - `, `WASHINGTON (AP) — `.
fn dateline(line: &str) -> usize {
    let mut cut = line.len().min(LONGEST);
    while !line.is_char_boundary(cut) {
        cut -= 1;
    }
    let head = line.get(..cut).unwrap_or("");
    let breaks = ["—", "–", "--", " - ", "): ", ") : "];
    let Some((end, sign)) = breaks.iter().filter_map(|b| head.find(b).map(|at| (at, *b))).min() else { return 0 };
    let after = line.get(end + sign.len()..).unwrap_or("");
    // A headline in capitals has a dash too, but no running text after it.
    if !after.chars().any(char::is_lowercase) {
        return 0;
    }
    let mut head = head.get(..end).unwrap_or("").trim().trim_start_matches(['"', '“', '*']).to_owned();
    if sign.starts_with(')') {
        head.push(')');
    }
    let mut agency = false;
    if let (Some(open), Some(close)) = (head.find('('), head.rfind(')')) {
        if close < open {
            return 0;
        }
        agency = true;
        head.replace_range(open..=close, "");
    }
    let mut parts = head.split([',', '/']).map(str::trim).filter(|part| !part.is_empty());
    let Some(place) = parts.next() else { return if agency { end + sign.len() } else { 0 } };
    let words = place.split_whitespace().count();
    let capitals = !place.chars().any(char::is_lowercase);
    let named = place.split_whitespace().all(|w| w.chars().next().is_some_and(char::is_uppercase));
    let in_place = words <= 4 && (capitals || (agency && named));
    let plain = |part: &str| {
        let first = part.trim_end_matches('.');
        let names =
            part.split_whitespace().all(|w| w.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric()));
        let dated = MONTHS.iter().any(|m| part.get(..3).is_some_and(|p| p.eq_ignore_ascii_case(m)));
        STATES.split('|').any(|state| state == first) || dated || (names && part.split_whitespace().count() <= 4)
    };
    let letters = place.chars().filter(|c| c.is_alphabetic()).count();
    if in_place && letters > 2 && parts.all(plain) { end + sign.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datelines_end_at_their_dash() {
        for (line, head) in [
            ("WASHINGTON (AP) — The envoy said", "WASHINGTON (AP) —"),
            ("PARIS, May 3 (Reuters) - The envoy said", "PARIS, May 3 (Reuters) - "),
            ("TEHRAN, Iran (AP) -- The envoy", "TEHRAN, Iran (AP) --"),
            ("Washington (CNN) -- The envoy", "Washington (CNN) --"),
            ("NEW DELHI — The envoy", "NEW DELHI —"),
            ("Iran said — and few believed it — that", ""),
            ("IRAN REJECTS US OFFER - ENVOY", ""),
            ("IRAN REJECTS THE WHOLE US OFFER - and the rest", ""),
            ("The talks in Paris (a city) — said", ""),
            ("", ""),
            (")( - ab", ""),
        ] {
            assert_eq!(&line[..dateline(line)], head, "{line}");
        }
    }

    #[test]
    fn headlines_are_told_from_text() {
        let text = "Jordan Calls For New Talks\nJordan called for new talks.\nJORDAN CALLS";
        let line = |at| Line::at(text, 0, at);
        assert!(line(0).title_case && !line(0).capitals);
        assert!(!line(30).title_case);
        assert!(line(60).capitals);
    }
}
