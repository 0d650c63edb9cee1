//! The program as a user runs it: the shipped model, good input, bad input.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use demarche::output::{Line, Record, read_csv};
use predicates::prelude::*;
use predicates::str::contains;

fn demarche() -> Command {
    let mut command = Command::cargo_bin("demarche").expect("the program");
    command.env_remove("DEMARCHE_MODEL").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn articles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/articles")
}

fn lines(bytes: &[u8]) -> Vec<Line> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

fn records(bytes: &[u8]) -> Vec<Record> {
    let record = |line| match line {
        Line::Record(record) => record,
        Line::Error(error) => panic!("{error:?}"),
    };
    lines(bytes).into_iter().map(record).collect()
}

const STORY: &str = "Peru urges Chile to open the border\n\nLIMA - Peru on Monday urged Chile to open the border. \
    \"They must open it,\" President Ana Ruiz said.\n";

#[test]
fn the_example_articles_give_the_golden_records() {
    let output = demarche().args(["classify", "examples/articles", "--to", "jsonl"]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/examples.jsonl");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &output.stdout).expect("written");
    }
    let (got, want) = (records(&output.stdout), records(&fs::read(&golden).expect("the golden records")));
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(&want) {
        assert_eq!(got.id, want.id);
        assert_eq!(got.statements.len(), want.statements.len(), "{}", got.id);
        for (g, w) in got.statements.iter().zip(&want.statements) {
            assert_eq!((&g.content, &g.cue, &g.speaker), (&w.content, &w.cue, &w.speaker), "{}", got.id);
            // Scores may differ in their last digit between processors; decisions may not.
            let decisions = |s: &demarche::output::StatementRecord| {
                s.targets.iter().map(|t| (t.country, t.stances.clone())).collect::<Vec<_>>()
            };
            assert_eq!(decisions(g), decisions(w), "{}: {:?}", got.id, g.content);
        }
    }
}

#[test]
fn offsets_are_code_points_of_the_file() {
    let output = demarche().args(["classify", "examples/articles", "--to", "jsonl"]).output().expect("a run");
    let mut seen = 0;
    for record in records(&output.stdout).iter().filter(|r| r.id.ends_with(".txt")) {
        let text: Vec<char> = fs::read_to_string(&record.id).expect("the article").chars().collect();
        for span in record.statements.iter().flat_map(|s| s.content.iter().chain(&s.cue)) {
            assert_eq!(text[span.start..span.end].iter().collect::<String>(), span.text, "{}", record.id);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} spans");
}

#[test]
fn thread_count_and_company_do_not_matter() {
    let folder = articles();
    let run = |threads: &str, path: &Path| {
        let output =
            demarche().args(["classify", "--to", "jsonl", "--threads", threads]).arg(path).output().expect("a run");
        assert!(output.status.success());
        output.stdout
    };
    let all = run("1", &folder);
    assert_eq!(all, run("2", &folder));
    let first = fs::read_dir(&folder)
        .expect("articles")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "txt"))
        .min();
    let alone = run("2", &first.expect("an article"));
    assert!(all.starts_with(&alone[..]) || String::from_utf8_lossy(&all).contains(&*String::from_utf8_lossy(&alone)));
}

#[test]
fn standard_input_is_read() {
    demarche().args(["classify", "-"]).write_stdin(STORY).assert().success().stdout(contains("\"CHL\""));
}

#[test]
fn a_terminal_view_can_be_asked_for() {
    demarche()
        .args(["classify", "-", "--to", "terminal"])
        .write_stdin(STORY)
        .assert()
        .success()
        .stdout(contains("CHL"));
}

#[test]
fn csv_holds_what_the_records_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let (table, lines_file) = (folder.path().join("t.csv"), folder.path().join("t.jsonl"));
    for path in [&table, &lines_file] {
        demarche().args(["classify", "examples/articles", "--output"]).arg(path).assert().success();
    }
    let from_csv: Vec<Line> =
        read_csv(fs::File::open(&table).expect("a table")).expect("a header").collect::<Result<_, _>>().expect("rows");
    assert_eq!(from_csv, lines(&fs::read(&lines_file).expect("records")));
}

#[test]
fn fields_of_json_lines_can_be_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    let row = serde_json::json!({ "url": "x/1", "meta": { "body": STORY } });
    fs::write(&path, format!("{row}\n{{broken\n{{\"url\": \"x/2\"}}\n")).expect("written");
    let output = demarche()
        .args(["classify", "--to", "jsonl", "--id-field", "url", "--text-field", "meta.body"])
        .arg(&path)
        .output()
        .expect("a run");
    assert_eq!(output.status.code(), Some(3));
    let codes: Vec<String> = lines(&output.stdout)
        .iter()
        .map(|line| match line {
            Line::Record(record) => record.id.clone(),
            Line::Error(error) => error.error.code.clone(),
        })
        .collect();
    assert_eq!(codes, ["x/1", "invalid-json", "missing-field"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("a.jsonl:2") && told.contains("meta.body"), "{told}");
}

