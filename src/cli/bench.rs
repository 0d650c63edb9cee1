//! `demarche bench`: how fast this machine reads articles.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use demarche::article::{self, Article, ReadOptions};
use demarche::encoder::EncoderPath;
use demarche::encoder::kernels::{Isa, int8_peak};
use demarche::pipeline::Analyzer;
use rayon::prelude::*;
use serde::Serialize;

use super::Outcome;
use super::model::{self, DEFAULT};

/// Articles that are there without being asked for.
const BUILT_IN: [(&str, &str); 4] = [
    ("01", include_str!("../../examples/articles/01-fisheries-row.txt")),
    ("02", include_str!("../../examples/articles/02-dam-council.txt")),
    ("03", include_str!("../../examples/articles/03-border-post.txt")),
    ("04", include_str!("../../examples/articles/04-chips-export.txt")),
];

/// Measure how fast this machine reads articles: throughput, latency, start-up, memory, and the share of the processor's
/// int8 peak that the encoder reaches.
#[derive(Args, Debug)]
pub(super) struct Bench {
    /// Articles to read; without any, some that are built in.
    inputs: Vec<String>,
    /// Model: a folder or a name below models/.
    #[arg(long, default_value = DEFAULT)]
    model: String,
    /// Numbers of threads to measure with.
    #[arg(long, value_delimiter = ',', default_values_t = thread_counts())]
    threads: Vec<usize>,
    /// Measure the f32 reference as well.
    #[arg(long)]
    reference: bool,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn thread_counts() -> Vec<usize> {
    let all = super::threads();
    if all > 1 { vec![1, all] } else { vec![1] }
}

/// What was measured of one encoder path with one number of threads.
#[derive(Debug, Serialize)]
struct Row {
    encoder: &'static str,
    threads: usize,
    articles_per_second: f64,
    statements_per_second: f64,
    tokens_per_second: f64,
    /// Milliseconds of a single article, others at rest: median, 95th and 99th percentile.
    latency: [f64; 3],
    /// Giga-operations a second of the encoder's linear layers while it reads.
    gops: f64,
    /// Share of the bare int8 peak of as many threads.
    share_of_peak: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    isa: String,
    articles: usize,
    tokens: usize,
    /// Milliseconds from nothing to a loaded model and the first record.
    start_up: f64,
    /// Bare int8 peak in giga-operations a second, by number of threads.
    peaks: Vec<(usize, f64)>,
    rows: Vec<Row>,
    /// Largest resident memory of the process in MiB, if the system tells.
    peak_memory: Option<f64>,
}

pub(super) fn run(command: &Bench) -> anyhow::Result<Outcome> {
    let articles = articles(&command.inputs)?;
    let folder = model::find(&command.model)?;
    let start = Instant::now();
    let analyzer = Analyzer::load(&folder)?;
    analyzer.analyze(&articles[0])?;
    let start_up = start.elapsed().as_secs_f64() * 1e3;
    let mut tokens = 0;
    for article in &articles {
        tokens += analyzer.model().tokenizer.tokenize(&article.text)?.ids.len();
    }
    let mut report = Report {
        isa: format!("{:?}", Isa::best()),
        articles: articles.len(),
        tokens,
        start_up,
        peaks: Vec::new(),
        rows: Vec::new(),
        peak_memory: None,
    };
    let duration = Duration::from_secs_f64(command.seconds.clamp(0.1, 600.0));
    for threads in command.threads.iter().copied().filter(|t| *t > 0) {
        let peak = peak(threads);
        report.peaks.push((threads, peak));
        report.rows.push(measure(&analyzer, "packed", &articles, tokens, threads, peak, duration)?);
    }
    report.peak_memory = peak_memory();
    if command.reference {
        let reference = Analyzer::load_with(&folder, EncoderPath::Reference)?;
        for (threads, peak) in report.peaks.clone() {
            report.rows.push(measure(&reference, "reference", &articles, tokens, threads, peak, duration)?);
        }
    }
    print(&report, command.json)?;
    Ok(Outcome::Clean)
}

/// Bare int8 peak of some threads at once, in giga-operations a second.
fn peak(threads: usize) -> f64 {
    std::thread::scope(|scope| {
        let one = || int8_peak(Isa::best(), Duration::from_millis(400));
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}

fn articles(inputs: &[String]) -> anyhow::Result<Vec<Article>> {
    if inputs.is_empty() {
        let article = |(id, text): (&str, &str)| {
            let (title, text) = (None, text.to_owned());
            Article { id: id.to_owned(), title, date: None, text }
        };
        return Ok(BUILT_IN.into_iter().map(article).collect());
    }
    let articles: Vec<Article> = article::read(inputs, &ReadOptions::default()).collect::<Result<_, _>>()?;
    anyhow::ensure!(!articles.is_empty(), "expected articles in {inputs:?}, got none");
    Ok(articles)
}

fn measure(
    analyzer: &Analyzer,
    encoder: &'static str,
    articles: &[Article],
    tokens: usize,
    threads: usize,
    peak: f64,
    duration: Duration,
) -> anyhow::Result<Row> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        analyzer.analyze(&articles[0])?;
        // Throughput: all articles, over and over.
        let (mut passes, mut statements) = (0_usize, 0_usize);
        let start = Instant::now();
        while start.elapsed() < duration {
            let found: Vec<usize> = articles
                .par_iter()
                .map(|article| analyzer.analyze(article).map(|record| record.statements.len()))
                .collect::<Result<_, _>>()?;
            statements += found.iter().sum::<usize>();
            passes += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        // Latency: one at a time.
        let mut latencies = Vec::new();
        let start = Instant::now();
        while start.elapsed() < duration / 2 || latencies.len() < 20 {
            for article in articles {
                let one = Instant::now();
                analyzer.analyze(article)?;
                latencies.push(one.elapsed().as_secs_f64() * 1e3);
            }
        }
        latencies.sort_by(f64::total_cmp);
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share).round() as usize];
        let config = &analyzer.model().bert;
        let (h, i) = (config.hidden_size as f64, config.intermediate_size as f64);
        let per_token = 2.0 * config.num_hidden_layers as f64 * (4.0 * h * h + 2.0 * h * i);
        let rate = (passes * tokens) as f64 / seconds;
        let gops = rate * per_token / 1e9;
        Ok(Row {
            encoder,
            threads,
            articles_per_second: (passes * articles.len()) as f64 / seconds,
            statements_per_second: statements as f64 / seconds,
            tokens_per_second: rate,
            latency: [at(0.5), at(0.95), at(0.99)],
            gops,
            share_of_peak: gops / peak,
        })
    })
}

/// The largest resident memory in MiB, from `/proc`.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} articles of {} tokens on average, kernels {}",
        report.articles,
        report.tokens / report.articles,
        report.isa
    )?;
    for (threads, peak) in &report.peaks {
        writeln!(out, "bare int8 peak, {threads} threads: {peak:.0} GOP/s")?;
    }
    writeln!(out, "start-up to the first record: {:.0} ms", report.start_up)?;
    if let Some(memory) = report.peak_memory {
        writeln!(out, "peak memory: {memory:.0} MiB")?;
    }
    writeln!(
        out,
        "\nencoder    threads  articles/s  statements/s  tokens/s   p50 ms   p95 ms   p99 ms  GOP/s  of peak"
    )?;
    for row in &report.rows {
        let [p50, p95, p99] = row.latency;
        writeln!(
            out,
            "{:10} {:7}  {:10.1}  {:12.0}  {:8.0}  {p50:7.1}  {p95:7.1}  {p99:7.1}  {:5.0}  {:6.0}%",
            row.encoder,
            row.threads,
            row.articles_per_second,
            row.statements_per_second,
            row.tokens_per_second,
            row.gops,
            100.0 * row.share_of_peak,
        )?;
    }
    Ok(())
}
