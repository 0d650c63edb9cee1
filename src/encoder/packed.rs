//! The encoder for inference on CPUs: int8 products, everything else fused around them.
//!
//! It computes what [`Bert`](super::Bert) computes, with the weights rounded to int8 for each output (exactly as the
//! model file holds them) and the activations rounded for each row as they come. A batch is cut into chunks of whole
//! sequences, each of which one thread takes through all layers, so that its rows stay in that core's cache and
//! no thread waits for another. A row's result depends on its own sequence alone: not on the batch, the chunk, the
//! number of threads or the instruction set, to the last bit.

use std::ops::Range;
use std::sync::Mutex;

use rayon::prelude::*;

use super::ModelError;
use super::bert::Packed;
use super::config::BertConfig;
use super::kernels::{
    Embeddings, Epilogue, HeadRows, Int8Matrix, Int8Rows, Isa, Norm, PANEL, ROW_PAD, Sums, attend, dequantise, embed,
    norm_and_quantise, padded, product, quantise,
};
use super::weights::Weights;

/// Tokens from which a chunk is closed. The weights (10.6 MB) pass through level 2 once for each chunk, so it should
/// not be much smaller; its states (800 KB) should stay there meanwhile, so not much larger. 256 was a twentieth faster
/// than 128.
const CHUNK: usize = 256;
/// Rows of a block: its sums and, in the feed-forward layers, its inner states (400 KB) are used while still near.
const BLOCK: usize = 64;
/// Panels that are multiplied before their sums are dequantised; 96 outputs, which two and three panels divide.
const GROUP: usize = 6;

/// The encoder, laid out for this processor.
#[derive(Clone, Debug)]
pub struct PackedEncoder {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    hidden: usize,
    heads: usize,
    isa: Isa,
}

#[derive(Clone, Debug)]
struct Layer {
    /// For each head its queries, keys and values, each padded to whole panels.
    qkv: Int8Matrix,
    attention: Int8Matrix,
    attention_norm: Norm,
    intermediate: Int8Matrix,
    output: Int8Matrix,
    output_norm: Norm,
}

/// Memory that calls of [`PackedEncoder::encode`] use again. It grows to what the largest batch needs.
#[derive(Debug, Default)]
pub struct Scratch {
    workers: Vec<Worker>,
    chunks: Vec<Range<usize>>,
    out: Vec<f32>,
}

/// What one thread needs; f32 rows are padded to whole lanes.
#[derive(Debug, Default)]
struct Worker {
    /// Hidden states, `[rows, hidden]`.
    x: Vec<f32>,
    /// The input of the next product, `[rows, hidden]`.
    a: Int8Rows,
    /// Sums of a block, `[BLOCK, 16 · GROUP]`.
    sums: Vec<i32>,
    /// One head, `[rows, query | key | value]`.
    head: Vec<f32>,
    attention: Vec<f32>,
    /// What the heads give, `[rows, hidden]`.
    context: Vec<f32>,
    /// Inner states of a block, `[BLOCK, intermediate]`.
    inner: Vec<f32>,
    /// The same, quantised.
    b: Int8Rows,
}

impl PackedEncoder {
    /// Takes the encoder's tensors from `weights`, under the checkpoint's names, for the best instruction set here.
    ///
    /// # Errors
    /// As [`Weights::get`]; call [`Weights::finish`] when every part has been loaded.
    pub fn new(weights: &Weights, config: &BertConfig) -> Result<Self, ModelError> {
        let (h, heads) = (config.hidden_size, config.num_attention_heads);
        let layers = (0..config.num_hidden_layers).map(|i| Layer::load(weights, &format!("encoder.layer.{i}"), config));
        Ok(Self {
            embeddings: embeddings(weights, config)?,
            layers: layers.collect::<Result<_, _>>()?,
            hidden: h,
            heads,
            isa: Isa::best(),
        })
    }

