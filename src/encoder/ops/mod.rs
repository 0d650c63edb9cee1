//! Differentiable candle operations of the encoder: fused forward and backward passes over the kernels.
//!
//! candle-nn's own fused `layer_norm` and `softmax_last_dim` have no backward pass, so a model made of them can't be
//! trained. These have one; `tests/gradients.rs` checks each against candle's plain operations.

mod attention;
mod dropout;
mod linear;
mod pointwise;
mod pool;

pub use attention::{Attention, RelativeBias, attention};
pub use dropout::dropout;
pub use linear::linear;
pub use pointwise::{gelu, layer_norm};
pub use pool::span_mean;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

/// The elements of a contiguous f32 operand.
fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let data = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&data[start..end]),
        None => bail!("operand is not contiguous"),
    }
}

/// Runs `f` on the elements of an f32 tensor on the CPU, made contiguous first if needed.
pub(crate) fn with_slice<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => f(slice(cpu, layout)?),
        _ => bail!("expected a tensor on the CPU"),
    }
}