/// Each bad input beside a good one: the run goes on, and the status remembers.
#[test]
fn bad_files_are_named_and_skipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let good = write("good.txt", STORY.as_bytes());
    let empty_folder = folder.path().join("none");
    fs::create_dir(&empty_folder).expect("a folder");
    let bad = [
        (folder.path().join("missing.txt"), "not-found"),
        (write("empty.txt", b" \n"), "empty"),
        (write("latin1.txt", b"Per\xfa said no to Chile."), "invalid-utf8"),
        (write("binary.txt", b"PK\x03\x04\x00\x00\x00\x00\x00"), "binary"),
        (empty_folder, "no-articles"),
    ];
    for (path, code) in bad {
        let output = demarche().args(["classify", "--to", "jsonl"]).args([&path, &good]).output().expect("a run");
        assert_eq!(output.status.code(), Some(3), "{}", path.display());
        let found = lines(&output.stdout);
        assert!(matches!(&found[0], Line::Error(e) if e.error.code == code), "{found:?}");
        assert!(matches!(&found[1], Line::Record(_)), "{found:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(&*path.file_name().expect("a name").to_string_lossy()), "{told}");
        demarche().args(["classify", "--to", "jsonl"]).arg(&path).assert().code(1);
    }
}

#[test]
fn a_damaged_model_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demarche-en-l6");
    for name in ["demarche.json", "config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(shipped.join(name), folder.path().join(name)).expect("copied");
    }
    let classify = || {
        let mut command = demarche();
        command.args(["classify", "-", "--model"]).arg(folder.path()).write_stdin(STORY);
        command
    };
    classify().assert().success();
    let weights = folder.path().join("model.safetensors");
    let bytes = fs::read(&weights).expect("weights");
    fs::write(&weights, &bytes[..bytes.len() / 2]).expect("written");
    classify().assert().code(1).stderr(contains("model.safetensors").and(contains("SHA-256")));
    fs::remove_file(&weights).expect("removed");
    classify().assert().code(1).stderr(contains("model.safetensors"));
    fs::write(folder.path().join("demarche.json"), "{}").expect("written");
    classify().assert().code(1).stderr(contains("demarche.json"));
    let mut none = demarche();
    none.args(["classify", "-", "--model", "no-such-model"]).write_stdin(STORY);
    none.assert().code(1).stderr(contains("no-such-model"));
}

#[test]
fn a_killed_run_is_resumed_without_loss_or_duplicate() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.jsonl");
    let run = |resume: bool| {
        let mut command = demarche();
        command.args(["classify", "examples/articles", "--output"]).arg(&path);
        if resume {
            command.arg("--resume");
        }
        command.assert().success();
        fs::read(&path).expect("the output")
    };
    let whole = run(false);
    // As a kill leaves it: a part under the other name, torn in the middle of a line.
    fs::remove_file(&path).expect("removed");
    fs::write(folder.path().join("out.jsonl.part"), &whole[..whole.len() * 2 / 3]).expect("written");
    assert_eq!(run(true), whole);
}

#[test]
fn wrong_usage_is_status_2() {
    demarche().arg("classify").assert().code(2);
    demarche().args(["classify", "x", "--to", "poem"]).assert().code(2);
    demarche().arg("--help").assert().success().stdout(contains("Exit status"));
}

#[test]
fn the_corpus_is_sound() {
    demarche().args(["corpus", "check", "data/corpus", "--errors-only"]).assert().success();
}

#[test]
fn the_corpus_is_counted_exported_and_compared() {
    let file = "data/corpus/dev/dev-01.txt";
    demarche().args(["corpus", "stats", "--no-prior", file]).assert().success().stdout(contains("statements"));
    let output = demarche().args(["corpus", "export", "--to", "jsonl", file]).output().expect("a run");
    let gold = records(&output.stdout);
    assert_eq!(gold.len(), 15);
    assert!(gold.iter().all(|r| !r.statements.is_empty()));
    demarche().args(["corpus", "export", "--to", "columns", file]).assert().success().stdout(contains("B-CONTENT"));
    let folder = tempfile::tempdir().expect("a folder");
    demarche().args(["corpus", "export", "--to", "brat", file, "--output"]).arg(folder.path()).assert().success();
    assert!(folder.path().join("dev-01-001.ann").is_file());
    let second = "data/second-annotation/dev/dev-01.txt";
    let output = demarche().args(["corpus", "agreement", file, second, "--json"]).output().expect("a run");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["figures"][0]["value"].as_f64().is_some_and(|f1| f1 > 0.85), "{json}");
}

#[test]
fn broken_corpus_lines_are_named_with_line_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.txt");
    fs::write(&path, "%% a-1 | wire | -\nPeru said no.\n%\nindirect | Peru | said | yes\n  speaker: Peru = PER\n")
        .expect("written");
    demarche().args(["corpus", "check"]).arg(&path).assert().code(1).stdout(contains("a.txt:4:"));
}

