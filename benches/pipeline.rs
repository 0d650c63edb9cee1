//! Articles and tokens a second of the whole pipeline with the shipped model: reading, encoding, decoding, judging.
//!
//! `cargo bench --bench pipeline`; as many threads as `RAYON_NUM_THREADS` says, else all.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use demarche::article::{Article, ReadOptions, read};
use demarche::encoder::EncoderPath;
use demarche::pipeline::Analyzer;
use rayon::prelude::*;

fn articles() -> Vec<Article> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/articles").to_string_lossy().into_owned();
    read(&[folder], &ReadOptions::default()).map(Result::unwrap).collect()
}

fn pipeline(c: &mut Criterion) {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demarche-en-l6");
    let articles = articles();
    for (name, path) in [("packed", EncoderPath::Packed), ("reference", EncoderPath::Reference)] {
        let analyzer = Analyzer::load_with(&model, path).unwrap();
        let tokens: usize =
            articles.iter().map(|a| analyzer.model().tokenizer.tokenize(&a.text).unwrap().ids.len()).sum();
        let mut group = c.benchmark_group(format!("pipeline/{name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(8));
        group.throughput(Throughput::Elements(articles.len() as u64));
        group.bench_function("articles", |b| {
            b.iter(|| {
                articles.par_iter().for_each(|article| {
                    black_box(analyzer.analyze(article).unwrap());
                });
            });
        });
        group.throughput(Throughput::Elements(tokens as u64));
        group.bench_function("tokens", |b| {
            b.iter(|| {
                articles.par_iter().for_each(|article| {
                    black_box(analyzer.analyze(article).unwrap());
                });
            });
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function("one article", |b| b.iter(|| black_box(analyzer.analyze(&articles[0]).unwrap())));
        group.finish();
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
