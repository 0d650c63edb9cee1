//! A matrix product on AMX tiles with operands rounded to bfloat16 and sums in f32: for training, where that precision is
//! enough and the product takes most of the time.
//!
//! The tiles are used as in [`super::amx`]: 32 rows by two panels of 16 columns at a time.

use std::arch::asm;
use std::cell::RefCell;
use std::sync::OnceLock;

use super::amx::{self, WHOLE_TILES};
use super::gemm::View;

/// Rows and columns of a block of sums.
const BLOCK: usize = 32;
/// Columns of a panel.
const PANEL: usize = 16;
/// Inner elements of one tile product.
const STEP: usize = 32;
/// Rows that are worked on together, so that they stay in the second cache beside two panels.
const ROWS: usize = 512;

/// Whether the processor has AMX bfloat16 and the system lets this process use it.
pub(super) fn usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| {
        let bf16 = 1 << 22;
        std::arch::x86_64::__cpuid_count(7, 0).edx & bf16 != 0
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && amx::usable()
    })
}

/// Packed operands and sums, kept by each thread.
#[derive(Default)]
struct Scratch {
    a: Vec<u16>,
    b: Vec<u16>,
    sums: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// As [`super::matmul`], whose slow twin it is in the tests; each operand is rounded to bfloat16 first, to nearest even.
///
/// # Panics
/// If AMX bfloat16 is not [`usable`], the inner dimensions differ or `out` is too small.
#[allow(unsafe_code)]
pub(super) fn product(out: &mut [f32], out_stride: usize, a: View<'_>, b: View<'_>, scale: f32, accumulate: bool) {
    assert!(usable(), "AMX bfloat16");
    let (m, n, k) = (a.rows(), b.cols(), a.cols());
    assert_eq!(k, b.rows(), "inner dimensions");
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= out_stride || m == 1, "rows of the output overlap");
    assert!((m - 1) * out_stride + n <= out.len(), "output too small");
    let (padded_m, padded_n, padded_k) =
        (m.next_multiple_of(BLOCK), n.next_multiple_of(BLOCK), k.next_multiple_of(STEP).max(STEP));
    SCRATCH.with_borrow_mut(|s| {
        resize(&mut s.a, padded_m * padded_k);
        resize(&mut s.b, padded_n * padded_k);
        if s.sums.len() < ROWS * BLOCK {
            s.sums.resize(ROWS * BLOCK, 0.0);
        }
        // SAFETY: `usable` has found the features that the functions are compiled for.
        unsafe {
            pack_rows(a, padded_k, &mut s.a);
            pack_panels(b, padded_k, &mut s.b);
        }
        for from in (0..padded_m).step_by(ROWS) {
            let rows = ROWS.min(padded_m - from);
            for column in (0..padded_n).step_by(BLOCK) {
                let (left, right) =
                    (&s.a[from * padded_k..(from + rows) * padded_k], &s.b[column * padded_k..][..BLOCK * padded_k]);
                assert!(rows.is_multiple_of(BLOCK) && rows * BLOCK <= s.sums.len());
                // SAFETY: `left` holds `rows` rows of `padded_k` elements, `right` two panels, `sums` `rows` rows of 32 sums, as sliced
                // and asserted; AMX bfloat16 is usable.
                unsafe {
                    strip(&Strip {
                        a: left.as_ptr().cast(),
                        stride: padded_k * 2,
                        panel: right.as_ptr().cast(),
                        panel_bytes: PANEL * padded_k * 2,
                        out: s.sums.as_mut_ptr(),
                        tiles: rows / BLOCK,
                        steps: padded_k / STEP,
                    });
                }
                let width = BLOCK.min(n - column);
                for (i, sums) in s.sums.chunks_exact(BLOCK).take(rows.min(m - from.min(m))).enumerate() {
                    let out = &mut out[(from + i) * out_stride + column..][..width];
                    if accumulate {
                        out.iter_mut().zip(sums).for_each(|(o, x)| *o += scale * x);
                    } else {
                        out.iter_mut().zip(sums).for_each(|(o, x)| *o = scale * x);
                    }
                }
            }
        }
    });
}

fn resize(buffer: &mut Vec<u16>, len: usize) {
    buffer.clear();
    buffer.resize(len, 0);
}

