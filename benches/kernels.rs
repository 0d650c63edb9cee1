//! The int8 product at the encoder's four shapes, in operations a second, beside the machine's bare int8 peak.
//!
//! `cargo bench --bench kernels`; one thread. A product of 64 rows is what the encoder asks for at once.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use demarche::encoder::kernels::{Int8Matrix, Int8Rows, Isa, PANEL, int8_peak, product};

/// Name, inputs, outputs.
const SHAPES: [(&str, usize, usize); 4] =
    [("qkv", 384, 1152), ("attention", 384, 384), ("intermediate", 384, 1536), ("output", 1536, 384)];
const ROWS: usize = 64;

fn products(c: &mut Criterion) {
    for isa in Isa::available() {
        eprintln!("{}: bare peak {:.0} GOP/s a thread", isa.name(), int8_peak(isa, Duration::from_millis(200)));
    }
    let mut group = c.benchmark_group("int8");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, inner, outer) in SHAPES {
        let weights: Vec<i8> = (0..inner * outer).map(|i| (i * 31 % 255) as u8 as i8).collect();
        let matrix = Int8Matrix::new(&weights, inner, &vec![1.0; outer], &vec![0.0; outer]);
        let mut rows = Int8Rows::default();
        rows.resize(ROWS, inner);
        let mut out = vec![0; ROWS * 6 * PANEL];
        // Two operations, a multiplication and an addition, for each weight and row.
        group.throughput(Throughput::Elements((2 * ROWS * inner * outer) as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(name, isa.name()), |b| {
                b.iter(|| {
                    for panel in (0..matrix.panels()).step_by(6) {
                        product(isa, rows.bytes_from(0), ROWS, &matrix, panel..panel + 6, black_box(&mut out));
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, products);
criterion_main!(benches);
