//! Weights by name: reading and writing safetensors, with int8 storage for the large matrices.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, Var};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::ModelError;

/// Where a model takes its tensors from. Names are sorted, so that everything made of them is reproducible.
#[derive(Debug, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Stored>,
    used: std::cell::RefCell<std::collections::BTreeSet<String>>,
    problems: std::cell::RefCell<Vec<String>>,
    path: PathBuf,
}

/// A tensor as it was given or read.
#[derive(Clone, Debug)]
enum Stored {
    Float(Tensor),
    /// Int8 rows with a scale for each. Made f32 only when asked for as f32.
    Int8 {
        shape: [usize; 2],
        rows: Vec<i8>,
        scales: Vec<f32>,
    },
}

impl Stored {
    fn dims(&self) -> &[usize] {
        match self {
            Self::Float(tensor) => tensor.dims(),
            Self::Int8 { shape, .. } => shape,
        }
    }

    fn tensor(&self) -> candle_core::Result<Tensor> {
        match self {
            Self::Float(tensor) => Ok(tensor.clone()),
            Self::Int8 { shape, rows, scales } => {
                let rows = rows.chunks_exact(shape[1]).zip(scales);
                let data = rows.flat_map(|(row, s)| row.iter().map(move |q| f32::from(*q) * s)).collect();
                Tensor::from_vec(data, &shape[..], &Device::Cpu)
            }
        }
    }
}

/// An int8 matrix `[rows, cols]`, row-major, and the scale of each row.
#[derive(Clone, Debug)]
pub struct QuantisedRows<'a> {
    /// Values within ±127.
    pub rows: Cow<'a, [i8]>,
    /// `value · scale` is the weight.
    pub scales: Cow<'a, [f32]>,
}

/// The suffix of the scales that go with an int8 matrix.
const SCALE: &str = ".scale";

impl Weights {
    /// Weights that are already in memory, as of a training run.
    pub fn from_vars(vars: &BTreeMap<String, Var>, frozen: &BTreeMap<String, Tensor>) -> Self {
        let vars = vars.iter().map(|(name, var)| (name, var.as_tensor()));
        let tensors = vars.chain(frozen).map(|(name, tensor)| (name.clone(), Stored::Float(tensor.clone()))).collect();
        Self { tensors, ..Self::default() }
    }

