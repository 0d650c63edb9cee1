//! Data flows one way: each module may use only those that the table below allows.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate each module may name.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("article", &[]),
    ("text", &["article"]),
    ("country", &["text"]),
    ("encoder", &["text"]),
    ("statement", &["text", "country"]),
    ("stance", &["text", "statement", "country"]),
    ("output", &["article", "text", "country", "statement", "stance"]),
    ("pipeline", &["article", "text", "country", "encoder", "statement", "stance", "output"]),
    ("corpus", &["text", "country", "statement", "stance", "output"]),
    ("evaluate", &["text", "country", "statement", "stance", "output", "corpus"]),
    ("train", &["text", "country", "encoder", "statement", "stance", "corpus"]),
    ("lib", &[]),
    ("main", &[]),
];

/// Crates that only some modules may name.
const GUARDED: [(&str, &[&str]); 5] = [
    ("candle_core", &["encoder", "train"]),
    ("candle_nn", &["encoder", "train"]),
    ("tokenizers", &["encoder"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Source files with the module that they belong to.
fn files() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    let module = |path: &Path| {
        let relative = path.strip_prefix(&src).expect("below src");
        let first = relative.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
        first.trim_end_matches(".rs").to_owned()
    };
    paths.into_iter().map(|path| (module(&path), path.clone(), fs::read_to_string(&path).expect("text"))).collect()
}

/// Code without its comments and its tests, which may look anywhere.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or("");
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn modules_use_only_what_lies_before_them() {
    let table: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for (module, path, text) in files() {
        if module == "cli" {
            continue;
        }
        let allowed = table.get(module.as_str()).unwrap_or_else(|| panic!("{module} has no row in the table"));
        for part in code(&text).split("crate::").skip(1) {
            let used: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if used != module && !allowed.contains(&used.as_str()) && table.contains_key(used.as_str()) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn guarded_crates_are_named_only_where_they_may() {
    let mut wrong = Vec::new();
    for (module, path, text) in files() {
        for (krate, allowed) in GUARDED {
            if code(&text).contains(&format!("{krate}::")) && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{} names {krate}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unsafe_code_stands_in_the_kernels_alone() {
    for (_, path, text) in files() {
        let kernels = path.components().any(|c| c.as_os_str() == "kernels");
        assert!(kernels || !code(&text).contains("unsafe {"), "{}", path.display());
    }
}