/// The nearest bfloat16, ties to even. Not for NaN, which no training step survives anyway.
fn round(x: f32) -> u16 {
    let bits = x.to_bits();
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// Rows of `padded` elements each.
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_rows(a: View<'_>, padded: usize, out: &mut [u16]) {
    let (rows, cols) = (a.rows(), a.cols());
    if a.col_stride() == 1 {
        for (i, out) in out.chunks_exact_mut(padded).take(rows).enumerate() {
            let row = &a.data()[i * a.row_stride()..][..cols];
            out.iter_mut().zip(row).for_each(|(o, x)| *o = round(*x));
        }
        return;
    }
    // Columns lie side by side: a block of rows at a time, so that their lines stay in the first cache.
    for first in (0..rows).step_by(BLOCK) {
        let n = BLOCK.min(rows - first);
        for j in 0..cols {
            let column =
                a.data()[j * a.col_stride() + first * a.row_stride()..].iter().step_by(a.row_stride().max(1)).take(n);
            for (i, x) in column.enumerate() {
                out[(first + i) * padded + j] = round(*x);
            }
        }
    }
}

/// Panels of 16 columns: for each pair of inner elements sixteen pairs, as `tdpbf16ps` takes them.
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_panels(b: View<'_>, padded: usize, out: &mut [u16]) {
    let (inner, cols) = (b.rows(), b.cols());
    for (p, panel) in out.chunks_exact_mut(PANEL * padded).enumerate().take(cols.div_ceil(PANEL)) {
        let first = p * PANEL;
        let n = PANEL.min(cols - first);
        if b.row_stride() == 1 {
            for c in 0..n {
                let column = &b.data()[(first + c) * b.col_stride()..][..inner];
                for (pair, x) in panel.chunks_exact_mut(2 * PANEL).zip(column.chunks(2)) {
                    pair[2 * c] = round(x[0]);
                    if let Some(x) = x.get(1) {
                        pair[2 * c + 1] = round(*x);
                    }
                }
            }
        } else {
            for (i, pair) in panel.chunks_exact_mut(2 * PANEL).enumerate().take(inner.div_ceil(2)) {
                for half in 0..2.min(inner - 2 * i) {
                    let row = b.data()[(2 * i + half) * b.row_stride() + first * b.col_stride()..].iter();
                    for (c, x) in row.step_by(b.col_stride().max(1)).take(n).enumerate() {
                        pair[2 * c + half] = round(*x);
                    }
                }
            }
        }
    }
}

/// What the assembly reads by offset; in this order, eight bytes each.
#[repr(C)]
struct Strip {
    /// First row.
    a: *const u8,
    /// Bytes from one row to the next.
    stride: usize,
    /// First of two neighbouring panels.
    panel: *const u8,
    panel_bytes: usize,
    /// First sum; 32 to a row.
    out: *mut f32,
    /// Times 32 rows; at least 1.
    tiles: usize,
    /// Tile products along the inner dimension; at least 1.
    steps: usize,
}

/// # Safety
/// The pointers of `s` must be good for what its fields say, and the AMX bfloat16 instructions usable.
#[allow(unsafe_code)]
#[inline]
unsafe fn strip(s: &Strip) {
    // SAFETY: the caller's promise. Reads rows, panels, the configuration and `s`; writes `tiles · 32` rows of 32 sums. Tiles 0 to 3 are
    // sums (rows 0-15 and 16-31 by both panels), 4 and 5 rows, 6 and 7 panels.
    unsafe {
        asm!(
            "ldtilecfg [{config}]",
            "mov {stride}, [{s} + 8]",
            "mov {a}, [{s}]",
            "mov {out}, [{s} + 32]",
            "mov {tiles}, [{s} + 40]",
            "2:",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "mov {a1}, {stride}",
            "shl {a1}, 4",
            "add {a1}, {a}",
            "mov {b0}, [{s} + 16]",
            "mov {b1}, {b0}",
            "add {b1}, [{s} + 24]",
            "mov {line:e}, 64",
            "mov {k}, [{s} + 48]",
            "3:",
            "tileloadd tmm6, [{b0} + {line}*1]",
            "tileloadd tmm4, [{a} + {stride}*1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b1} + {line}*1]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a1} + {stride}*1]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "dec {k}",
            "jnz 3b",
            "mov {k:e}, 128",
            "tilestored [{out} + {k}*1], tmm0",
            "tilestored [{out} + {k}*1 + 64], tmm1",
            "add {out}, 2048",
            "tilestored [{out} + {k}*1], tmm2",
            "tilestored [{out} + {k}*1 + 64], tmm3",
            "add {out}, 2048",
            // The second pointer has gone 16 rows and one row's length: 15 rows more make 32.
            "mov {a}, {stride}",
            "shl {a}, 4",
            "sub {a}, {stride}",
            "add {a}, {a1}",
            "dec {tiles}",
            "jnz 2b",
            "tilerelease",
            config = in(reg) &WHOLE_TILES,
            s = in(reg) s,
            stride = out(reg) _,
            a = out(reg) _,
            a1 = out(reg) _,
            b0 = out(reg) _,
            b1 = out(reg) _,
            k = out(reg) _,
            line = out(reg) _,
            out = out(reg) _,
            tiles = out(reg) _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    #[test]
    fn products_agree_with_the_slow_twin() {
        if !usable() {
            return;
        }
        let mut rng = StdRng::seed_from_u64(1);
        for (m, k, n) in [(1, 1, 1), (7, 5, 9), (32, 32, 32), (33, 65, 47), (70, 384, 100), (530, 96, 33)] {
            let mut matrix = |len: usize| -> Vec<f32> {
                (0..len).map(|_| f32::from_bits(u32::from(round(rng.random_range(-1.0..1.0))) << 16)).collect()
            };
            let (a, b, start) = (matrix(m * k), matrix(k * n), matrix(m * (n + 3)));
            let turned = |x: &[f32], rows: usize, cols: usize| -> Vec<f32> {
                (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect()
            };
            let (at, bt) = (turned(&a, m, k), turned(&b, k, n));
            for (left, right) in [
                (View::new(&a, m, k, k), View::new(&b, k, n, n)),
                (View::new(&at, k, m, m).t(), View::new(&b, k, n, n)),
                (View::new(&a, m, k, k), View::new(&bt, n, k, k).t()),
                (View::new(&at, k, m, m).t(), View::new(&bt, n, k, k).t()),
            ] {
                for accumulate in [false, true] {
                    let (mut fast, mut slow) = (start.clone(), start.clone());
                    product(&mut fast, n + 3, left, right, 0.5, accumulate);
                    super::super::gemm::matmul_f32(&mut slow, n + 3, left, right, 0.5, accumulate);
                    for (x, y) in fast.iter().zip(&slow) {
                        assert!((x - y).abs() < 1e-4, "{m} {k} {n}: {x} {y}");
                    }
                }
            }
        }
    }
}
