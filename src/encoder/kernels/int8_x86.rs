//! The int8 product for AVX-512 VNNI, AVX-VNNI and AVX2.

use std::arch::x86_64::*;

use super::int8::{LINE, PANEL, Task};
use super::isa::{Isa, Level};

/// Panels that a register tile of AVX-512 spans.
const GROUP: usize = 3;
/// Rows that a register tile of AVX-512 spans: 8 × 3 sums, 3 weights and a broadcast take 28 of 32 registers, and each
/// step of 24 dot products needs 11 loads, fewer than the two that the processor can do for each pair of them.
const ROWS: usize = 8;

/// [`product`](super::int8::product) with `vpdpbusd` on 512 bits, from panel `first` on.
///
/// # Panics
/// If `isa` is less than AVX-512.
#[allow(unsafe_code)]
pub(super) fn avx512(isa: Isa, t: Task<'_>, first: usize, out: &mut [i32]) {
    assert!(isa.level() >= Level::Avx512);
    // SAFETY: an `Isa` of this level exists only where AVX-512 F, BW, DQ, VL and VNNI were detected.
    unsafe { avx512_groups(t, first, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn avx512_groups(t: Task<'_>, first: usize, out: &mut [i32]) {
    let panels = t.offsets.len() / PANEL;
    for panel in (first..panels).step_by(GROUP) {
        let mut row = 0;
        while row < t.rows {
            let rows = (t.rows - row).min(ROWS);
            match (panels - panel).min(GROUP) {
                1 => avx512_rows::<1>(t, panel, row, rows, out),
                2 => avx512_rows::<2>(t, panel, row, rows, out),
                _ => avx512_rows::<GROUP>(t, panel, row, rows, out),
            }
            row += rows;
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn avx512_rows<const P: usize>(t: Task<'_>, panel: usize, row: usize, rows: usize, out: &mut [i32]) {
    match rows {
        1 => avx512_tile::<1, P>(t, panel, row, out),
        2 => avx512_tile::<2, P>(t, panel, row, out),
        3 => avx512_tile::<3, P>(t, panel, row, out),
        4 => avx512_tile::<4, P>(t, panel, row, out),
        5 => avx512_tile::<5, P>(t, panel, row, out),
        6 => avx512_tile::<6, P>(t, panel, row, out),
        7 => avx512_tile::<7, P>(t, panel, row, out),
        _ => avx512_tile::<ROWS, P>(t, panel, row, out),
    }
}

/// Rows `row..row + M` by panels `panel..panel + P`.
#[allow(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn avx512_tile<const M: usize, const P: usize>(t: Task<'_>, panel: usize, row: usize, out: &mut [i32]) {
    let width = t.offsets.len();
    let (stride, panel_bytes) = (t.stride, t.panel_bytes());
    assert!((row + M) * stride <= t.a.len() && (row + M) * width <= out.len());
    assert!((panel + P) * panel_bytes <= t.panels.len() && (panel + P) * PANEL <= width);
    // SAFETY: every pointer is an index below the bounds just asserted: activations at (row + m) · stride + 4 · step
    // with step < stride / 4, lines at (panel + p) · panel_bytes + 64 · step with panel_bytes = 16 · stride, offsets
    // and sums at whole panels. The loads of activations and the stores are unaligned ones.
    unsafe {
        let a = t.a.as_ptr().add(row * stride);
        let lines = t.panels.as_ptr().add(panel * panel_bytes);
        let offsets = t.offsets.as_ptr().add(panel * PANEL);
        let start: [__m512i; P] = std::array::from_fn(|p| _mm512_loadu_si512(offsets.add(p * PANEL).cast()));
        let mut acc = [start; M];
        for step in 0..stride / 4 {
            let w: [__m512i; P] =
                std::array::from_fn(|p| _mm512_loadu_si512(lines.add(p * panel_bytes + step * LINE).cast()));
            for (m, acc) in acc.iter_mut().enumerate() {
                let x = _mm512_set1_epi32(a.add(m * stride + step * 4).cast::<i32>().read_unaligned());
                for (acc, w) in acc.iter_mut().zip(w) {
                    *acc = _mm512_dpbusd_epi32(*acc, x, w);
                }
            }
        }
        let out = out.as_mut_ptr().add(row * width + panel * PANEL);
        for (m, acc) in acc.iter().enumerate() {
            for (p, acc) in acc.iter().enumerate() {
                _mm512_storeu_si512(out.add(m * width + p * PANEL).cast(), *acc);
            }
        }
    }
}

/// Rows that a register tile of AVX-VNNI spans: 6 × 2 sums, a line's 2 weights and a broadcast take 15 of 16 registers.
/// Twelve sums hide the latency of five cycles at two dot products each, and a step of 12 dot products needs 8 loads.
const VNNI_ROWS: usize = 6;

/// [`product`](super::int8::product) with `vpdpbusd` on 256 bits, in its VEX form.
///
/// # Panics
/// If `isa` is another than AVX-VNNI: those above it need not have the VEX form.
#[allow(unsafe_code)]
pub(super) fn avxvnni(isa: Isa, t: Task<'_>, out: &mut [i32]) {
    assert!(isa.level() == Level::AvxVnni);
    // SAFETY: an `Isa` of this level exists only where AVX2 and AVX-VNNI were detected.
    unsafe { avxvnni_panels(t, out) }
}

#[target_feature(enable = "avx2,avxvnni")]
fn avxvnni_panels(t: Task<'_>, out: &mut [i32]) {
    for panel in 0..t.offsets.len() / PANEL {
        for row in (0..t.rows).step_by(VNNI_ROWS) {
            match t.rows - row {
                1 => avxvnni_tile::<1>(t, panel, row, out),
                2 => avxvnni_tile::<2>(t, panel, row, out),
                3 => avxvnni_tile::<3>(t, panel, row, out),
                4 => avxvnni_tile::<4>(t, panel, row, out),
                5 => avxvnni_tile::<5>(t, panel, row, out),
                _ => avxvnni_tile::<VNNI_ROWS>(t, panel, row, out),
            }
        }
    }
}

/// Rows `row..row + M` by one panel.
#[allow(unsafe_code)]
#[inline]
#[target_feature(enable = "avx2,avxvnni")]
fn avxvnni_tile<const M: usize>(t: Task<'_>, panel: usize, row: usize, out: &mut [i32]) {
    let width = t.offsets.len();
    let (stride, panel_bytes) = (t.stride, t.panel_bytes());
    assert!((row + M) * stride <= t.a.len() && (row + M) * width <= out.len());
    assert!((panel + 1) * panel_bytes <= t.panels.len() && (panel + 1) * PANEL <= width);
    // SAFETY: as in `avx512_tile`, with one panel: a line of 64 bytes, 16 offsets and 16 sums are two registers each, at
    // elements 0 and 8. All loads and stores are unaligned ones.
    unsafe {
        let a = t.a.as_ptr().add(row * stride);
        let lines = t.panels.as_ptr().add(panel * panel_bytes);
        let offsets = t.offsets.as_ptr().add(panel * PANEL);
        let start = [_mm256_loadu_si256(offsets.cast()), _mm256_loadu_si256(offsets.add(8).cast())];
        let mut acc = [start; M];
        for step in 0..stride / 4 {
            let line = lines.add(step * LINE);
            let w = [_mm256_loadu_si256(line.cast()), _mm256_loadu_si256(line.add(32).cast())];
            for (m, acc) in acc.iter_mut().enumerate() {
                let x = _mm256_set1_epi32(a.add(m * stride + step * 4).cast::<i32>().read_unaligned());
                for (acc, w) in acc.iter_mut().zip(w) {
                    *acc = _mm256_dpbusd_avx_epi32(*acc, x, w);
                }
            }
        }
        let out = out.as_mut_ptr().add(row * width + panel * PANEL);
        for (m, acc) in acc.into_iter().enumerate() {
            for (half, acc) in acc.into_iter().enumerate() {
                _mm256_storeu_si256(out.add(m * width + half * 8).cast(), acc);
            }
        }
    }
}

/// [`product`](super::int8::product) with `vpmaddwd` on 256 bits: bytes are widened to int16 on the way, because
/// `vpmaddubsw` would saturate.
///
/// # Panics
/// If `isa` is less than AVX2.
#[allow(unsafe_code)]
pub(super) fn avx2(isa: Isa, t: Task<'_>, out: &mut [i32]) {
    assert!(isa.level() >= Level::Avx2);
    // SAFETY: an `Isa` of this level exists only where AVX2 was detected.
    unsafe { avx2_panels(t, out) }
}

#[target_feature(enable = "avx2")]
fn avx2_panels(t: Task<'_>, out: &mut [i32]) {
    for panel in 0..t.offsets.len() / PANEL {
        for row in (0..t.rows / 2 * 2).step_by(2) {
            avx2_tile::<2>(t, panel, row, out);
        }
        if t.rows % 2 == 1 {
            avx2_tile::<1>(t, panel, t.rows - 1, out);
        }
    }
}

/// Rows `row..row + M` by one panel: 4 · M of the 16 registers are sums.
#[allow(unsafe_code)]
#[inline]
#[target_feature(enable = "avx2")]
fn avx2_tile<const M: usize>(t: Task<'_>, panel: usize, row: usize, out: &mut [i32]) {
    let width = t.offsets.len();
    let (stride, panel_bytes) = (t.stride, t.panel_bytes());
    assert!((row + M) * stride <= t.a.len() && (row + M) * width <= out.len());
    assert!((panel + 1) * panel_bytes <= t.panels.len() && (panel + 1) * PANEL <= width);
    // SAFETY: as in `avx512_tile`.
    unsafe {
        let a = t.a.as_ptr().add(row * stride);
        let lines = t.panels.as_ptr().add(panel * panel_bytes);
        // A register of sums belongs to four outputs, with two sums for each: inputs 0 and 1, and 2 and 3, of each
        // step.
        let mut acc = [[_mm256_setzero_si256(); M]; 4];
        for step in 0..stride / 4 {
            let x: [__m256i; M] = std::array::from_fn(|m| {
                let x = a.add(m * stride + step * 4).cast::<i32>().read_unaligned();
                _mm256_cvtepu8_epi16(_mm_set1_epi32(x))
            });
            for (quarter, acc) in acc.iter_mut().enumerate() {
                let w = _mm_loadu_si128(lines.add(step * LINE + quarter * 16).cast());
                let w = _mm256_cvtepi8_epi16(w);
                for (acc, x) in acc.iter_mut().zip(x) {
                    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(x, w));
                }
            }
        }
        let offsets = t.offsets.as_ptr().add(panel * PANEL);
        let out = out.as_mut_ptr().add(row * width + panel * PANEL);
        #[allow(clippy::needless_range_loop)] // m is the inner index
        for m in 0..M {
            for half in 0..2 {
                // The horizontal sum gives outputs 0 1 4 5 2 3 6 7.
                let sums = _mm256_hadd_epi32(acc[half * 2][m], acc[half * 2 + 1][m]);
                let sums = _mm256_permute4x64_epi64::<0b11_01_10_00>(sums);
                let start = _mm256_loadu_si256(offsets.add(half * 8).cast());
                _mm256_storeu_si256(out.add(m * width + half * 8).cast(), _mm256_add_epi32(sums, start));
            }
        }
    }
}
