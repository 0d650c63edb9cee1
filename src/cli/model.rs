//! Which model a command uses.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use demarche::encoder::{EncoderPath, hub};
use demarche::pipeline::Analyzer;

/// The folder of the model that ships with the program, below `models/`.
pub(super) const DEFAULT: &str = "demarche-en-l6";

/// The model to use.
#[derive(Args, Debug)]
pub(super) struct ModelChoice {
    /// Model: a folder, a name below models/, or the id of a model on the Hugging Face hub (org/name, fetched once).
    #[arg(long, value_name = "FOLDER|ID", env = "DEMARCHE_MODEL", default_value = DEFAULT)]
    model: String,
    /// How the encoder computes: int8 and packed, or the f32 reference.
    #[arg(long, value_enum, default_value_t = Computation::Packed)]
    encoder: Computation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Computation {
    /// Packed sequences, int8 products.
    Packed,
    /// f32 products in candle.
    Reference,
}

impl ModelChoice {
    /// Finds the folder and loads the model.
    pub(super) fn load(&self) -> anyhow::Result<Analyzer> {
        let folder = find(&self.model)?;
        let path = match self.encoder {
            Computation::Packed => EncoderPath::Packed,
            Computation::Reference => EncoderPath::Reference,
        };
        Ok(Analyzer::load_with(&folder, path)?)
    }
}

/// Where `models/` may stand: beside the program, above it as in a checkout, in the working folder, and where the
/// program was built.
pub(super) fn roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        let program = program.canonicalize().unwrap_or(program);
        roots.extend(program.ancestors().skip(1).take(4).map(|folder| folder.join("models")));
        roots.extend(program.ancestors().nth(2).map(|prefix| prefix.join("share/demarche/models")));
    }
    roots.push(PathBuf::from("models"));
    roots.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    roots
}

/// The folder of a model.
pub(super) fn find(model: &str) -> anyhow::Result<PathBuf> {
    let given = Path::new(model);
    if given.is_dir() {
        return Ok(given.to_owned());
    }
    let plain = !model.contains(['/', '\\']);
    if plain {
        let roots = roots();
        if let Some(found) = roots.iter().map(|root| root.join(model)).find(|path| path.is_dir()) {
            return Ok(found);
        }
        let tried: Vec<_> = roots.iter().map(|root| root.join(model).display().to_string()).collect();
        anyhow::bail!("expected a folder of the model {model:?}, found none at {}", tried.join(", "));
    }
    anyhow::ensure!(
        hub::is_id(model),
        "expected a model folder or a hub id (org/name), got {model:?}, which is neither"
    );
    hub::fetch(model).with_context(|| format!("can't get the model {model} from the hub"))
}
