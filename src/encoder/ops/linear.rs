//! `x · wᵀ + b`.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::{slice, with_slice};
use crate::encoder::kernels::{View, add_bias, matmul, sum_rows};

struct Linear;

/// `x · wᵀ + b` for x `[rows, in]`, w `[out, in]`, b `[out]`; the result is `[rows, out]`.
///
/// # Errors
/// If the shapes do not fit or an operand is not f32 on the CPU.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, Linear)
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (rows, inner) = x_layout.shape().dims2()?;
        let (outer, w_inner) = w_layout.shape().dims2()?;
        if inner != w_inner || b_layout.shape().dims1()? != outer {
            candle_core::bail!("linear: {:?} by {:?} + {:?}", x_layout.shape(), w_layout.shape(), b_layout.shape());
        }
        let mut out = vec![0.0; rows * outer];
        let x = View::new(slice(x, x_layout)?, rows, inner, inner);
        let w = View::new(slice(w, w_layout)?, outer, inner, inner);
        matmul(&mut out, outer, x, w.t(), 1.0, false);
        add_bias(&mut out, slice(b, b_layout)?);
        Ok((CpuStorage::F32(out), Shape::from((rows, outer))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _b: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, inner) = x.dims2()?;
        let outer = w.dim(0)?;
        with_slice(grad, |g| {
            let g_view = View::new(g, rows, outer, outer);
            let dx = with_slice(w, |w| {
                let mut dx = vec![0.0; rows * inner];
                matmul(&mut dx, inner, g_view, View::new(w, outer, inner, inner), 1.0, false);
                Tensor::from_vec(dx, (rows, inner), &Device::Cpu)
            })?;
            let dw = with_slice(x, |x| {
                let mut dw = vec![0.0; outer * inner];
                matmul(&mut dw, inner, g_view.t(), View::new(x, rows, inner, inner), 1.0, false);
                Tensor::from_vec(dw, (outer, inner), &Device::Cpu)
            })?;
            let mut db = vec![0.0; outer];
            sum_rows(g, &mut db);
            Ok((Some(dx), Some(dw), Some(Tensor::from_vec(db, outer, &Device::Cpu)?)))
        })
    }
}