#[test]
fn records_explain_themselves_if_asked() {
    let run = |explain: bool| {
        let mut command = demarche();
        command.args(["classify", "-", "--to", "jsonl"]).write_stdin(STORY);
        if explain {
            command.arg("--explain");
        }
        records(&command.output().expect("a run").stdout).remove(0)
    };
    let (plain, told) = (run(false), run(true));
    let speakers = |record: &Record| record.statements.iter().filter_map(|s| s.speaker.clone()).collect::<Vec<_>>();
    assert!(speakers(&plain).iter().all(|s| s.why.is_none()));
    assert!(!speakers(&told).is_empty() && speakers(&told).iter().all(|s| s.why.is_some()));
    assert!(told.statements.iter().flat_map(|s| &s.targets).all(|t| t.why.is_some()));
}

#[test]
fn the_machine_is_measured() {
    let output = demarche().args(["bench", "--seconds", "0.1", "--threads", "1", "--json"]).output().expect("a run");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["rows"][0]["articles_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{json}");
}

#[test]
fn models_are_listed_and_verified() {
    demarche().args(["models", "list"]).assert().success().stdout(contains("demarche-en-l6@"));
    demarche().args(["models", "verify"]).assert().success().stdout(contains("ok"));
}

#[test]
fn training_runs_and_resumes() {
    let folder = tempfile::tempdir().expect("a folder");
    let corpus = folder.path().join("corpus");
    fs::create_dir(&corpus).expect("a folder");
    let passage = "%% p-1 | wire | 2004-05-12\nPeru urged Chile to call back its boats.\n%\n\
        indirect | Peru | urged | Chile to call back its boats\n  speaker: Peru = PER\n  CHL: urge\n";
    fs::write(corpus.join("a.txt"), passage).expect("written");
    let out = folder.path().join("model");
    let mut train = demarche();
    train
        .args(["train", "--base", "models/demarche-en-l6", "--epochs", "2", "--threads", "1", "--corpus"])
        .arg(&corpus)
        .arg("--dev")
        .arg(&corpus)
        .arg("--output")
        .arg(&out);
    train.assert().success();
    demarche().args(["classify", "-", "--model"]).arg(&out).write_stdin(STORY).assert().success();
    // A finished run has nothing left to do and writes the same weights again.
    let weights = fs::read(out.join("model.safetensors")).expect("weights");
    train.assert().success();
    assert!(weights == fs::read(out.join("model.safetensors")).expect("weights"));

    // A teacher answers once; its file is read in later runs, and its answers change what is learnt.
    let (labels, taught) = (folder.path().join("soft.jsonl"), folder.path().join("taught"));
    demarche()
        .args(["train", "--base", "models/demarche-en-l6", "--epochs", "2", "--threads", "1", "--teacher-weight", "1"])
        .args(["--teacher", "models/demarche-en-l6", "--soft-labels"])
        .arg(&labels)
        .arg("--corpus")
        .arg(&corpus)
        .arg("--dev")
        .arg(&corpus)
        .arg("--output")
        .arg(&taught)
        .assert()
        .success();
    let line = fs::read_to_string(&labels).expect("labels");
    let row: serde_json::Value = serde_json::from_str(&line).expect("one row");
    // Chile and Peru are candidates; the teacher sees that Chile is urged.
    assert_eq!(row["id"], "p-1");
    assert_eq!(row["stances"][0].as_array().map(Vec::len), Some(2), "{row}");
    assert!(row["stances"][0][0][2].as_f64().is_some_and(|p| p > 0.5), "{row}");
    assert!(weights != fs::read(taught.join("model.safetensors")).expect("weights"));
}

#[test]
fn evaluation_prints_figures_for_people_and_machines() {
    demarche()
        .args(["evaluate", "data/corpus/dev/dev-01.txt", "--resamples", "10"])
        .assert()
        .success()
        .stdout(contains("statement"));
    let output = demarche()
        .args(["evaluate", "data/corpus/dev/dev-01.txt", "--json", "--resamples", "0"])
        .output()
        .expect("a run");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["figures"]["report"]["figures"][0]["value"].as_f64().is_some_and(|f1| f1 > 0.5), "{json}");
}

#[test]
fn evaluation_exchanges_countries_and_knows_baselines() {
    let run = |more: &[&str]| {
        let output = demarche()
            .args(["evaluate", "data/corpus/dev/dev-01.txt", "--json", "--resamples", "0"])
            .args(more)
            .output()
            .expect("a run");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let swapped = run(&["--swap"]);
    let stays = &swapped["figures"]["swap"]["decisions"];
    assert!(stays["total"].as_u64() > Some(50) && stays["hits"].as_u64() <= stays["total"].as_u64(), "{stays}");
    let f1 =
        |json: &serde_json::Value, path: &str| json.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(-1.0);
    let model = f1(&swapped, "/figures/report/figures/0/value");
    let quotations = f1(&run(&["--baseline", "quotations"]), "/figures/figures/0/value");
    let keywords = f1(&run(&["--baseline", "keywords"]), "/figures/figures/0/value");
    assert!(
        0.0 < quotations && quotations < model && 0.0 < keywords && keywords < model,
        "{quotations} {keywords} {model}"
    );
}
