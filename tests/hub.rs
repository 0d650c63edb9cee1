//! A model is fetched by its id from a hub, here a small one on loopback.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::str::contains;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Answers `GET|HEAD /org/name/resolve/main/FILE` as the hub does.
fn answer(mut stream: TcpStream, model: &Path) -> std::io::Result<()> {
    loop {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut range: Option<(usize, usize)> = None;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            let lower = line.to_lowercase();
            if let Some(bounds) = lower.strip_prefix("range: bytes=") {
                let (from, to) = bounds.trim().split_once('-').unwrap_or(("0", ""));
                range = Some((from.parse().unwrap_or(0), to.parse().unwrap_or(usize::MAX)));
            }
        }
        let path = first.split(' ').nth(1).unwrap_or("").to_owned();
        let name = path.strip_prefix("/org/model/resolve/main/").unwrap_or("");
        let file: PathBuf = model.join(name);
        if name.is_empty() || !file.is_file() {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        let mut bytes = Vec::new();
        fs::File::open(&file)?.read_to_end(&mut bytes)?;
        let all = bytes.len();
        let (from, to) = range.map_or((0, all - 1), |(from, to)| (from.min(all - 1), to.min(all - 1)));
        let part = &bytes[from..=to];
        let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{to}/{all}\r\naccept-ranges: bytes\r\n\
             x-repo-commit: {COMMIT}\r\netag: \"{name}-{all}\"\r\n\r\n",
            part.len()
        );
        stream.write_all(head.as_bytes())?;
        if !first.starts_with("HEAD") {
            stream.write_all(part)?;
        }
    }
}

fn serve(model: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let model = model.clone();
            std::thread::spawn(move || answer(stream, &model));
        }
    });
    address
}

fn classify(endpoint: &str, home: &Path, model: &str) -> Command {
    let mut command = Command::cargo_bin("demarche").expect("the program");
    command
        .env("HF_ENDPOINT", endpoint)
        .env("HF_HOME", home)
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .args(["classify", "-", "--model", model])
        .write_stdin("Peru urged Chile to open the border.");
    command
}

#[test]
fn a_model_is_fetched_once_and_then_found_offline() {
    let home = tempfile::tempdir().expect("a folder");
    let endpoint = serve(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demarche-en-l6"));
    classify(&endpoint, home.path(), "org/model").assert().success().stdout(contains("statements"));
    // Nobody listens there: the second run must not ask.
    classify("http://127.0.0.1:9", home.path(), "org/model").assert().success();
}

#[test]
fn a_model_that_is_not_there_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let endpoint = serve(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demarche-en-l6"));
    classify(&endpoint, home.path(), "org/other").assert().code(1).stderr(contains("org/other"));
}
