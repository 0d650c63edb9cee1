//! Dates in common written forms.

/// Code points at the start of a line in which a date is looked for: a dateline, not a date in running text.
const REACH: usize = 100;

/// The first date in the first lines of a text, as `YYYY-MM-DD`.
pub(super) fn in_head(text: &str) -> Option<String> {
    text.lines().filter(|l| !l.trim().is_empty()).take(8).find_map(find)
}

#[derive(Debug, PartialEq)]
enum Token {
    /// The value and the number of digits.
    Number(u32, usize),
    Word(String),
    Mark(char),
}

/// The first date near the start of a line, as `YYYY-MM-DD`: `3 July 2016`, `03 July, 2016`, `July 3rd, 2016`,
/// `2016-07-03` (a time may follow), and `25/07/2016` or `07/25/2016` where only one reading is possible.
pub(super) fn find(line: &str) -> Option<String> {
    let tokens = tokens(line);
    (0..tokens.len()).find_map(|i| {
        // A number that continues another, as in 12.2016-07-03 or 1/2/3/2016, begins no date.
        if i > 1 && matches!((&tokens[i - 1], &tokens[i - 2]), (Token::Mark('-' | '/'), Token::Number(..))) {
            return None;
        }
        at(&tokens[i..])
    })
}

fn tokens(line: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut fresh = true;
    for c in line.chars().take(REACH) {
        if let Some(digit) = c.to_digit(10) {
            match tokens.last_mut() {
                Some(Token::Number(value, digits)) if !fresh => {
                    *value = value.saturating_mul(10).saturating_add(digit);
                    *digits += 1;
                }
                _ => tokens.push(Token::Number(digit, 1)),
            }
            fresh = false;
        } else if c.is_alphabetic() {
            match tokens.last_mut() {
                Some(Token::Word(word)) if !fresh => word.extend(c.to_lowercase()),
                _ => tokens.push(Token::Word(c.to_lowercase().collect())),
            }
            fresh = false;
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Mark(c));
            }
            fresh = true;
        }
    }
    tokens
}

fn at(tokens: &[Token]) -> Option<String> {
    use Token::{Mark, Number};
    match tokens {
        [Number(y, 4), Mark(a @ ('-' | '/' | '.')), Number(m, 1..=2), Mark(b), Number(d, 1..=2), ..] if a == b => {
            format(*y, *m, *d)
        }
        [Number(a, 1..=2), Mark('/'), Number(b, 1..=2), Mark('/'), Number(y, 4), ..] => match (*a, *b) {
            (a, b) if a == b || b > 12 => format(*y, a, b),
            (a, b) if a > 12 => format(*y, b, a),
            _ => None,
        },
        [Number(d, 1..=2), rest @ ..] => {
            let (m, rest) = month(ordinal(rest))?;
            format(year(rest)?, m, *d)
        }
        _ => {
            let (m, rest) = month(tokens)?;
            let [Number(d, 1..=2), rest @ ..] = rest else { return None };
            format(year(ordinal(rest))?, m, *d)
        }
    }
}

fn ordinal(tokens: &[Token]) -> &[Token] {
    match tokens {
        [Token::Word(w), rest @ ..] if matches!(w.as_str(), "st" | "nd" | "rd" | "th") => rest,
        _ => tokens,
    }
}

fn month(tokens: &[Token]) -> Option<(u32, &[Token])> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let [Token::Word(word), rest @ ..] = tokens else { return None };
    let month = (1..).zip(NAMES).find(|(_, n)| word == n || word == "sept" && *n == "september" || *word == n[..3])?.0;
    Some((month, if let [Token::Mark('.'), rest @ ..] = rest { rest } else { rest }))
}

fn year(tokens: &[Token]) -> Option<u32> {
    match tokens {
        [Token::Number(y, 4), ..] | [Token::Mark(','), Token::Number(y, 4), ..] => Some(*y),
        _ => None,
    }
}

fn format(year: u32, month: u32, day: u32) -> Option<String> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let fits = (1600..=2200).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
    fits.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_forms() {
        for line in [
            "03 July, 2016",
            "July 3, 2016",
            "GENEVA, 3 July 2016 (Wire) -",
            "2016-07-03T10:00:00Z",
            "Jul. 3rd 2016",
            "Sun, 03 Jul 2016 10:00:00 +0000",
            "2016/7/3",
        ] {
            assert_eq!(find(line).as_deref(), Some("2016-07-03"), "{line}");
        }
        assert_eq!(find("25/07/2016").as_deref(), Some("2016-07-25"));
        assert_eq!(find("07/25/2016").as_deref(), Some("2016-07-25"));
        assert_eq!(find("03/03/2016").as_deref(), Some("2016-03-03"));
        for line in ["07/03/2016", "31 June 2016", "2016", "In May 12 of 2016 voters", "29 February 2015", ""] {
            assert_eq!(find(line), None, "{line}");
        }
    }

    #[test]
    fn only_the_head_counts() {
        assert_eq!(in_head(&("x\n".repeat(9) + "3 July 2016")), None);
        assert_eq!(in_head("Title\n\nBy A\n3 July 2016\n").as_deref(), Some("2016-07-03"));
    }

    proptest! {
        #[test]
        fn any_line(line in "[0-9A-Za-z/.,\\- ]{0,60}|\\PC{0,40}") {
            let _ = find(&line);
        }
    }
}