    /// The same encoder on another instruction set; it gives the same bits.
    pub fn with_isa(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// The instruction set it runs on.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Width of a hidden state.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Hidden states `[tokens, hidden]` of a packed batch, in the order of its tokens, row-major; they stay in
    /// `scratch` until the next call.
    ///
    /// Up to `threads` threads of rayon's pool share the work by whole sequences. No memory is allocated once
    /// `scratch` has seen a batch of this size, apart from what rayon needs to start threads.
    ///
    /// # Errors
    /// If an id or a position lies outside the embeddings, or the batch's lengths contradict each other.
    pub fn encode<'s>(
        &self,
        batch: &Packed,
        threads: usize,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [f32], ModelError> {
        self.check(batch)?;
        let threads = threads.max(1);
        let tokens = batch.ids.len();
        // With few tokens, smaller chunks keep all threads busy.
        chunks(&batch.offsets, CHUNK.min(tokens.div_ceil(2 * threads).max(CHUNK / 4)), &mut scratch.chunks);
        scratch.out.resize(tokens * self.hidden, 0.0);
        let threads = threads.min(scratch.chunks.len());
        if scratch.workers.len() < threads {
            scratch.workers.resize_with(threads, Worker::default);
        }
        let queue = Mutex::new((scratch.chunks.iter(), &mut scratch.out[..]));
        let next = || {
            let mut queue = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let chunk = queue.0.next()?.clone();
            let rows = batch.offsets[chunk.end] - batch.offsets[chunk.start];
            let (out, rest) = std::mem::take(&mut queue.1).split_at_mut(rows * self.hidden);
            queue.1 = rest;
            Some((chunk, out))
        };
        let work = |worker: &mut Worker| {
            while let Some((chunk, out)) = next() {
                self.encode_chunk(batch, chunk, worker, out);
            }
        };
        match &mut scratch.workers[..threads] {
            [worker] => work(worker),
            workers => workers.par_iter_mut().with_max_len(1).for_each(work),
        }
        Ok(&scratch.out)
    }

    fn check(&self, batch: &Packed) -> Result<(), ModelError> {
        let (words, positions) =
            (self.embeddings.scales.len(), self.embeddings.positions.len() / self.embeddings.norm.stride());
        let problem = if batch.positions.len() != batch.ids.len()
            || batch.offsets.first() != Some(&0)
            || batch.offsets.last() != Some(&batch.ids.len())
            || !batch.offsets.is_sorted()
        {
            "the lengths of the packed batch contradict each other".to_owned()
        } else if let Some(id) = batch.ids.iter().find(|id| **id as usize >= words) {
            format!("expected word-piece ids below {words}, got {id}")
        } else if let Some(position) = batch.positions.iter().find(|p| **p as usize >= positions) {
            format!("expected positions below {positions}, got {position}")
        } else {
            return Ok(());
        };
        Err(candle_core::Error::msg(problem).into())
    }

    /// Takes some sequences through all layers.
    fn encode_chunk(&self, batch: &Packed, sequences: Range<usize>, w: &mut Worker, out: &mut [f32]) {
        let offsets = &batch.offsets[sequences.start..=sequences.end];
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        let rows = last - first;
        if rows == 0 {
            return;
        }
        let stride = self.embeddings.norm.stride();
        w.a.resize(rows, self.hidden);
        grow(&mut w.x, rows * stride);
        grow(&mut w.context, rows * stride);
        grow(&mut w.sums, padded(BLOCK, ROW_PAD) * GROUP * PANEL);
        let a_stride = w.a.stride();
        let (ids, positions) = (&batch.ids[first..last], &batch.positions[first..last]);
        let (bytes, scales) = w.a.parts_mut();
        embed(self.isa, &self.embeddings, ids, positions, &mut w.x[..rows * stride], bytes, a_stride, scales);
        for layer in &self.layers {
            self.attention(layer, offsets, w);
            let (bytes, scales) = w.a.parts_mut();
            quantise(self.isa, &w.context[..rows * stride], stride, bytes, a_stride, scales);
            let to = Target { epilogue: Epilogue::Add, out: &mut w.x, stride };
            linear(self.isa, &w.a, 0..rows, &layer.attention, 0..layer.attention.panels(), &mut w.sums, to);
            let (bytes, scales) = w.a.parts_mut();
            norm_and_quantise(self.isa, &mut w.x[..rows * stride], &layer.attention_norm, bytes, a_stride, scales);
            self.feed_forward(layer, rows, w);
            let (bytes, scales) = w.a.parts_mut();
            norm_and_quantise(self.isa, &mut w.x[..rows * stride], &layer.output_norm, bytes, a_stride, scales);
        }
        for (out, x) in out.chunks_exact_mut(self.hidden).zip(w.x.chunks_exact(stride)) {
            out.copy_from_slice(&x[..self.hidden]);
        }
    }

    /// Head by head: its queries, keys and values for all rows, then the attention of each sequence.
    fn attention(&self, layer: &Layer, offsets: &[usize], w: &mut Worker) {
        let first = offsets[0];
        let rows = offsets[offsets.len() - 1] - first;
        let (stride, dims) = (self.embeddings.norm.stride(), self.hidden / self.heads);
        let width = padded(dims, PANEL);
        let panels = 3 * width / PANEL;
        grow(&mut w.head, rows * 3 * width);
        let scale = 1.0 / (dims as f32).sqrt();
        for head in 0..self.heads {
            let to = Target { epilogue: Epilogue::Store, out: &mut w.head, stride: 3 * width };
            linear(self.isa, &w.a, 0..rows, &layer.qkv, head * panels..(head + 1) * panels, &mut w.sums, to);
            for sequence in offsets.windows(2) {
                let (from, to) = (sequence[0] - first, sequence[1] - first);
                grow(&mut w.attention, HeadRows::scratch(width, to - from));
                let rows = HeadRows { rows: &w.head[from * 3 * width..to * 3 * width], width, dims };
                let out = &mut w.context[from * stride + head * dims..];
                attend(self.isa, rows, scale, &mut w.attention, out, stride);
            }
        }
    }

    /// `x += W₂ · gelu(W₁ · a)`, block by block.
    fn feed_forward(&self, layer: &Layer, rows: usize, w: &mut Worker) {
        let stride = self.embeddings.norm.stride();
        let width = layer.intermediate.panels() * PANEL;
        grow(&mut w.inner, BLOCK * width);
        w.b.resize(BLOCK, width);
        let b_stride = w.b.stride();
        for from in (0..rows).step_by(BLOCK) {
            let block = from..rows.min(from + BLOCK);
            let n = block.len();
            let to = Target { epilogue: Epilogue::Gelu, out: &mut w.inner, stride: width };
            linear(self.isa, &w.a, block, &layer.intermediate, 0..layer.intermediate.panels(), &mut w.sums, to);
            let (bytes, scales) = w.b.parts_mut();
            quantise(self.isa, &w.inner[..n * width], width, bytes, b_stride, scales);
            let to = Target { epilogue: Epilogue::Add, out: &mut w.x[from * stride..], stride };
            linear(self.isa, &w.b, 0..n, &layer.output, 0..layer.output.panels(), &mut w.sums, to);
        }
    }
}

/// Where a linear layer's result goes: rows `stride` apart, from the first row and column of `out`.
struct Target<'a> {
    epilogue: Epilogue,
    out: &'a mut [f32],
    stride: usize,
}

