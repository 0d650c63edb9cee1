//! Matrix products behind a safe strided view: in f32 through the `gemm` crate, or in bfloat16 where a thread has asked for it and the
//! processor has AMX.

use std::cell::Cell;

use gemm::Parallelism;

thread_local! {
    static BRIEF: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with products of this thread in bfloat16 (f32 sums) if `brief` and the processor has the units for it; for training.
/// Results then differ from f32 by about one part in two hundred.
pub fn with_bf16<R>(brief: bool, f: impl FnOnce() -> R) -> R {
    let before = BRIEF.replace(brief && has_bf16());
    let result = f();
    BRIEF.set(before);
    result
}

/// Whether [`with_bf16`] makes a difference on this processor.
pub fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return super::amx_bf16::usable();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Multiplications below which rounding and packing cost more than they save.
#[cfg(target_arch = "x86_64")]
const WORTH: usize = 1 << 20;

/// A read-only matrix in a slice: `rows × cols` with a stride, in elements, for each.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major matrix whose rows start `row_stride` elements apart.
    ///
    /// # Panics
    /// If the last element lies outside `data`.
    pub fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(rows == 0 || cols == 0 || (rows - 1) * row_stride + cols <= data.len(), "matrix outside its slice");
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// Number of rows.
    pub(super) fn rows(self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub(super) fn cols(self) -> usize {
        self.cols
    }

    /// The elements, of which the first is the first of the matrix.
    pub(super) fn data(self) -> &'a [f32] {
        self.data
    }

    /// Elements from one row to the next.
    pub(super) fn row_stride(self) -> usize {
        self.row_stride
    }

    /// Elements from one column to the next.
    pub(super) fn col_stride(self) -> usize {
        self.col_stride
    }

    /// The transposed view of the same data.
    pub fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// `out = scale · a · b`, or `out += scale · a · b` if `accumulate`; `out` is row-major with rows `out_stride` apart.
///
/// Runs on the calling thread alone: the caller decides what runs side by side. In f32, unless [`with_bf16`] says otherwise.
///
/// # Panics
/// If the inner dimensions differ or `out` is too small.
pub fn matmul(out: &mut [f32], out_stride: usize, a: View<'_>, b: View<'_>, scale: f32, accumulate: bool) {
    #[cfg(target_arch = "x86_64")]
    if BRIEF.get() && a.rows * a.cols * b.cols >= WORTH {
        return super::amx_bf16::product(out, out_stride, a, b, scale, accumulate);
    }
    matmul_f32(out, out_stride, a, b, scale, accumulate);
}

/// [`matmul`] in f32.
#[allow(unsafe_code)]
pub(super) fn matmul_f32(out: &mut [f32], out_stride: usize, a: View<'_>, b: View<'_>, scale: f32, accumulate: bool) {
    assert_eq!(a.cols, b.rows, "inner dimensions");
    let (m, n, k) = (a.rows, b.cols, a.cols);
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= out_stride || m == 1, "rows of the output overlap");
    assert!((m - 1) * out_stride + n <= out.len(), "output too small");
    // SAFETY: `View::new` and the assertions above bound every element that `gemm` reads or writes inside its slice;
    // `out` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(a: &[Vec<f32>], b: &[Vec<f32>]) -> Vec<Vec<f32>> {
        a.iter().map(|row| (0..b[0].len()).map(|j| row.iter().zip(b).map(|(x, y)| x * y[j]).sum()).collect()).collect()
    }

    #[test]
    fn products_agree_with_the_slow_twin() {
        let (m, k, n) = (7, 5, 9);
        let a: Vec<Vec<f32>> = (0..m).map(|i| (0..k).map(|j| (i * k + j) as f32 * 0.1 - 1.0).collect()).collect();
        let b: Vec<Vec<f32>> = (0..k).map(|i| (0..n).map(|j| ((i * n + j) % 11) as f32 - 4.0).collect()).collect();
        let want = slow(&a, &b);
        let (fa, fb): (Vec<f32>, Vec<f32>) = (a.concat(), b.concat());
        let bt: Vec<f32> = (0..n).flat_map(|j| (0..k).map(|i| fb[i * n + j]).collect::<Vec<_>>()).collect();
        for b in [View::new(&fb, k, n, n), View::new(&bt, n, k, k).t()] {
            let mut out = vec![1.0; m * (n + 2)];
            matmul(&mut out, n + 2, View::new(&fa, m, k, k), b, 2.0, true);
            for (i, row) in want.iter().enumerate() {
                for (j, x) in row.iter().enumerate() {
                    assert!((out[i * (n + 2) + j] - (1.0 + 2.0 * x)).abs() < 1e-4);
                }
                assert_eq!(out[i * (n + 2) + n], 1.0, "the gap between rows is left alone");
            }
        }
    }
}