    /// Reads a safetensors file of f32, f16, bf16 and int8 (with a `.scale` for each row).
    ///
    /// # Errors
    /// If the file can't be read, is not safetensors, or holds another type.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(path, &bytes)
    }

    /// As [`Weights::read`], from the file's bytes; `path` is for messages.
    ///
    /// # Errors
    /// As [`Weights::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let config = |message: String| ModelError::Config { path: path.to_owned(), message };
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| config(format!("expected a safetensors file, got something else ({e})")))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            if name.ends_with(SCALE) || view.dtype() == Dtype::I64 {
                continue;
            }
            let stored = match view.dtype() {
                Dtype::I8 => {
                    let scale = file
                        .tensor(&format!("{name}{SCALE}"))
                        .map_err(|_| config(format!("expected {name}{SCALE} beside the int8 matrix {name}")))?;
                    int8(&view, &scale).ok_or_else(|| config(format!("{name}: the scales do not fit")))?
                }
                _ => {
                    let data = floats(&view).ok_or_else(|| {
                        config(format!("{name}: expected F32, F16, BF16 or I8, got {:?}", view.dtype()))
                    })?;
                    Stored::Float(Tensor::from_vec(data, view.shape(), &Device::Cpu)?)
                }
            };
            tensors.insert(name, stored);
        }
        Ok(Self { tensors, path: path.to_owned(), ..Self::default() })
    }

    /// The tensor of this name and shape. What does not fit is remembered for [`Weights::finish`], and zeros given.
    ///
    /// # Errors
    /// If zeros can't be made.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        Ok(match self.find(name, shape) {
            Some(stored) => stored.tensor()?,
            None => Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu)?,
        })
    }

    /// The matrix of this name and shape as int8 rows: as stored, or else rounded by [`quantise_rows`]. What does not
    /// fit is remembered for [`Weights::finish`], and zeros given.
    ///
    /// # Errors
    /// If the tensor's data can't be read.
    pub fn quantised(&self, name: &str, shape: [usize; 2]) -> Result<QuantisedRows<'_>, ModelError> {
        Ok(match self.find(name, &shape) {
            Some(Stored::Int8 { rows, scales, .. }) => QuantisedRows { rows: rows.into(), scales: scales.into() },
            Some(Stored::Float(tensor)) => {
                let (rows, scales) = quantise_rows(&tensor.flatten_all()?.to_vec1::<f32>()?, shape[1]);
                QuantisedRows { rows: rows.into(), scales: scales.into() }
            }
            None => QuantisedRows { rows: vec![0; shape[0] * shape[1]].into(), scales: vec![0.0; shape[0]].into() },
        })
    }

    /// The tensor of this name if it has this shape; notes that it was asked for, and what does not fit.
    fn find(&self, name: &str, shape: &[usize]) -> Option<&Stored> {
        self.used.borrow_mut().insert(name.to_owned());
        match self.tensors.get(name) {
            Some(stored) if stored.dims() == shape => return Some(stored),
            Some(stored) => {
                self.problems.borrow_mut().push(format!("{name}: expected shape {shape:?}, got {:?}", stored.dims()));
            }
            None => self.problems.borrow_mut().push(format!("missing {name} {shape:?}")),
        }
        None
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes all tensors out as f32, for training.
    ///
    /// # Errors
    /// If a tensor can't be made.
    pub fn into_tensors(self) -> Result<BTreeMap<String, Tensor>, ModelError> {
        self.tensors.into_iter().map(|(name, stored)| Ok((name, stored.tensor()?))).collect()
    }

    /// Fails if a tensor was missing or misshapen, or one is there that nobody asked for.
    ///
    /// # Errors
    /// [`ModelError::Weights`] with every such name.
    pub fn finish(self) -> Result<(), ModelError> {
        let used = self.used.into_inner();
        let mut problems = self.problems.into_inner();
        problems.extend(self.tensors.keys().filter(|n| !used.contains(*n)).map(|n| format!("unexpected {n}")));
        if problems.is_empty() { Ok(()) } else { Err(ModelError::Weights { path: self.path, problems }) }
    }
}

fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F32 => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => data.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks::<2>().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        _ => return None,
    })
}

fn int8(view: &TensorView<'_>, scale: &TensorView<'_>) -> Option<Stored> {
    let [rows, cols] = *view.shape() else { return None };
    let scales = floats(scale)?;
    if scales.len() != rows || cols == 0 {
        return None;
    }
    let values = view.data().iter().map(|q| q.cast_signed()).collect();
    Some(Stored::Int8 { shape: [rows, cols], rows: values, scales })
}

/// Rounds a row-major matrix to int8, symmetric, with one scale for each row of `cols` elements.
pub fn quantise_rows(data: &[f32], cols: usize) -> (Vec<i8>, Vec<f32>) {
    let mut scales = Vec::with_capacity(data.len() / cols.max(1));
    let mut out = Vec::with_capacity(data.len());
    for row in data.chunks_exact(cols.max(1)) {
        let scale = row.iter().fold(0.0f32, |m, x| m.max(x.abs())) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        out.extend(row.iter().map(|x| (x * inverse).round().clamp(-127.0, 127.0) as i8));
        scales.push(scale);
    }
    (out, scales)
}

/// How matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// As they are: for checkpoints.
    F32,
    /// The encoder's matrices as int8 with a scale for each row; everything else as f32.
    Int8,
}

