//! Numerical kernels on slices. The only place of the project with `unsafe` code.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod amx_bf16;
mod attend;
mod gemm;
mod int8;
#[cfg(target_arch = "x86_64")]
mod int8_x86;
mod isa;
mod lanes;
mod math;
mod peak;
mod rows;

pub use attend::{HeadRows, attend};
pub use gemm::{View, has_bf16, matmul, with_bf16};
pub use int8::{Int8Matrix, Int8Rows, PANEL, ROW_PAD, padded, product};
pub use isa::Isa;
pub use math::{
    add_bias, gelu, gelu_backward, layer_norm, layer_norm_backward, softmax_rows, softmax_rows_backward, sum_rows,
};
pub use peak::int8_peak;
pub use rows::{Embeddings, Epilogue, Norm, Sums, dequantise, embed, norm_and_quantise, quantise};
