//! From what the user names (paths, folders, globs, `-`) to a stream of articles.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::bytes::open;
use super::{Article, Articles, Failure, Format, ReadOptions, csv, html, json, jsonl, text};

/// Reads all inputs in order: files, folders (recursively, sorted by name, known extensions only, nothing hidden),
/// globs such as `feed/**/*.txt`, and `-` for standard input, which is text unless the options say otherwise.
///
/// Only one file is open at a time, and one article is held at a time (one file, for `.json`).
pub fn read(inputs: &[String], options: &ReadOptions) -> Reader {
    Reader { inputs: inputs.iter().cloned().collect(), options: options.clone(), files: None, articles: None }
}

/// The stream of articles that [`read`] gives.
pub struct Reader {
    inputs: VecDeque<String>,
    options: ReadOptions,
    files: Option<Files>,
    articles: Option<Articles>,
}

/// The files of one folder or glob.
struct Files {
    input: String,
    found: bool,
    paths: Box<dyn Iterator<Item = Result<PathBuf, Failure>> + Send>,
}

impl Iterator for Reader {
    type Item = Result<Article, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(article) = self.articles.as_mut().and_then(Iterator::next) {
                return Some(article);
            }
            self.articles = None;
            let opened = if let Some(files) = &mut self.files {
                match files.paths.next() {
                    Some(path) => {
                        files.found = true;
                        path.and_then(|p| articles(Some(&p), &name(&p), &self.options))
                    }
                    None => {
                        let failure = (!files.found).then(|| no_articles(&files.input));
                        self.files = None;
                        match failure {
                            Some(failure) => Err(failure),
                            None => continue,
                        }
                    }
                }
            } else {
                let input = self.inputs.pop_front()?;
                match self.start(&input) {
                    Ok(Some(articles)) => Ok(articles),
                    Ok(None) => continue,
                    Err(failure) => Err(failure),
                }
            };
            match opened {
                Ok(articles) => self.articles = Some(articles),
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}

impl Reader {
    /// Opens one input: a file's articles, or `None` if its files have been queued.
    fn start(&mut self, input: &str) -> Result<Option<Articles>, Failure> {
        if input == "-" {
            return articles(None, "-", &self.options).map(Some);
        }
        let path = Path::new(input);
        let paths = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => walk(path),
            // What exists is meant literally, whatever characters its name holds.
            Ok(_) => return articles(Some(path), &name(path), &self.options).map(Some),
            Err(_) if input.contains(['*', '?', '[']) => matches(input)?,
            Err(e) => return Err(super::bytes::io_failure(&name(path), &e)),
        };
        self.files = Some(Files { input: name(path), found: false, paths });
        Ok(None)
    }
}

fn walk(folder: &Path) -> Box<dyn Iterator<Item = Result<PathBuf, Failure>> + Send> {
    let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().to_string_lossy().starts_with('.');
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    Box::new(entries.filter_entry(move |e| !hidden(e)).filter_map(|entry| match entry {
        Ok(e) => (e.file_type().is_file() && Format::of_name(&name(e.path())).is_some()).then(|| Ok(e.into_path())),
        Err(e) => {
            let id = e.path().map(name).unwrap_or_default();
            Some(Err(Failure::new(id, "unreadable", format!("expected a readable file or folder, found: {e}"))))
        }
    }))
}

fn matches(pattern: &str) -> Result<Box<dyn Iterator<Item = Result<PathBuf, Failure>> + Send>, Failure> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(pattern, options)
        .map_err(|e| Failure::new(pattern, "not-found", format!("expected a file, folder or glob, found: {e}")))?;
    // `feed/*.dat` names its files; `feed/**` takes what a folder would give.
    let any = !pattern.rsplit('/').next().is_some_and(|last| last.contains('.'));
    Ok(Box::new(paths.filter_map(move |path| match path {
        Ok(p) => (p.is_file() && (!any || Format::of_name(&name(&p)).is_some())).then_some(Ok(p)),
        Err(e) => Some(Err(Failure::new(
            name(e.path()),
            "unreadable",
            format!("expected a readable folder, found: {}", e.error()),
        ))),
    })))
}

fn no_articles(input: &str) -> Failure {
    let message = "expected files ending in .txt, .text, .md, .jsonl, .ndjson, .json, .csv, .tsv, .html or .htm \
                   (each also with .gz), found none";
    Failure::new(input, "no-articles", message)
}

