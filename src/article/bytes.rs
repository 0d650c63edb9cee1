//! Files as bytes: opening, gzip, limits, lines, decoding.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::Failure;

/// A stream of bytes, decompressed.
pub(super) type Stream = Box<dyn BufRead + Send>;

/// Opens a file, or standard input for `None`; bytes that begin as gzip does are decompressed whatever the name.
pub(super) fn open(path: Option<&Path>, id: &str) -> Result<Stream, Failure> {
    let raw: Box<dyn Read + Send> = match path {
        Some(path) => Box::new(File::open(path).map_err(|e| io_failure(id, &e))?),
        None => Box::new(io::stdin()),
    };
    let mut raw = BufReader::with_capacity(1 << 16, raw);
    let gzip = raw.fill_buf().map_err(|e| io_failure(id, &e))?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw))) } else { Box::new(raw) })
}

/// The failure for an error of the operating system or of decompression.
pub(super) fn io_failure(id: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::new(id, "not-found", "expected a file or folder, found nothing"),
        _ => Failure::new(id, "unreadable", format!("expected a readable file, found: {error}")),
    }
}

/// The failure for more bytes than allowed.
pub(super) fn too_large(id: &str, what: &str, max: u64) -> Failure {
    Failure::new(id, "too-large", format!("expected {what} of at most {max} bytes, found more"))
}

/// All bytes of a stream, at most `max`.
pub(super) fn whole(stream: Stream, id: &str, max: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    stream.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| io_failure(id, &e))?;
    if bytes.len() as u64 > max { Err(too_large(id, "a file", max)) } else { Ok(bytes) }
}

/// One line as read.
pub(super) enum RawLine {
    /// The bytes without the line feed.
    Bytes(Vec<u8>),
    /// More than the limit; the rest of the line has been skipped.
    TooLong,
}

/// The next line, `None` at the end. Never holds more than `max` bytes.
pub(super) fn line(stream: &mut Stream, max: u64) -> io::Result<Option<RawLine>> {
    let mut bytes = Vec::new();
    let mut seen = false;
    let mut long = false;
    loop {
        let buffer = match stream.fill_buf() {
            Ok(buffer) => buffer,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if buffer.is_empty() {
            break;
        }
        seen = true;
        let end = buffer.iter().position(|b| *b == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if (bytes.len() + part.len()) as u64 > max {
            long = true;
            bytes = Vec::new();
        } else if !long {
            bytes.extend_from_slice(part);
        }
        let used = end.map_or(buffer.len(), |e| e + 1);
        stream.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(seen.then_some(if long { RawLine::TooLong } else { RawLine::Bytes(bytes) }))
}

/// Decodes UTF-8 and drops a byte order mark; refuses what is no text.
pub(super) fn decode(mut bytes: Vec<u8>, id: &str) -> Result<String, Failure> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
        return decode_plain(bytes, id, 3);
    }
    decode_plain(bytes, id, 0)
}

fn decode_plain(bytes: Vec<u8>, id: &str, dropped: usize) -> Result<String, Failure> {
    // Binary files are seldom valid UTF-8 either; `binary` says more about them.
    if bytes.contains(&0) {
        return Err(binary(id));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let byte = e.as_bytes().get(at).copied().unwrap_or(0);
        let at = at + dropped;
        Failure::new(id, "invalid-utf8", format!("expected UTF-8 text, found the byte 0x{byte:02x} at offset {at}"))
    })?;
    check(&text, id)?;
    Ok(text)
}

/// Refuses texts that hold nothing or that are no text: a NUL, or more than a tenth of control characters.
pub(super) fn check(text: &str, id: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Err(Failure::new(id, "empty", "expected text, found none"));
    }
    let odd = text.bytes().filter(|b| b.is_ascii_control() && !matches!(b, b'\n' | b'\r' | b'\t' | 0x0c)).count();
    if text.contains('\0') || odd.saturating_mul(10) > text.len() {
        return Err(binary(id));
    }
    Ok(())
}

fn binary(id: &str) -> Failure {
    Failure::new(id, "binary", "expected text, found binary data (NUL bytes or many control characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_names_what_is_wrong() {
        assert_eq!(decode(b"\xef\xbb\xbfHi\r\n".to_vec(), "a"), Ok("Hi\r\n".to_owned()));
        assert!(decode(b"\xef\xbb\xbfHi \xff".to_vec(), "a").is_err_and(|f| f.message.contains("offset 6")));
        for (bytes, code) in [(&b"a\0b"[..], "binary"), (b"\x01\x02a", "binary"), (b" \n", "empty"), (b"", "empty")] {
            assert!(decode(bytes.to_vec(), "a").is_err_and(|f| f.code == code));
        }
    }

    #[test]
    fn long_lines_are_skipped_whole() {
        let mut stream: Stream = Box::new(BufReader::with_capacity(3, &b"abcdefgh\nxy\n\nz"[..]));
        let mut seen = Vec::new();
        while let Some(l) = line(&mut stream, 4).unwrap() {
            seen.push(match l {
                RawLine::Bytes(b) => String::from_utf8(b).unwrap(),
                RawLine::TooLong => "long".to_owned(),
            });
        }
        assert_eq!(seen, ["long", "xy", "", "z"]);
    }
}
