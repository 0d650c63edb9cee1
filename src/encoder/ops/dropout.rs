//! Dropout with a mask that depends on a seed alone.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};

use super::{slice, with_slice};

struct Dropout {
    p: f32,
    seed: u64,
}

/// Sets each element to zero with probability `p` and scales the others by `1 / (1 - p)`.
///
/// The same seed gives the same mask, whatever runs beside it: candle-nn's dropout draws from a thread's generator,
/// and so can't be repeated.
///
/// # Errors
/// If the operand is not f32 on the CPU.
pub fn dropout(x: &Tensor, p: f32, seed: u64) -> Result<Tensor> {
    if p <= 0.0 { Ok(x.clone()) } else { x.contiguous()?.apply_op1(Dropout { p, seed }) }
}

/// One step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) as a hash of the position.
fn hash(seed: u64, i: u64) -> u64 {
    let mut z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dropout {
    fn apply(&self, x: &[f32]) -> Vec<f32> {
        // Four 16-bit lots from each hash: the mask costs less than the pass over the memory.
        let bar = (self.p * 65_536.0) as u64;
        let scale = 1.0 / (1.0 - self.p);
        let mut out = Vec::with_capacity(x.len());
        for (i, four) in x.chunks(4).enumerate() {
            let lots = hash(self.seed, i as u64);
            out.extend(
                four.iter().enumerate().map(|(j, x)| if (lots >> (16 * j)) & 0xFFFF < bar { 0.0 } else { x * scale }),
            );
        }
        out
    }
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.apply(slice(x, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let dx = with_slice(grad, |g| Ok(self.apply(g)))?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), &Device::Cpu)?))
    }
}
