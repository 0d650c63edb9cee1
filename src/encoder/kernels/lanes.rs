//! Sixteen f32 lanes for each instruction set, so that the row kernels are written once.
//!
//! Every operation is correctly rounded IEEE arithmetic lane by lane, `fma` rounds once everywhere (in software where
//! the processor has none), and the comparisons of `max` and `min` treat NaN as x86 does. So a kernel gives the same
//! bits whatever the lanes are made of.

/// Sixteen f32 lanes.
pub(super) trait Lanes: Copy {
    /// Rows that a kernel holds in registers at once: a matter of how many there are, of no influence on results.
    const ROWS: usize;
    fn splat(x: f32) -> Self;
    fn load(x: &[f32; 16]) -> Self;
    fn from_i32(x: &[i32; 16]) -> Self;
    fn from_i8(x: &[i8; 16]) -> Self;
    fn store(self, out: &mut [f32; 16]);
    /// Rounds to the nearest integer, ties to even, and adds 128. For values within ±127.
    fn store_u8(self, out: &mut [u8; 16]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self · b + c`, rounded once.
    fn fma(self, b: Self, c: Self) -> Self;
    /// The greater; `other` if either is NaN.
    fn max(self, other: Self) -> Self;
    /// The lesser; `other` if either is NaN.
    fn min(self, other: Self) -> Self;
    fn abs(self) -> Self;
    /// Adds the integer in the low mantissa bits of `n` to the exponent: `self · 2ⁿ`.
    fn scale_by_power(self, n: Self) -> Self;

    /// The first `n` lanes, and those of `other` after them.
    fn first(self, n: usize, other: Self) -> Self;
    /// The sum of all lanes: eight sums of lanes eight apart, four of those four apart, and so on.
    fn sum(self) -> f32;
    /// The greatest lane, compared as by `max` in the order of `sum`.
    fn greatest(self) -> f32;
}

/// Folds the upper half onto the lower until one is left.
#[inline(always)]
fn fold(mut a: [f32; 16], f: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            a[i] = f(a[i], a[i + half]);
        }
    }
    a[0]
}

/// Lanes in plain Rust: the slow twin of the others, and what the compiler makes of it elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 16]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Portable {
    const ROWS: usize = 2;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 16])
    }
    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        Self(*x)
    }
    #[inline(always)]
    fn from_i32(x: &[i32; 16]) -> Self {
        Self(x.map(|x| x as f32))
    }
    #[inline(always)]
    fn from_i8(x: &[i8; 16]) -> Self {
        Self(x.map(f32::from))
    }
    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        *out = self.0;
    }
    #[inline(always)]
    fn store_u8(self, out: &mut [u8; 16]) {
        *out = self.0.map(|x| (x.round_ties_even() as i32 + 128) as u8);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].mul_add(b.0[i], c.0[i])))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }
    #[inline(always)]
    fn scale_by_power(self, n: Self) -> Self {
        self.zip(n, |y, n| f32::from_bits(y.to_bits().wrapping_add(n.to_bits() << 23)))
    }
    #[inline(always)]
    fn first(self, n: usize, other: Self) -> Self {
        Self(std::array::from_fn(|i| if i < n { self.0[i] } else { other.0[i] }))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        fold(self.0, |a, b| a + b)
    }
    #[inline(always)]
    fn greatest(self) -> f32 {
        fold(self.0, |a, b| if a > b { a } else { b })
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    /// One 512-bit register. Made only in functions compiled for AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512);

    /// Two 256-bit registers. Made only in functions compiled for AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256, __m256);

    /// Intrinsics within [`Lanes`].
    macro_rules! simd {
        ($($body:tt)*) => {
            // SAFETY: this module is private to the kernels, where `dispatch!` names these lanes only inside functions
            // compiled for their features and entered with an `Isa` that has them. Loads and stores are unaligned and
            // go through references to arrays of exactly their width.
            unsafe { $($body)* }
        };
    }

    /// Folds four lanes onto one, the rest of [`fold`](super::fold).
    macro_rules! fold4 {
        ($x:expr, $f:ident) => {{
            let x = $x;
            let x = $f(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32($f(x, _mm_shuffle_ps::<1>(x, x)))
        }};
    }

    impl Avx512 {
        #[inline(always)]
        fn halves(self) -> Avx2 {
            simd!({
                let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(self.0)));
                Avx2(_mm512_castps512_ps256(self.0), upper)
            })
        }
    }

    impl Lanes for Avx512 {
        const ROWS: usize = 8;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            simd!(Self(_mm512_set1_ps(x)))
        }
        #[inline(always)]
        fn load(x: &[f32; 16]) -> Self {
            simd!(Self(_mm512_loadu_ps(x.as_ptr())))
        }
        #[inline(always)]
        fn from_i32(x: &[i32; 16]) -> Self {
            simd!(Self(_mm512_cvtepi32_ps(_mm512_loadu_si512(x.as_ptr().cast()))))
        }
        #[inline(always)]
        fn from_i8(x: &[i8; 16]) -> Self {
            simd!(Self(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(x.as_ptr().cast())))))
        }
        #[inline(always)]
        fn store(self, out: &mut [f32; 16]) {
            simd!(_mm512_storeu_ps(out.as_mut_ptr(), self.0))
        }
        #[inline(always)]
        fn store_u8(self, out: &mut [u8; 16]) {
            simd!({
                let x = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(128));
                _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(x));
            })
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            simd!(Self(_mm512_add_ps(self.0, other.0)))
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            simd!(Self(_mm512_sub_ps(self.0, other.0)))
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            simd!(Self(_mm512_mul_ps(self.0, other.0)))
        }
        #[inline(always)]
        fn fma(self, b: Self, c: Self) -> Self {
            simd!(Self(_mm512_fmadd_ps(self.0, b.0, c.0)))
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            simd!(Self(_mm512_max_ps(self.0, other.0)))
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            simd!(Self(_mm512_min_ps(self.0, other.0)))
        }
        #[inline(always)]
        fn abs(self) -> Self {
            simd!(Self(_mm512_abs_ps(self.0)))
        }
        #[inline(always)]
        fn scale_by_power(self, n: Self) -> Self {
            simd!({
                let n = _mm512_slli_epi32::<23>(_mm512_castps_si512(n.0));
                Self(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), n)))
            })
        }
        #[inline(always)]
        fn first(self, n: usize, other: Self) -> Self {
            let mask = ((1u32 << n.min(16)) - 1) as u16;
            simd!(Self(_mm512_mask_blend_ps(mask, other.0, self.0)))
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            self.halves().sum()
        }
        #[inline(always)]
        fn greatest(self) -> f32 {
            self.halves().greatest()
        }
    }

    impl Avx2 {
        #[inline(always)]
        fn converted(x: &[i32; 16]) -> Self {
            simd!({
                let half = |i| _mm256_cvtepi32_ps(_mm256_loadu_si256(x.as_ptr().add(i).cast()));
                Self(half(0), half(8))
            })
        }
    }

    impl Lanes for Avx2 {
        const ROWS: usize = 2;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            simd!(Self(_mm256_set1_ps(x), _mm256_set1_ps(x)))
        }
        #[inline(always)]
        fn load(x: &[f32; 16]) -> Self {
            simd!(Self(_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x.as_ptr().add(8))))
        }
        #[inline(always)]
        fn from_i32(x: &[i32; 16]) -> Self {
            Self::converted(x)
        }
        #[inline(always)]
        fn from_i8(x: &[i8; 16]) -> Self {
            Self::converted(&x.map(i32::from))
        }
        #[inline(always)]
        fn store(self, out: &mut [f32; 16]) {
            simd!({
                _mm256_storeu_ps(out.as_mut_ptr(), self.0);
                _mm256_storeu_ps(out.as_mut_ptr().add(8), self.1);
            })
        }
        #[inline(always)]
        fn store_u8(self, out: &mut [u8; 16]) {
            simd!({
                // Within each 128-bit half: pack to i16, then to u8; the permutation puts the halves in order.
                let x = _mm256_packs_epi32(_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
                let x = _mm256_permute4x64_epi64::<0b11_01_10_00>(x);
                let x = _mm256_add_epi16(x, _mm256_set1_epi16(128));
                let x = _mm_packus_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
                _mm_storeu_si128(out.as_mut_ptr().cast(), x);
            })
        }
        #[inline(always)]
        fn add(self, o: Self) -> Self {
            simd!(Self(_mm256_add_ps(self.0, o.0), _mm256_add_ps(self.1, o.1)))
        }
        #[inline(always)]
        fn sub(self, o: Self) -> Self {
            simd!(Self(_mm256_sub_ps(self.0, o.0), _mm256_sub_ps(self.1, o.1)))
        }
        #[inline(always)]
        fn mul(self, o: Self) -> Self {
            simd!(Self(_mm256_mul_ps(self.0, o.0), _mm256_mul_ps(self.1, o.1)))
        }
        #[inline(always)]
        fn fma(self, b: Self, c: Self) -> Self {
            simd!(Self(_mm256_fmadd_ps(self.0, b.0, c.0), _mm256_fmadd_ps(self.1, b.1, c.1)))
        }
        #[inline(always)]
        fn max(self, o: Self) -> Self {
            simd!(Self(_mm256_max_ps(self.0, o.0), _mm256_max_ps(self.1, o.1)))
        }
        #[inline(always)]
        fn min(self, o: Self) -> Self {
            simd!(Self(_mm256_min_ps(self.0, o.0), _mm256_min_ps(self.1, o.1)))
        }
        #[inline(always)]
        fn abs(self) -> Self {
            simd!({
                let mask = _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX));
                Self(_mm256_and_ps(self.0, mask), _mm256_and_ps(self.1, mask))
            })
        }
        #[inline(always)]
        fn scale_by_power(self, n: Self) -> Self {
            simd!({
                let half = |y: __m256, n: __m256| {
                    let n = _mm256_slli_epi32::<23>(_mm256_castps_si256(n));
                    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(y), n))
                };
                Self(half(self.0, n.0), half(self.1, n.1))
            })
        }
        #[inline(always)]
        fn first(self, n: usize, other: Self) -> Self {
            simd!({
                let n = _mm256_set1_epi32(n.min(16) as i32);
                let low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                let high = _mm256_add_epi32(low, _mm256_set1_epi32(8));
                let half = |a, b, lanes| _mm256_blendv_ps(b, a, _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, lanes)));
                Self(half(self.0, other.0, low), half(self.1, other.1, high))
            })
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            simd!({
                let x = _mm256_add_ps(self.0, self.1);
                fold4!(_mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x)), _mm_add_ps)
            })
        }
        #[inline(always)]
        fn greatest(self) -> f32 {
            simd!({
                let x = _mm256_max_ps(self.0, self.1);
                fold4!(_mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x)), _mm_max_ps)
            })
        }
    }
}
