//! Products of u8 activations with int8 weights in i32: the layout, and the dispatch over instruction sets.
//!
//! A weight matrix `[outer, inner]` is cut into panels of 16 outputs. A panel lists, for every four consecutive
//! inputs, the 16 × 4 weights that meet them: one line of 64 bytes, one AVX-512 register, one row of an AMX tile. The
//! activations of a row are bytes in order, so that the four that meet a line are one 32-bit broadcast.
//!
//! Activations are signed values plus 128, since the dot-product instructions multiply unsigned by signed. Every sum
//! starts at -128 · Σ weights, so it ends at the signed product exactly. No step saturates: |sum| < 2³¹ for up to
//! 65,536 inputs. Integer sums have one value, so all kernels and any order give the same bits.

use std::ops::Range;

use super::isa::{Isa, Level};

/// Outputs of a panel.
pub const PANEL: usize = 16;
/// Bytes of a line; activation rows are padded to a multiple of it.
pub(super) const LINE: usize = 64;
/// [`product`] may read and write up to a multiple of this many rows.
pub const ROW_PAD: usize = 32;

/// Bytes on a cache line of their own: a load never crosses two.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// A buffer of whole, aligned lines.
#[derive(Clone, Debug, Default)]
struct Lines(Vec<Line>);

#[allow(unsafe_code)]
impl Lines {
    fn bytes(&self) -> &[u8] {
        // SAFETY: a `Line` is 64 bytes without padding (`repr(C)`, size = alignment = 64), and any byte is a valid u8.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * LINE) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * LINE) }
    }
}

/// `n` rounded up to a multiple of `to`.
pub fn padded(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

/// An int8 weight matrix with a scale and a bias for each output, laid out in panels.
#[derive(Clone, Debug)]
pub struct Int8Matrix {
    panels: Lines,
    stride: usize,
    /// Scale of each output, padded to whole panels with 0.
    pub scales: Vec<f32>,
    /// Bias of each output, padded to whole panels with 0.
    pub bias: Vec<f32>,
    offsets: Vec<i32>,
}

impl Int8Matrix {
    /// Lays out a row-major matrix `[outer, inner]`, `outer` being the number of scales.
    ///
    /// # Panics
    /// If the lengths do not fit each other, or there are more than 65,536 inputs.
    pub fn new(weights: &[i8], inner: usize, scales: &[f32], bias: &[f32]) -> Self {
        let outer = scales.len();
        assert!(weights.len() == outer * inner && bias.len() == outer && inner <= 1 << 16, "misshapen int8 matrix");
        let (stride, width) = (padded(inner, LINE), padded(outer, PANEL));
        let mut panels = Lines(vec![Line([0; LINE]); width / PANEL * (stride / 4)]);
        let mut offsets = vec![0i32; width];
        for (panel, lines) in panels.0.chunks_exact_mut((stride / 4).max(1)).enumerate() {
            let columns = panel * PANEL..outer.min((panel + 1) * PANEL);
            for (at, column) in columns.enumerate() {
                let row = &weights[column * inner..][..inner];
                let (fours, rest) = row.as_chunks::<4>();
                for (line, four) in lines.iter_mut().zip(fours) {
                    line.0[at * 4..][..4].copy_from_slice(&four.map(i8::cast_unsigned));
                }
                for (i, w) in rest.iter().enumerate() {
                    lines[fours.len()].0[at * 4 + i] = w.cast_unsigned();
                }
                offsets[column] = -128 * row.iter().map(|w| i32::from(*w)).sum::<i32>();
            }
        }
        let pad = |x: &[f32]| x.iter().copied().chain(std::iter::repeat(0.0)).take(width).collect();
        Self { panels, stride, scales: pad(scales), bias: pad(bias), offsets }
    }

    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.offsets.len() / PANEL
    }

    /// Bytes from one activation row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }
}

/// Activations: rows of bytes and a scale for each.
#[derive(Clone, Debug, Default)]
pub struct Int8Rows {
    lines: Lines,
    stride: usize,
    /// Scale of each row.
    pub scales: Vec<f32>,
}

impl Int8Rows {
    /// Makes room for `rows` rows of `inner` values. What was there is undefined afterwards.
    pub fn resize(&mut self, rows: usize, inner: usize) {
        self.stride = padded(inner, LINE);
        let rows = padded(rows, ROW_PAD);
        let lines = rows * (self.stride / LINE);
        if self.lines.0.len() < lines {
            self.lines.0.resize(lines, Line([128; LINE]));
        }
        if self.scales.len() < rows {
            self.scales.resize(rows, 0.0);
        }
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The bytes from `row` on.
    pub fn bytes_from(&self, row: usize) -> &[u8] {
        &self.lines.bytes()[row * self.stride..]
    }

    /// The bytes and the scales.
    pub fn parts_mut(&mut self) -> (&mut [u8], &mut [f32]) {
        (self.lines.bytes_mut(), &mut self.scales)
    }
}

/// Checked arguments of a product, for the kernels.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// At least `padded(rows, ROW_PAD)` rows of `stride` bytes.
    pub(super) a: &'a [u8],
    pub(super) stride: usize,
    pub(super) rows: usize,
    /// Lines of the panels to multiply with, `stride / 4` each.
    pub(super) panels: &'a [u8],
    /// 16 for each panel.
    pub(super) offsets: &'a [i32],
}

