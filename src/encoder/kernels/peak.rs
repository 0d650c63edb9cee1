//! The bare speed of this machine's int8 units, as the bound that kernels are measured against.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::isa::{Isa, Level};

/// Sums kept in registers, enough to hide the latency of the dot products.
const CHAINS: usize = 12;
/// Steps between two looks at the clock.
const STEPS: usize = 100_000;

/// Integer operations a second (multiplications and additions, in 10⁹) of one thread that does nothing but int8 dot
/// products on registers with an instruction set, the best of several runs in about `time`.
///
/// For `portable` and `avx2`, whose kernels widen to int16, these are the int16 products of AVX2 if the processor has
/// it and what the compiler makes of a plain loop if not.
pub fn int8_peak(isa: Isa, time: Duration) -> f64 {
    let start = Instant::now();
    let mut best = 0.0f64;
    while start.elapsed() < time || best == 0.0 {
        let from = Instant::now();
        let operations = run(isa);
        best = best.max(operations as f64 / from.elapsed().as_secs_f64() / 1e9);
    }
    best
}

/// Runs for some microseconds; gives the number of operations.
#[allow(unsafe_code)]
fn run(isa: Isa) -> usize {
    match isa.level() {
        Level::Portable => portable(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where AVX2 was detected.
        Level::Avx2 => unsafe { avx2() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where AVX-VNNI was detected.
        Level::AvxVnni => unsafe { avxvnni() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only where AVX-512 VNNI was detected.
        Level::Avx512 => unsafe { avx512() },
        #[cfg(target_arch = "x86_64")]
        Level::Amx => super::amx::peak(isa, STEPS),
    }
}

fn portable() -> usize {
    let (x, w) = (black_box([3i16; 16]), black_box([5i16; 16]));
    let mut sums = [[0i32; 8]; CHAINS];
    for _ in 0..STEPS / 10 {
        for sum in &mut sums {
            for (i, sum) in sum.iter_mut().enumerate() {
                let (x, w) = (&x[2 * i..][..2], &w[2 * i..][..2]);
                *sum = sum.wrapping_add(i32::from(x[0]) * i32::from(w[0]) + i32::from(x[1]) * i32::from(w[1]));
            }
        }
        sums = black_box(sums);
    }
    black_box(sums);
    STEPS / 10 * CHAINS * 32
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2() -> usize {
    let (x, w) = (black_box(_mm256_set1_epi16(3)), black_box(_mm256_set1_epi16(5)));
    let mut sums = [_mm256_setzero_si256(); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm256_add_epi32(*sum, opaque_madd(x, w));
        }
    }
    black_box(sums);
    STEPS * CHAINS * 32
}

/// A product that the compiler can't move out of the loop.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline]
#[target_feature(enable = "avx2")]
fn opaque_madd(x: __m256i, w: __m256i) -> __m256i {
    let mut out = x;
    // SAFETY: one instruction on registers, of a feature that the function is compiled for.
    unsafe {
        std::arch::asm!(
            "vpmaddwd {0}, {0}, {1}",
            inout(ymm_reg) out,
            in(ymm_reg) w,
            options(nomem, nostack, preserves_flags),
        );
    }
    out
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avxvnni")]
fn avxvnni() -> usize {
    let (x, w) = (black_box(_mm256_set1_epi8(3)), black_box(_mm256_set1_epi8(5)));
    let mut sums = [_mm256_setzero_si256(); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm256_dpbusd_avx_epi32(*sum, x, w);
        }
    }
    black_box(sums);
    STEPS * CHAINS * 64
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
fn avx512() -> usize {
    let (x, w) = (black_box(_mm512_set1_epi8(3)), black_box(_mm512_set1_epi8(5)));
    let mut sums = [_mm512_setzero_si512(); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, x, w);
        }
    }
    black_box(sums);
    STEPS * CHAINS * 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_has_a_peak() {
        for isa in Isa::available() {
            let peak = int8_peak(isa, Duration::from_millis(5));
            assert!(peak.is_finite() && peak > 0.0, "{}: {peak}", isa.name());
        }
    }
}
