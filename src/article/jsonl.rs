//! JSON Lines: one object per line.

use super::bytes::{RawLine, Stream, io_failure, line, too_large};
use super::fields::article;
use super::json::{Object, parse};
use super::{Article, Articles, Failure, ReadOptions};

/// Reads the articles of a stream line by line. A broken line is a failure called `FILE:LINE`; blank lines are none.
pub(super) fn read(stream: Stream, id: &str, options: &ReadOptions) -> Articles {
    Box::new(Lines { stream: Some(stream), id: id.to_owned(), number: 0, found: false, options: options.clone() })
}

struct Lines {
    stream: Option<Stream>,
    id: String,
    number: u64,
    found: bool,
    options: ReadOptions,
}

impl Iterator for Lines {
    type Item = Result<Article, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = line(self.stream.as_mut()?, self.options.max_bytes);
            self.number += 1;
            let place = format!("{}:{}", self.id, self.number);
            let bytes = match next {
                Ok(Some(RawLine::Bytes(bytes))) => bytes,
                Ok(Some(RawLine::TooLong)) => {
                    self.found = true;
                    return Some(Err(too_large(&place, "a line", self.options.max_bytes)));
                }
                Ok(None) => {
                    self.stream = None;
                    let empty = || Failure::new(&self.id, "empty", "expected JSON objects, one per line, found none");
                    return (!self.found).then(|| Err(empty()));
                }
                Err(error) => {
                    self.stream = None;
                    return Some(Err(io_failure(&place, &error)));
                }
            };
            if !bytes.trim_ascii().is_empty() {
                self.found = true;
                return Some(parse(&bytes, &place).and_then(|v| article(&Object(&v), &place, &self.options)));
            }
        }
    }
}
