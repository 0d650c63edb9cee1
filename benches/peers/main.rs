//! The Rust side of `benches/peers/run`, which measures this encoder beside other runtimes: it writes the texts that
//! all of them encode, and encodes them with the packed encoder or with candle-transformers' `BertModel`.
//!
//! No bench for itself: without a command it says so and ends well, so that a plain `cargo bench` goes on.

#![allow(missing_docs)]

mod encoders;
mod texts;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use demarche::encoder::kernels::Isa;

use encoders::{Candle, Encode, PackedInt8};
use texts::Texts;

/// Any error, as it comes.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
enum Command {
    /// Write the word-piece ids of sentences and of articles' windows, and say what they are as one line of JSON.
    Dump {
        /// Model folder, for its tokenizer and its windows.
        #[arg(long)]
        model: PathBuf,
        /// Corpus files, or folders of them.
        #[arg(long)]
        corpus: PathBuf,
        /// JSON file to write.
        #[arg(long)]
        output: PathBuf,
        /// Most sentences.
        #[arg(long)]
        sentences: usize,
        /// Most articles.
        #[arg(long)]
        articles: usize,
    },
    /// Encode the texts: one line of JSON when ready, and one for each line of standard input, which names the texts
    /// of a round.
    Serve {
        /// Model folder.
        #[arg(long)]
        model: PathBuf,
        /// What `dump` wrote.
        #[arg(long)]
        texts: PathBuf,
        /// Who encodes.
        #[arg(long)]
        encoder: Encoder,
        /// Threads that share the work.
        #[arg(long)]
        threads: usize,
        /// Sizes of padded batches to try.
        #[arg(long, value_delimiter = ',')]
        batches: Vec<usize>,
        /// Folder for the hidden states, a file `NAME.f32` for each kind of texts.
        #[arg(long)]
        states: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Encoder {
    /// The packed int8 encoder, on the instruction set of `DEMARCHE_ISA`.
    Packed,
    /// candle-transformers' `BertModel` in f32.
    Candle,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    if arguments.len() < 2 {
        eprintln!("peers: nothing to do here; `benches/peers/run` measures");
        return Ok(());
    }
    match Command::parse_from(arguments) {
        Command::Dump { model, corpus, output, sentences, articles } => {
            let texts = Texts::collect(&model, &corpus, sentences, articles)?;
            std::fs::write(output, serde_json::to_vec(&texts)?)?;
            let isas: Vec<_> = Isa::available().into_iter().map(Isa::name).collect();
            let config: serde_json::Value = serde_json::from_slice(&std::fs::read(model.join("config.json"))?)?;
            say(&serde_json::json!({ "isas": isas, "config": config }))
        }
        Command::Serve { model, texts, encoder, threads, batches, states } => {
            let texts: Texts = serde_json::from_slice(&std::fs::read(texts)?)?;
            match encoder {
                Encoder::Packed => serve(PackedInt8::load(&model, threads)?, &texts, &states),
                Encoder::Candle => serve(Candle::load(&model, batches)?, &texts, &states),
            }
        }
    }
}

fn serve(mut encoder: impl Encode, texts: &Texts, folder: &Path) -> Outcome<()> {
    let mut plans = serde_json::Map::new();
    for (name, sequences) in texts.all() {
        plans.insert(name.to_owned(), encoder.warm_up(name, sequences)?.into());
        let bytes: Vec<u8> = encoder.states(name, sequences)?.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.f32")), bytes)?;
    }
    say(&serde_json::json!({ "ready": plans, "isa": encoder.isa() }))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, sequences) = texts.named(line.trim()).ok_or_else(|| format!("no texts named {line:?}"))?;
        let seconds = encoder.round(name, sequences)?.as_secs_f64();
        say(&serde_json::json!({ "seconds": seconds }))?;
    }
    Ok(())
}

fn say(value: &serde_json::Value) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