impl Task<'_> {
    /// Bytes of a panel.
    pub(super) fn panel_bytes(&self) -> usize {
        self.stride * PANEL
    }
}

/// `out[r, c] = Σ (a[r, k] - 128) · w[c, k]` for `rows` rows and the columns of some panels, `out` being row-major with
/// `16 · panels.len()` columns.
///
/// Blocking: three panels of 384 inputs are 18 KiB, so they stay in a 32 or 48 KiB level-1 cache while all rows pass
/// by, and the rows (3 KiB for eight) stream from level 2 at less than three bytes a cycle. The caller keeps `rows`
/// near 64, so that `out` too is still near when the epilogue reads it.
///
/// # Panics
/// If `a` or `out` has room for fewer than `rows` rounded up to [`ROW_PAD`], or a panel is not there.
pub fn product(isa: Isa, a: &[u8], rows: usize, w: &Int8Matrix, panels: Range<usize>, out: &mut [i32]) {
    let room = padded(rows, ROW_PAD);
    assert!(a.len() >= room * w.stride, "too few activations");
    assert!(out.len() >= room * panels.len() * PANEL, "output too small");
    let task = Task {
        a,
        stride: w.stride,
        rows,
        panels: &w.panels.bytes()[panels.start * PANEL * w.stride..panels.end * PANEL * w.stride],
        offsets: &w.offsets[panels.start * PANEL..panels.end * PANEL],
    };
    match isa.level() {
        Level::Portable => portable(task, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => super::int8_x86::avx2(isa, task, out),
        #[cfg(target_arch = "x86_64")]
        Level::AvxVnni => super::int8_x86::avxvnni(isa, task, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => super::int8_x86::avx512(isa, task, 0, out),
        #[cfg(target_arch = "x86_64")]
        Level::Amx => super::amx::product(isa, task, out),
    }
}

/// The kernel in plain Rust, over the same layout, in a form that compilers make vectors of: a product of a byte and an
/// int8 fits an int16, and each of a line's 64 places has a sum of its own until the end.
fn portable(t: Task<'_>, out: &mut [i32]) {
    let width = t.offsets.len();
    let panels = t.panels.chunks_exact(t.panel_bytes().max(1)).zip(t.offsets.as_chunks::<PANEL>().0);
    for (panel, (lines, offsets)) in panels.enumerate() {
        for row in 0..t.rows {
            let mut sums = [0i32; LINE];
            let a = t.a[row * t.stride..][..t.stride].as_chunks::<4>().0;
            for (line, a) in lines.as_chunks::<LINE>().0.iter().zip(a) {
                let a: [i16; 8] = std::array::from_fn(|i| i16::from(a[i % 4]));
                for (sums, w) in sums.as_chunks_mut::<8>().0.iter_mut().zip(line.as_chunks::<8>().0) {
                    for i in 0..8 {
                        sums[i] += i32::from(a[i] * i16::from(w[i].cast_signed()));
                    }
                }
            }
            let out = &mut out[row * width + panel * PANEL..][..PANEL];
            for ((out, offset), four) in out.iter_mut().zip(offsets).zip(sums.as_chunks::<4>().0) {
                *out = offset + four.iter().sum::<i32>();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn every_kernel_agrees_with_the_slow_twin(
            rows in 1usize..70, inner in 1usize..200, outer in 1usize..140,
            seed in any::<u64>(), extreme in any::<bool>(),
        ) {
            let mut state = seed | 1;
            let mut next = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let x = (state >> 33) as i32;
                // The extremes are where an instruction that saturates would show.
                (if extreme { 127 - 254 * (x & 1) } else { x % 128 }) as i8
            };
            let w: Vec<i8> = (0..outer * inner).map(|_| next()).collect();
            let a: Vec<i8> = (0..rows * inner).map(|_| next()).collect();
            let matrix = Int8Matrix::new(&w, inner, &vec![1.0; outer], &vec![0.0; outer]);
            let mut lines = Int8Rows::default();
            lines.resize(rows, inner);
            let stride = lines.stride();
            for (to, from) in lines.parts_mut().0.chunks_mut(stride).zip(a.chunks(inner)) {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = (i32::from(*from) + 128) as u8;
                }
            }
            let first = matrix.panels() / 3;
            let panels = first..matrix.panels();
            let width = panels.len() * PANEL;
            for isa in Isa::available() {
                let mut out = vec![7; padded(rows, ROW_PAD) * width];
                product(isa, lines.bytes_from(0), rows, &matrix, panels.clone(), &mut out);
                for r in 0..rows {
                    for c in 0..width {
                        let column = first * PANEL + c;
                        let want: i32 = if column < outer {
                            (0..inner).map(|k| i32::from(a[r * inner + k]) * i32::from(w[column * inner + k])).sum()
                        } else {
                            0
                        };
                        prop_assert_eq!(out[r * width + c], want, "{} at {}, {}", isa.name(), r, c);
                    }
                }
            }
        }
    }
}