/// Writes tensors as one safetensors file, aside first and then renamed, so that no half-written file is ever found.
///
/// # Errors
/// If a tensor is not f32 or the file can't be written.
pub fn write(path: &Path, tensors: &BTreeMap<String, Tensor>, storage: Storage) -> Result<(), ModelError> {
    let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in tensors {
        let data = tensor.flatten_all()?.to_vec1::<f32>()?;
        let shape = tensor.dims().to_vec();
        let encoder = name.starts_with("encoder.") || name.starts_with("embeddings.");
        if storage == Storage::Int8 && encoder && shape.len() == 2 {
            let (quantised, scales) = quantise_rows(&data, shape[1]);
            parts.push((format!("{name}{SCALE}"), Dtype::F32, vec![shape[0]], le_bytes(&scales)));
            parts.push((name.clone(), Dtype::I8, shape, quantised.iter().map(|q| q.cast_unsigned()).collect()));
        } else {
            parts.push((name.clone(), Dtype::F32, shape, le_bytes(&data)));
        }
    }
    let failed = |message: String| ModelError::Config { path: path.to_owned(), message };
    let views: Vec<(String, TensorView<'_>)> = parts
        .iter()
        .map(|(name, dtype, shape, data)| Ok((name.clone(), TensorView::new(*dtype, shape.clone(), data)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()
        .map_err(|e| failed(e.to_string()))?;
    let bytes = safetensors::serialize(views, None).map_err(|e| failed(e.to_string()))?;
    write_aside(path, &bytes)
}

/// Writes a file under a temporary name beside its place and renames it.
///
/// # Errors
/// If it can't be written.
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let failed = |source| ModelError::Write { path: path.to_owned(), source };
    let aside = path.with_extension("tmp");
    std::fs::write(&aside, bytes).map_err(failed)?;
    std::fs::rename(&aside, path).map_err(failed)
}

fn le_bytes(data: &[f32]) -> Vec<u8> {
    data.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> BTreeMap<String, Tensor> {
        let matrix = Tensor::from_vec(vec![1.0f32, -0.5, 0.25, 0.0, 0.0, 0.0], (2, 3), &Device::Cpu).unwrap();
        let bias = Tensor::from_vec(vec![0.1f32, 0.2], 2, &Device::Cpu).unwrap();
        [("encoder.w".to_owned(), matrix), ("head.b".to_owned(), bias)].into()
    }

    #[test]
    fn storage_round_trips() {
        let dir = tempfile::tempdir().unwrap();
        for (storage, bound) in [(Storage::F32, 0.0), (Storage::Int8, 1.0 / 254.0)] {
            let path = dir.path().join("m.safetensors");
            write(&path, &tensors(), storage).unwrap();
            let read = Weights::read(&path).unwrap().into_tensors().unwrap();
            for (name, want) in tensors() {
                let (a, b) = (want.flatten_all().unwrap(), read[&name].flatten_all().unwrap());
                for (x, y) in a.to_vec1::<f32>().unwrap().iter().zip(b.to_vec1::<f32>().unwrap()) {
                    assert!((x - y).abs() <= bound, "{name}: {x} {y}");
                }
            }
        }
    }

    #[test]
    fn every_missing_misshapen_and_unexpected_tensor_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.safetensors");
        write(&path, &tensors(), Storage::F32).unwrap();
        let weights = Weights::read(&path).unwrap();
        weights.get("encoder.w", &[3, 2]).unwrap();
        weights.get("encoder.v", &[4]).unwrap();
        let message = weights.finish().unwrap_err().to_string();
        for part in
            ["m.safetensors", "encoder.w: expected shape [3, 2], got [2, 3]", "missing encoder.v", "unexpected head.b"]
        {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let error = Weights::from_bytes(Path::new("x/model.safetensors"), b"PK\x03\x04 not weights").unwrap_err();
        assert!(error.to_string().contains("x/model.safetensors: expected a safetensors file"), "{error}");
    }
}
