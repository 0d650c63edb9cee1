//! Row kernels: exp, softmax, GELU, LayerNorm.
//!
//! Each is one portable body, compiled for the baseline and again for AVX2 and AVX-512 and chosen at run time. The
//! bodies use no fused multiply-add, so that all three give the same bits.

/// Compiles a body for several instruction sets and dispatches to the best one at run time.
macro_rules! multiversion {
    ($(#[$meta:meta])* pub fn $name:ident($($arg:ident : $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        pub fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn portable($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
                fn avx512($($arg: $ty),*) { portable($($arg),*) }
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $ty),*) { portable($($arg),*) }
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512bw") {
                    // SAFETY: the processor has just been found to have every feature the function is compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    };
}

const LANES: usize = 16;

/// e^x for f32, relative error below 2e-7 on [-87, 88]; clamped outside. Range reduction by powers of two and a
/// polynomial of degree 6 (Cephes `expf`).
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding and subtracting it rounds to an integer
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.000_000_3e-1;
    let y = p * (r * r) + r + 1.0;
    // The low bits of `rounded` are n in two's complement: shifted to the exponent they multiply by 2^n.
    f32::from_bits(y.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// Φ(x), the normal distribution function, absolute error below 2e-7, and e^(-x²/2). erf after Abramowitz and
/// Stegun, 7.1.26.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let e = exp(-z * z);
    let poly = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let half = 0.5 * poly * e; // = (1 - erf(z)) / 2
    (if x < 0.0 { half } else { 1.0 - half }, e)
}

multiversion! {
    /// GELU in its erf form, elementwise: `out[i] = x[i] · Φ(x[i])`.
    pub fn gelu(x: &[f32], out: &mut [f32]) {
        for (o, x) in out.iter_mut().zip(x) {
            *o = x * normal(*x).0;
        }
    }
}

multiversion! {
    /// The gradient of [`gelu`]: `out[i] = grad[i] · (Φ(x[i]) + x[i] · φ(x[i]))`.
    pub fn gelu_backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
        const FRAC_1_SQRT_2PI: f32 = 0.398_942_3;
        for ((o, x), g) in out.iter_mut().zip(x).zip(grad) {
            let (cdf, e) = normal(*x);
            *o = g * (cdf + x * e * FRAC_1_SQRT_2PI);
        }
    }
}

/// A sum in a fixed order with sixteen partial sums, so that every instruction set gives the same bits.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += f(chunk[i]);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += f(*value);
    }
    lanes.iter().sum()
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_lanes.iter().zip(b_lanes) {
        for i in 0..LANES {
            lanes[i] += x[i] * y[i];
        }
    }
    for ((lane, x), y) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += x * y;
    }
    lanes.iter().sum()
}

#[inline(always)]
fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::MIN; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = if chunk[i] > lanes[i] { chunk[i] } else { lanes[i] };
        }
    }
    lanes.iter().chain(rest).fold(f32::MIN, |a, b| if *b > a { *b } else { a })
}

multiversion! {
    /// Softmax of each row of `width` elements, in place.
    pub fn softmax_rows(x: &mut [f32], width: usize) {
        for row in x.chunks_exact_mut(width.max(1)) {
            let max = max(row);
            for value in row.iter_mut() {
                *value = exp(*value - max);
            }
            let scale = 1.0 / sum(row, |v| v);
            for value in row.iter_mut() {
                *value *= scale;
            }
        }
    }
}

multiversion! {
    /// The gradient of a softmax: `grad = p · (grad - Σ p·grad)` for each row of `width`, in place in `grad`.
    pub fn softmax_rows_backward(p: &[f32], grad: &mut [f32], width: usize) {
        for (p, g) in p.chunks_exact(width.max(1)).zip(grad.chunks_exact_mut(width.max(1))) {
            let mean = dot(p, g);
            for (g, p) in g.iter_mut().zip(p) {
                *g = p * (*g - mean);
            }
        }
    }
}

multiversion! {
    /// LayerNorm of each row of `weight.len()` elements: `out = (x - mean) / sqrt(var + eps) · weight + bias`.
    pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        let width = weight.len().max(1);
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum(x, |v| v) / width as f32;
            let variance = sum(x, |v| (v - mean) * (v - mean)) / width as f32;
            let scale = 1.0 / (variance + eps).sqrt();
            for (((o, v), w), b) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                *o = (v - mean) * scale * w + b;
            }
        }
    }
}

