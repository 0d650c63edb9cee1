//! LayerNorm and GELU.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::{slice, with_slice};
use crate::encoder::kernels;

struct LayerNorm {
    eps: f32,
}

/// LayerNorm over the last dimension: x `[rows, width]`, weight and bias `[width]`.
///
/// # Errors
/// If the shapes do not fit or an operand is not f32 on the CPU.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps: eps as f32 })
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = x_layout.shape().dims2()?;
        if w_layout.shape().dims1()? != width || b_layout.shape().dims1()? != width {
            candle_core::bail!("layer-norm: {:?} with {:?}", x_layout.shape(), w_layout.shape());
        }
        let mut out = vec![0.0; rows * width];
        kernels::layer_norm(slice(x, x_layout)?, slice(w, w_layout)?, slice(b, b_layout)?, self.eps, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((rows, width))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _b: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, width) = x.dims2()?;
        let (mut dx, mut dw, mut db) = (vec![0.0; rows * width], vec![0.0; width], vec![0.0; width]);
        with_slice(x, |x| {
            with_slice(w, |w| {
                with_slice(grad, |g| {
                    kernels::layer_norm_backward(x, w, g, self.eps, &mut dx, &mut dw, &mut db);
                    Ok(())
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(dx, (rows, width), &Device::Cpu)?),
            Some(Tensor::from_vec(dw, width, &Device::Cpu)?),
            Some(Tensor::from_vec(db, width, &Device::Cpu)?),
        ))
    }
}

struct Gelu;

/// GELU in its erf form, elementwise.
///
/// # Errors
/// If the operand is not f32 on the CPU.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Gelu)
}

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut out = vec![0.0; x.len()];
        kernels::gelu(x, &mut out);
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let dx = with_slice(x, |x| {
            with_slice(grad, |g| {
                let mut dx = vec![0.0; x.len()];
                kernels::gelu_backward(x, g, &mut dx);
                Ok(dx)
            })
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), &Device::Cpu)?))
    }
}
