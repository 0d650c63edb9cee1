//! `demarche models`: which models there are.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use demarche::encoder::{self, ModelConfig};
use demarche::stance::Stance;
use demarche::statement::TAG_NAMES;

use super::Outcome;
use super::model::{DEFAULT, find, roots};

/// List, fetch and verify models.
#[derive(Args, Debug)]
pub(super) struct Models {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the models that are found without a path.
    List,
    /// Fetch a model from the Hugging Face hub into its cache and say where it lies.
    Fetch {
        /// Its id, org/name.
        id: String,
    },
    /// Check a model's files against the hashes that it states.
    Verify {
        /// A folder, a name below models/, or a hub id.
        #[arg(default_value = DEFAULT)]
        model: String,
    },
}

pub(super) fn run(command: &Models) -> anyhow::Result<Outcome> {
    match &command.command {
        Command::List => list(),
        Command::Fetch { id } => {
            let folder = find(id)?;
            writeln!(std::io::stdout(), "{}", folder.display())?;
            Ok(Outcome::Clean)
        }
        Command::Verify { model } => verify(&find(model)?),
    }
}

fn list() -> anyhow::Result<Outcome> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut out = std::io::stdout().lock();
    for root in roots() {
        let Ok(entries) = std::fs::read_dir(&root) else { continue };
        let mut folders: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
        folders.sort();
        for folder in folders {
            let folder = folder.canonicalize().unwrap_or(folder);
            if !seen.contains(&folder) && folder.join("demarche.json").is_file() {
                match config(&folder) {
                    Ok(config) => writeln!(out, "{}\t{}", config.id(), folder.display())?,
                    Err(error) => writeln!(out, "unusable\t{}\t{error}", folder.display())?,
                }
                seen.push(folder);
            }
        }
    }
    anyhow::ensure!(!seen.is_empty(), "expected models below models/, found none");
    Ok(Outcome::Clean)
}

fn config(folder: &Path) -> anyhow::Result<ModelConfig> {
    let stances = Stance::ALL.map(Stance::as_str);
    Ok(ModelConfig::read(&folder.join("demarche.json"), &TAG_NAMES, &stances)?)
}

fn verify(folder: &Path) -> anyhow::Result<Outcome> {
    let config = config(folder)?;
    anyhow::ensure!(!config.files.is_empty(), "{}: expected the hashes of the files, got none", folder.display());
    let mut outcome = Outcome::Clean;
    let mut out = std::io::stdout().lock();
    for (name, expected) in &config.files {
        let path = folder.join(name);
        let got = encoder::sha256(&path).with_context(|| format!("can't verify {}", path.display()))?;
        let sound = got == *expected;
        writeln!(out, "{}\t{}", if sound { "ok" } else { "DAMAGED" }, path.display())?;
        if !sound {
            outcome = Outcome::Failed;
        }
    }
    Ok(outcome)
}
