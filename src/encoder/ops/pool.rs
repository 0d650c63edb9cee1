//! Means over spans of rows.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};

use super::{slice, with_slice};

struct SpanMean {
    spans: Vec<Vec<Range<usize>>>,
}

/// The mean of the rows of x `[tokens, width]` under each span; a span may have several pieces, and one without rows
/// gives zeros. The result is `[spans, width]`.
///
/// # Errors
/// If a piece lies outside `x`, or `x` is not f32 on the CPU.
pub fn span_mean(x: &Tensor, spans: Vec<Vec<Range<usize>>>) -> Result<Tensor> {
    let tokens = x.dim(0)?;
    if let Some(piece) = spans.iter().flatten().find(|p| p.end > tokens) {
        candle_core::bail!("span-mean: {piece:?} lies outside {tokens} tokens");
    }
    x.contiguous()?.apply_op1(SpanMean { spans })
}

fn rows(span: &[Range<usize>]) -> impl Iterator<Item = usize> + '_ {
    span.iter().cloned().flatten()
}

fn weight(span: &[Range<usize>]) -> f32 {
    1.0 / (span.iter().map(ExactSizeIterator::len).sum::<usize>().max(1) as f32)
}

impl CustomOp1 for SpanMean {
    fn name(&self) -> &'static str {
        "span-mean"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let x = slice(x, layout)?;
        let mut out = vec![0.0; self.spans.len() * width];
        for (span, out) in self.spans.iter().zip(out.chunks_exact_mut(width)) {
            let scale = weight(span);
            for row in rows(span) {
                for (o, x) in out.iter_mut().zip(&x[row * width..(row + 1) * width]) {
                    *o += x * scale;
                }
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((self.spans.len(), width))))
    }

    fn bwd(&self, x: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (tokens, width) = x.dims2()?;
        let dx = with_slice(grad, |g| {
            let mut dx = vec![0.0; tokens * width];
            for (span, g) in self.spans.iter().zip(g.chunks_exact(width)) {
                let scale = weight(span);
                for row in rows(span) {
                    for (d, g) in dx[row * width..(row + 1) * width].iter_mut().zip(g) {
                        *d += g * scale;
                    }
                }
            }
            Ok(dx)
        })?;
        Ok(Some(Tensor::from_vec(dx, (tokens, width), &Device::Cpu)?))
    }
}