multiversion! {
    /// The gradients of [`layer_norm`] by its input (written) and by weight and bias (added to).
    pub fn layer_norm_backward(
        x: &[f32], weight: &[f32], grad: &[f32], eps: f32,
        dx: &mut [f32], dweight: &mut [f32], dbias: &mut [f32],
    ) {
        let width = weight.len().max(1);
        for ((x, g), dx) in x.chunks_exact(width).zip(grad.chunks_exact(width)).zip(dx.chunks_exact_mut(width)) {
            let n = width as f32;
            let mean = sum(x, |v| v) / n;
            let variance = sum(x, |v| (v - mean) * (v - mean)) / n;
            let scale = 1.0 / (variance + eps).sqrt();
            for ((((dw, db), d), v), (g, w)) in
                dweight.iter_mut().zip(dbias.iter_mut()).zip(dx.iter_mut()).zip(x).zip(g.iter().zip(weight))
            {
                let normed = (v - mean) * scale;
                *dw += g * normed;
                *db += g;
                *d = g * w;
            }
            let mean_d = sum(dx, |v| v) / n;
            let mean_dx = (dot(dx, x) - sum(dx, |v| v) * mean) * scale / n;
            for (d, v) in dx.iter_mut().zip(x) {
                *d = (*d - mean_d - (v - mean) * scale * mean_dx) * scale;
            }
        }
    }
}

multiversion! {
    /// Adds `bias` to each row of `bias.len()` elements.
    pub fn add_bias(x: &mut [f32], bias: &[f32]) {
        for row in x.chunks_exact_mut(bias.len().max(1)) {
            for (x, b) in row.iter_mut().zip(bias) {
                *x += b;
            }
        }
    }
}

multiversion! {
    /// Adds every row of `x` to `out`.
    pub fn sum_rows(x: &[f32], out: &mut [f32]) {
        for row in x.chunks_exact(out.len().max(1)) {
            for (o, x) in out.iter_mut().zip(row) {
                *o += x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(from: f32, to: f32, n: usize) -> Vec<f32> {
        (0..n).map(|i| from + (to - from) * i as f32 / n as f32).collect()
    }

    #[test]
    fn exp_keeps_its_error_bound() {
        for x in grid(-87.0, 88.0, 200_001) {
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 2e-7, "{x}");
        }
        assert!(exp(-1e30) < 1e-37 && exp(1e30).is_finite());
    }

    /// Φ by its Taylor series in f64, the slow twin.
    fn slow_cdf(x: f64) -> f64 {
        let (mut term, mut total) = (x, x);
        for k in 1..200 {
            term *= -x * x / 2.0 / f64::from(k);
            total += term / f64::from(2 * k + 1);
        }
        0.5 + total / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn gelu_and_its_gradient_agree_with_the_slow_twin() {
        let x = grid(-5.0, 5.0, 10_007);
        let (mut y, mut d) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        gelu(&x, &mut y);
        gelu_backward(&x, &vec![1.0; x.len()], &mut d);
        for ((x, y), d) in x.iter().zip(&y).zip(&d) {
            let x = f64::from(*x);
            let cdf = slow_cdf(x);
            assert!((f64::from(*y) - x * cdf).abs() < 2e-6, "{x}");
            let pdf = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            assert!((f64::from(*d) - (cdf + x * pdf)).abs() < 2e-6, "{x}");
        }
    }

    #[test]
    fn softmax_rows_sum_to_one_also_for_odd_widths_and_large_scores() {
        for width in [1, 5, 16, 33] {
            let mut x: Vec<f32> = grid(-200.0, 200.0, width * 3);
            softmax_rows(&mut x, width);
            for row in x.chunks(width) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6 && row.iter().all(|p| p.is_finite()));
            }
        }
    }

    #[test]
    fn layer_norm_gradient_agrees_with_differences() {
        let width = 37;
        let x: Vec<f32> = (0..2 * width).map(|i| ((i * 7919) % 101) as f32 / 17.0 - 2.0).collect();
        let weight: Vec<f32> = (0..width).map(|i| 0.5 + (i % 5) as f32 * 0.3).collect();
        let bias = vec![0.1; width];
        let grad: Vec<f32> = (0..2 * width).map(|i| ((i * 31) % 13) as f32 / 7.0 - 0.8).collect();
        let loss = |x: &[f32]| {
            let mut y = vec![0.0; x.len()];
            layer_norm(x, &weight, &bias, 1e-12, &mut y);
            y.iter().zip(&grad).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
        };
        let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; width], vec![0.0; width]);
        layer_norm_backward(&x, &weight, &grad, 1e-12, &mut dx, &mut dw, &mut db);
        for i in 0..x.len() {
            let (mut up, mut down) = (x.clone(), x.clone());
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let slope = (loss(&up) - loss(&down)) / 2e-2;
            assert!((slope - f64::from(dx[i])).abs() < 2e-3, "{i}: {slope} {}", dx[i]);
        }
        assert!((db[3] - (grad[3] + grad[3 + width])).abs() < 1e-6 && dw.iter().all(|v| v.is_finite()));
    }
}
