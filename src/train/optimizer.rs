//! AdamW with a warm-up, a linear decay and gradient clipping.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var, backprop::GradStore};
use rayon::prelude::*;

use crate::encoder::ops::with_slice;

/// Settings of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AdamConfig {
    /// Peak learning rate of the encoder.
    pub rate: f64,
    /// Peak learning rate of the heads.
    pub head_rate: f64,
    /// Factor of the rate from each encoder layer to the one below it.
    pub layer_decay: f64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Bound of the gradient's norm over all parameters.
    pub clip: f64,
    /// Share of the steps in which the rate rises from 0.
    pub warmup: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { rate: 1.5e-4, head_rate: 1e-3, layer_decay: 0.9, weight_decay: 0.01, clip: 1.0, warmup: 0.06 }
    }
}

impl AdamConfig {
    /// Share of the peak rate at a step of a run: up linearly, then down linearly to 0.
    pub fn schedule(&self, step: usize, steps: usize) -> f64 {
        let warm = (self.warmup * steps as f64).max(1.0);
        let at = step as f64 + 1.0;
        if at <= warm { at / warm } else { ((steps as f64 - at) / (steps as f64 - warm).max(1.0)).max(0.0) }
    }

    /// Peak rate of a parameter.
    fn rate_of(&self, name: &str, layers: usize) -> f64 {
        let below = |depth: usize| self.rate * self.layer_decay.powi(depth as i32);
        if let Some(rest) = name.strip_prefix("encoder.layer.") {
            let layer = rest.split('.').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
            below(layers.saturating_sub(1 + layer))
        } else if name.starts_with("embeddings.") {
            below(layers)
        } else {
            self.head_rate
        }
    }
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;

/// First and second moments of one parameter.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

/// AdamW (Loshchilov and Hutter, ICLR 2019) over named variables.
#[derive(Debug)]
pub struct AdamW {
    config: AdamConfig,
    layers: usize,
    pub(super) moments: BTreeMap<String, Moments>,
    pub(super) updates: usize,
}

impl AdamW {
    /// An optimiser without history; `layers` is the number of encoder layers.
    pub fn new(config: AdamConfig, layers: usize) -> Self {
        Self { config, layers, moments: BTreeMap::new(), updates: 0 }
    }

    /// One update from the sum of the workers' gradients, at `scale` of the peak rates. Returns the gradient's norm
    /// before clipping.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn step(&mut self, vars: &BTreeMap<String, Var>, grads: &[GradStore], scale: f64) -> candle_core::Result<f64> {
        self.updates += 1;
        for name in vars.keys().filter(|n| !self.moments.contains_key(*n)).cloned().collect::<Vec<_>>() {
            self.moments.insert(name, Moments::default());
        }
        let sums: Vec<(&String, &Var, Vec<f32>)> = vars
            .par_iter()
            .filter_map(|(name, var)| {
                let sum = summed(var, grads).transpose()?;
                Some(sum.map(|sum| (name, var, sum)))
            })
            .collect::<candle_core::Result<_>>()?;
        let mut sums = sums;
        sums.sort_by_key(|(name, _, _)| *name);
        let squares: Vec<f64> =
            sums.par_iter().map(|(_, _, g)| g.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()).collect();
        let norm = squares.iter().sum::<f64>().sqrt();
        if !norm.is_finite() {
            candle_core::bail!("the gradient is not finite");
        }
        let shrink = if norm > self.config.clip { self.config.clip / norm } else { 1.0 } as f32;
        let (config, layers, updates) = (self.config, self.layers, self.updates as i32);
        let by_name: BTreeMap<&str, &(&String, &Var, Vec<f32>)> = sums.iter().map(|s| (s.0.as_str(), s)).collect();
        self.moments.par_iter_mut().try_for_each(|(name, moments)| {
            let Some((_, var, grad)) = by_name.get(name.as_str()) else { return Ok(()) };
            let decay = if var.rank() > 1 { config.weight_decay } else { 0.0 };
            let rate = config.rate_of(name, layers) * scale;
            let correct1 = 1.0 - BETA1.powi(updates);
            let correct2 = (1.0 - BETA2.powi(updates)).sqrt();
            let step = (rate * correct2 / correct1) as f32;
            let eps = (EPS * correct2) as f32;
            let keep = (1.0 - rate * decay) as f32;
            moments.first.resize(grad.len(), 0.0);
            moments.second.resize(grad.len(), 0.0);
            let (b1, b2) = (BETA1 as f32, BETA2 as f32);
            let new = with_slice(var.as_tensor(), |old| {
                let mut new = Vec::with_capacity(old.len());
                for (((w, g), m), v) in old.iter().zip(grad).zip(&mut moments.first).zip(&mut moments.second) {
                    let g = g * shrink;
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    new.push(w * keep - step * *m / (v.sqrt() + eps));
                }
                Ok(new)
            })?;
            var.set(&Tensor::from_vec(new, var.shape(), &Device::Cpu)?)
        })?;
        Ok(norm)
    }
}

fn summed(var: &Var, grads: &[GradStore]) -> candle_core::Result<Option<Vec<f32>>> {
    let mut sum: Option<Vec<f32>> = None;
    for grad in grads.iter().filter_map(|g| g.get(var.as_tensor())) {
        with_slice(grad, |g| {
            match &mut sum {
                None => sum = Some(g.to_vec()),
                Some(sum) => sum.iter_mut().zip(g).for_each(|(s, g)| *s += g),
            }
            Ok(())
        })?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_rises_and_falls_to_zero() {
        let c = AdamConfig { warmup: 0.1, ..AdamConfig::default() };
        assert!((c.schedule(0, 100) - 0.1).abs() < 1e-9);
        assert!((c.schedule(9, 100) - 1.0).abs() < 1e-9);
        assert!(c.schedule(50, 100) < c.schedule(20, 100));
        assert_eq!(c.schedule(99, 100), 0.0);
    }

    #[test]
    fn lower_layers_learn_more_slowly_than_heads() {
        let c = AdamConfig::default();
        let rate = |n: &str| c.rate_of(n, 6);
        assert!(rate("embeddings.LayerNorm.weight") < rate("encoder.layer.0.output.dense.weight"));
        assert!(rate("encoder.layer.0.output.dense.weight") < rate("encoder.layer.5.output.dense.weight"));
        assert_eq!(rate("encoder.layer.5.output.dense.weight"), c.rate);
        assert_eq!(rate("tagger.weight"), c.head_rate);
    }

    #[test]
    fn a_parabola_is_descended() {
        let var = Var::from_vec(vec![3.0f32, -2.0], 2, &Device::Cpu).unwrap();
        let vars: BTreeMap<String, Var> = [("tagger.bias".to_owned(), var.clone())].into();
        let mut adam = AdamW::new(AdamConfig { head_rate: 0.1, ..AdamConfig::default() }, 6);
        for _ in 0..200 {
            let loss = var.as_tensor().sqr().unwrap().sum_all().unwrap();
            adam.step(&vars, &[loss.backward().unwrap()], 1.0).unwrap();
        }
        assert!(var.as_tensor().to_vec1::<f32>().unwrap().iter().all(|x| x.abs() < 0.05));
    }
}
