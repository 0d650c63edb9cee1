//! What can be wrong with a model.

use std::path::PathBuf;

/// Why a model could not be loaded, saved or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of the model folder could not be read.
    #[error("{}: can't read the model file: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file of the model folder could not be written.
    #[error("{}: can't write the model file: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The folder is not there or is no folder.
    #[error("{}: expected a model folder with demarche.json, config.json, tokenizer.json and model.safetensors", path.display())]
    NoFolder {
        /// The path that was tried.
        path: PathBuf,
    },
    /// A configuration that does not fit.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Expected and found.
        message: String,
    },
    /// The weights are not those that the configuration asks for.
    #[error("{}: the weights do not fit the model: {}", path.display(), problems.join("; "))]
    Weights {
        /// The file.
        path: PathBuf,
        /// Every missing, unexpected or misshapen tensor.
        problems: Vec<String>,
    },
    /// The file's hash is not the one that `demarche.json` states.
    #[error("{}: expected SHA-256 {expected}, got {got}: the file is damaged or not of this model", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// As stated.
        expected: String,
        /// As found.
        got: String,
    },
    /// The tokenizer could not be loaded or refused a text.
    #[error("{}: {message}", path.display())]
    Tokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// Its message.
        message: String,
    },
    /// The hub could not give a file.
    #[error("{id}: expected {file} from the hub: {message}")]
    Hub {
        /// The model's id.
        id: String,
        /// The file that was asked for.
        file: String,
        /// What the hub or its client said.
        message: String,
    },
    /// A tensor operation failed.
    #[error("tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