/// A path as an identifier, with forward slashes.
fn name(path: &Path) -> String {
    let name = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { name.into_owned() } else { name.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// The articles of one file, or of standard input.
fn articles(path: Option<&Path>, id: &str, options: &ReadOptions) -> Result<Articles, Failure> {
    let stream = open(path, id)?;
    let max = options.max_bytes;
    let one = |article| -> Articles { Box::new(std::iter::once(Ok(article))) };
    match options.format.or_else(|| Format::of_name(id)).unwrap_or(Format::Text) {
        Format::Text => text::read(stream, id, max).map(one),
        Format::Html => html::read(stream, id, max).map(one),
        Format::JsonLines => Ok(jsonl::read(stream, id, options)),
        Format::Json => json::read(stream, id, options),
        Format::Csv => csv::read(stream, id, b',', options),
        Format::Tsv => csv::read(stream, id, b'\t', options),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Writes the files and reads `inputs` (relative to the folder); gives `id` or `id!code`, without the folder.
    fn run(files: &[(&str, &[u8])], inputs: &[&str], options: &ReadOptions) -> Vec<String> {
        let folder = TempDir::new().unwrap();
        for (file, bytes) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let root = folder.path().to_str().unwrap().to_owned() + "/";
        let inputs: Vec<_> = inputs.iter().map(|i| format!("{root}{i}")).collect();
        let show = |r: Result<Article, Failure>| match r {
            Ok(a) => a.id.replace(&root, ""),
            Err(f) => format!("{}!{}", f.id.replace(&root, ""), f.code),
        };
        read(&inputs, options).map(show).collect()
    }

    #[test]
    fn folders_globs_and_files() {
        let files: &[(&str, &[u8])] = &[
            ("f/b.txt", b"B"),
            ("f/a/z.TXT", b"Z"),
            ("f/.hidden.txt", b"H"),
            ("f/x.exe", b"\0"),
            ("f/.git/c.txt", b"C"),
            ("f/c.txt.gz", &gzip(b"C")),
            ("g/[x].txt", b"X"),
            ("e/x.bin", b"?"),
            ("n.dat", b"N"),
        ];
        let options = ReadOptions::default();
        assert_eq!(run(files, &["f", "none"], &options), ["f/a/z.TXT", "f/b.txt", "f/c.txt.gz", "none!not-found"]);
        assert_eq!(run(files, &["f/*.txt", "g/[x].txt", "n.dat"], &options), ["f/b.txt", "g/[x].txt", "n.dat"]);
        assert_eq!(run(files, &["f/**/*", "e", "q/*.txt"], &options).len(), 5);
        assert_eq!(run(files, &["e"], &options), ["e!no-articles"]);
    }

    #[test]
    fn many_articles_in_a_file() {
        let lines: &[u8] =
            b"{\"id\":7,\"text\":\"A\"}\n\n{bad\n{\"text\":\"B\"}\n{\"body\":1}\n{\"text\":3.5,\"id\":null}\n[1]\n\xff";
        assert_eq!(
            run(&[("a.jsonl", lines)], &["a.jsonl"], &ReadOptions::default()),
            [
                "7",
                "a.jsonl:3!invalid-json",
                "a.jsonl:4",
                "a.jsonl:5!missing-field",
                "a.jsonl:6",
                "a.jsonl:7!missing-field",
                "a.jsonl:8!invalid-utf8"
            ]
        );
        let csv: &[u8] = b"id,text,date\nx,\"two\nlines\",2016-07-03\n,B,\ny\n\xff,z,\nw,W,\n";
        assert_eq!(
            run(&[("a.csv", csv)], &["a.csv"], &ReadOptions::default()),
            ["x", "a.csv:4", "a.csv:5!missing-field", "a.csv:6!invalid-utf8", "w"]
        );
        let nested = ReadOptions { id_field: "m.id".into(), text_field: "m.t".into(), ..ReadOptions::default() };
        let json: &[u8] = br#"[{"m":{"id":"k","t":"T"}},{"m":{"t":"U"}},{}]"#;
        assert_eq!(run(&[("a.json", json)], &["a.json"], &nested), ["k", "a.json:2", "a.json:3!missing-field"]);
        assert_eq!(run(&[("a.tsv", b"m.t\tx\nT\t1\n")], &["a.tsv"], &nested), ["a.tsv:2"]);
    }

    #[test]
    fn limits_hold_after_decompression() {
        let options = ReadOptions { max_bytes: 1 << 17, ..ReadOptions::default() };
        let bomb = gzip(&vec![b'a'; 1 << 22]);
        let quote = ["text\n\"".as_bytes(), &vec![b'a'; 1 << 20]].concat();
        let files: &[(&str, &[u8])] =
            &[("a.txt.gz", &bomb), ("b.jsonl.gz", &bomb), ("c.csv", &quote), ("d.json.gz", &bomb), ("e.csv.gz", &bomb)];
        for failure in run(files, &["a.txt.gz", "b.jsonl.gz", "c.csv", "d.json.gz", "e.csv.gz"], &options) {
            assert!(failure.ends_with("!too-large"), "{failure}");
        }
        let torn = &bomb[..bomb.len() / 2];
        assert_eq!(run(&[("a.txt.gz", torn)], &["a.txt.gz"], &ReadOptions::default()), ["a.txt.gz!unreadable"]);
    }

    #[test]
    fn every_example_has_a_title_and_a_date() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/articles").to_owned();
        let articles: Result<Vec<_>, _> = read(&[folder], &ReadOptions::default()).collect();
        let articles = articles.unwrap();
        assert_eq!(articles.len(), 13);
        for article in articles {
            assert!(article.title.is_some() && article.date.is_some(), "{}: {:?}", article.id, article.date);
        }
    }

    #[test]
    fn the_reader_can_cross_threads() {
        fn send<T: Send>(_: &T) {}
        send(&read(&[], &ReadOptions::default()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), deep in 0usize..3000) {
            let nested = "[{\"a\":".repeat(deep).into_bytes();
            for name in ["a.txt", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.html", "a.txt.gz"] {
                for content in [&bytes, &nested] {
                    prop_assert!(!run(&[(name, content)], &[name], &ReadOptions::default()).is_empty());
                }
            }
        }
    }
}
