//! Checkpoints: everything a run needs to go on.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::optimizer::{AdamW, Moments};
use super::trainer::Settings;
use crate::encoder::{Storage, Weights, write, write_aside};

/// Where a run stands, `state.json` of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The run's settings.
    pub(super) settings: Settings,
    /// Epochs finished.
    pub(super) epoch: usize,
    /// Batches finished in the running epoch.
    pub(super) batch: usize,
    /// Updates made in all.
    pub(super) updates: usize,
    /// SHA-256 of the tensors that go with this state, so that a kill between the two files is noticed.
    pub(super) tensors: String,
}

const FIRST: &str = "adam.first.";
const SECOND: &str = "adam.second.";
const AVERAGE: &str = "average.";

pub(super) fn save(
    folder: &Path,
    mut state: State,
    vars: &BTreeMap<String, Var>,
    averages: &BTreeMap<String, Vec<f32>>,
    adam: &AdamW,
) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(|source| TrainError::Read { path: folder.to_owned(), source })?;
    let mut tensors = BTreeMap::new();
    for (name, var) in vars {
        tensors.insert(name.clone(), var.as_tensor().clone());
        let mut add = |prefix: &str, data: &[f32]| -> Result<(), TrainError> {
            if data.len() == var.elem_count() {
                let tensor = Tensor::from_slice(data, var.shape(), &Device::Cpu)?;
                tensors.insert(format!("{prefix}{name}"), tensor);
            }
            Ok(())
        };
        if let Some(m) = adam.moments.get(name) {
            add(FIRST, &m.first)?;
            add(SECOND, &m.second)?;
        }
        if let Some(average) = averages.get(name) {
            add(AVERAGE, average)?;
        }
    }
    let path = folder.join("checkpoint.safetensors");
    write(&path, &tensors, Storage::F32)?;
    state.tensors = crate::encoder::sha256(&path)?;
    let json = serde_json::to_vec_pretty(&state).unwrap_or_default();
    Ok(write_aside(&folder.join("state.json"), &json)?)
}

/// The state of a checkpoint and its tensors, put into `vars` and `adam`; `None` if there is no checkpoint.
pub(super) fn load(
    folder: &Path,
    settings: &Settings,
    vars: &BTreeMap<String, Var>,
    averages: &mut BTreeMap<String, Vec<f32>>,
    adam: &mut AdamW,
) -> Result<Option<State>, TrainError> {
    let path = folder.join("state.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TrainError::Read { path, source }),
    };
    let wrong = |message: String| TrainError::Checkpoint { path: path.clone(), message };
    let state: State = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    if state.settings != *settings {
        return Err(wrong("expected the settings of this run, got those of another: use another folder".into()));
    }
    let tensors = folder.join("checkpoint.safetensors");
    if crate::encoder::sha256(&tensors)? != state.tensors {
        return Err(wrong("checkpoint.safetensors is not the one this state was written with".into()));
    }
    let read = Weights::read(&tensors)?.into_tensors()?;
    let floats = |name: &str| -> Result<Vec<f32>, TrainError> {
        match read.get(name) {
            Some(t) => Ok(t.flatten_all()?.to_vec1::<f32>()?),
            None => Ok(Vec::new()),
        }
    };
    for (name, var) in vars {
        let tensor = read.get(name).ok_or_else(|| wrong(format!("expected {name} in the checkpoint")))?;
        var.set(tensor)?;
        let moments =
            Moments { first: floats(&format!("{FIRST}{name}"))?, second: floats(&format!("{SECOND}{name}"))? };
        adam.moments.insert(name.clone(), moments);
        let average = floats(&format!("{AVERAGE}{name}"))?;
        if !average.is_empty() {
            averages.insert(name.clone(), average);
        }
    }
    adam.updates = state.updates;
    Ok(Some(state))
}