/// Some rows through some panels of a linear layer.
fn linear(
    isa: Isa,
    a: &Int8Rows,
    rows: Range<usize>,
    w: &Int8Matrix,
    panels: Range<usize>,
    sums: &mut [i32],
    to: Target<'_>,
) {
    for from in panels.clone().step_by(GROUP) {
        let group = from..panels.end.min(from + GROUP);
        let columns = group.start * PANEL..group.end * PANEL;
        for first in rows.clone().step_by(BLOCK) {
            let block = first..rows.end.min(first + BLOCK);
            product(isa, a.bytes_from(first), block.len(), w, group.clone(), sums);
            let sums = Sums {
                sums: &sums[..block.len() * columns.len()],
                row_scales: &a.scales[block],
                scales: &w.scales[columns.clone()],
                bias: &w.bias[columns.clone()],
            };
            let at = (first - rows.start) * to.stride + (from - panels.start) * PANEL;
            dequantise(isa, sums, to.epilogue, &mut to.out[at..], to.stride);
        }
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
}

/// Cuts sequences into runs of at least `tokens` tokens, or one run more if some are left.
fn chunks(offsets: &[usize], tokens: usize, out: &mut Vec<Range<usize>>) {
    out.clear();
    let mut start = 0;
    for end in 1..offsets.len() {
        if offsets[end] - offsets[start] >= tokens || end + 1 == offsets.len() {
            out.push(start..end);
            start = end;
        }
    }
}

impl Layer {
    fn load(weights: &Weights, prefix: &str, c: &BertConfig) -> Result<Self, ModelError> {
        let (h, i) = (c.hidden_size, c.intermediate_size);
        let name = |part: &str| format!("{prefix}.{part}");
        Ok(Self {
            qkv: qkv(weights, &name("attention.self"), h, c.num_attention_heads)?,
            attention: matrix(weights, &name("attention.output.dense"), h, h)?,
            attention_norm: norm(weights, &name("attention.output.LayerNorm"), h, c)?,
            intermediate: matrix(weights, &name("intermediate.dense"), h, i)?,
            output: matrix(weights, &name("output.dense"), i, h)?,
            output_norm: norm(weights, &name("output.LayerNorm"), h, c)?,
        })
    }
}

fn floats(weights: &Weights, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
    Ok(weights.get(name, shape)?.flatten_all()?.to_vec1()?)
}

fn norm(weights: &Weights, name: &str, width: usize, c: &BertConfig) -> Result<Norm, ModelError> {
    let weight = floats(weights, &format!("{name}.weight"), &[width])?;
    let bias = floats(weights, &format!("{name}.bias"), &[width])?;
    Ok(Norm::new(&weight, &bias, c.layer_norm_eps as f32))
}

fn matrix(weights: &Weights, name: &str, inner: usize, outer: usize) -> Result<Int8Matrix, ModelError> {
    let quantised = weights.quantised(&format!("{name}.weight"), [outer, inner])?;
    let bias = floats(weights, &format!("{name}.bias"), &[outer])?;
    Ok(Int8Matrix::new(&quantised.rows, inner, &quantised.scales, &bias))
}

/// Queries, keys and values as one matrix: for each head its three parts, each padded with zeros to whole panels.
fn qkv(weights: &Weights, prefix: &str, hidden: usize, heads: usize) -> Result<Int8Matrix, ModelError> {
    let dims = hidden / heads;
    let width = padded(dims, PANEL);
    let mut rows = vec![0; 3 * heads * width * hidden];
    let (mut scales, mut bias) = (vec![0.0; 3 * heads * width], vec![0.0; 3 * heads * width]);
    for (part, name) in ["query", "key", "value"].iter().enumerate() {
        let from = weights.quantised(&format!("{prefix}.{name}.weight"), [hidden, hidden])?;
        let from_bias = floats(weights, &format!("{prefix}.{name}.bias"), &[hidden])?;
        for head in 0..heads {
            let (at, source) = ((3 * head + part) * width, head * dims);
            rows[at * hidden..(at + dims) * hidden]
                .copy_from_slice(&from.rows[source * hidden..(source + dims) * hidden]);
            scales[at..at + dims].copy_from_slice(&from.scales[source..source + dims]);
            bias[at..at + dims].copy_from_slice(&from_bias[source..source + dims]);
        }
    }
    Ok(Int8Matrix::new(&rows, hidden, &scales, &bias))
}

fn embeddings(weights: &Weights, c: &BertConfig) -> Result<Embeddings, ModelError> {
    let h = c.hidden_size;
    let table = |name: &str, rows| weights.quantised(&format!("embeddings.{name}_embeddings.weight"), [rows, h]);
    let norm = norm(weights, "embeddings.LayerNorm", h, c)?;
    let stride = norm.stride();
    let (words, positions) = (table("word", c.vocab_size)?, table("position", c.max_position_embeddings)?);
    let types = table("token_type", c.type_vocab_size)?;
    let mut padded_words = vec![0; c.vocab_size * stride];
    for (to, from) in padded_words.chunks_exact_mut(stride).zip(words.rows.chunks_exact(h)) {
        to[..h].copy_from_slice(from);
    }
    let mut sums = vec![0.0; c.max_position_embeddings * stride];
    for ((to, from), scale) in sums.chunks_exact_mut(stride).zip(positions.rows.chunks_exact(h)).zip(&*positions.scales)
    {
        for ((to, from), kind) in to.iter_mut().zip(from).zip(&*types.rows) {
            *to = f32::from(*from) * scale + f32::from(*kind) * types.scales[0];
        }
    }
    Ok(Embeddings { words: padded_words, scales: words.scales.into_owned(), positions: sums, norm })
}

#[cfg(test)]
#[path = "packed_tests.rs"]
mod tests;
