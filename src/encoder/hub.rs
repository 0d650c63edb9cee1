//! Models of the Hugging Face hub.

use std::path::PathBuf;

use hf_hub::api::sync::ApiBuilder;

use super::ModelError;
use super::model::FILES;

/// Whether a string has the form of a hub id: `org/name`.
pub fn is_id(id: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    matches!(id.split('/').collect::<Vec<_>>()[..], [org, name] if part(org) && part(name))
}

/// The folder with the model's files, fetched unless they are in the cache already.
///
/// The cache and the hub's address are those of the hub's other clients: `HF_HOME` and `HF_ENDPOINT`.
///
/// # Errors
/// If the hub does not answer, or the model lacks a file of a demarche model.
pub fn fetch(id: &str) -> Result<PathBuf, ModelError> {
    let failed = |file: &str, message: String| ModelError::Hub { id: id.to_owned(), file: file.to_owned(), message };
    let api = ApiBuilder::from_env()
        .with_progress(false)
        .build()
        .map_err(|e| failed("", e.to_string()))?
        .model(id.to_owned());
    let mut folder = None;
    for name in std::iter::once("demarche.json").chain(FILES) {
        let path = api.get(name).map_err(|e| failed(name, e.to_string()))?;
        folder = path.parent().map(std::path::Path::to_owned);
    }
    folder.ok_or_else(|| failed("", "the cache has no folder".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_two_plain_parts() {
        for id in ["org/name", "sentence-transformers/all-MiniLM-L6-v2"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["name", "a/b/c", "/b", "a/", "../b", "a b/c", "a/.."] {
            assert!(!is_id(id), "{id}");
        }
    }
}
