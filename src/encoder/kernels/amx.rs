//! The int8 product on AMX tiles.
//!
//! Rust has no stable intrinsics for AMX, so this is assembly. No tile outlives its assembly block: each block
//! configures the tiles, uses them and releases them, so the compiler need not know of them, and a thread that is
//! switched away between blocks has no tile state (8 KiB) to save.

use std::arch::asm;
use std::sync::OnceLock;

use super::int8::{LINE, PANEL, ROW_PAD, Task};
use super::isa::{Isa, Level};

/// Whether the processor has AMX int8 and the system lets this process use it. Asks the system once.
pub(super) fn usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| detected() && permitted())
}

fn detected() -> bool {
    let leaf = std::arch::x86_64::__cpuid_count(7, 0);
    let (tile, int8) = (1 << 24, 1 << 25);
    leaf.edx & tile != 0 && leaf.edx & int8 != 0
}

/// Linux makes the tile state available to processes that ask for it, with `arch_prctl(ARCH_REQ_XCOMP_PERM,
/// XFEATURE_XTILEDATA)`; the permission holds for all threads.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let mut result = ARCH_PRCTL;
    // SAFETY: a system call that reads and writes no memory of ours; rcx and r11 are what `syscall` clobbers.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") result,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Tiles of 16 rows by 64 bytes, all eight: what `ldtilecfg` reads.
#[repr(C, align(64))]
pub(super) struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

pub(super) const WHOLE_TILES: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// What the assembly reads by offset; in this order, eight bytes each.
#[repr(C)]
struct Strip {
    /// First activation row.
    a: *const u8,
    /// Bytes from one activation row to the next.
    stride: usize,
    /// First of two neighbouring panels.
    panel: *const u8,
    panel_bytes: usize,
    /// 32 offsets.
    offsets: *const i32,
    /// First sum.
    out: *mut i32,
    /// Bytes from one row of sums to the next.
    out_stride: usize,
    /// Times 32 rows; at least 1.
    tiles: usize,
    /// Lines of 16 × 4 inputs over 16: steps of one tile product; at least 1.
    steps: usize,
}

/// [`product`](super::int8::product) on AMX tiles: 32 rows by two panels at a time, so that four loads of tiles feed
/// four products. A product takes twice as long as a load, so the loads hide behind them. Rows up to the next multiple
/// of [`ROW_PAD`] are computed too. An odd last panel is left to AVX-512.
///
/// # Panics
/// If `isa` is less than AMX.
#[allow(unsafe_code)]
pub(super) fn product(isa: Isa, t: Task<'_>, out: &mut [i32]) {
    assert!(isa.level() >= Level::Amx);
    let width = t.offsets.len();
    let (panels, tiles, steps) = (width / PANEL, t.rows.div_ceil(ROW_PAD), t.stride / LINE);
    if t.rows == 0 || steps == 0 || panels < 2 {
        return super::int8_x86::avx512(isa, t, 0, out);
    }
    assert!(tiles * ROW_PAD * t.stride <= t.a.len() && tiles * ROW_PAD * width <= out.len());
    assert!(panels * t.panel_bytes() <= t.panels.len());
    for panel in (0..panels - 1).step_by(2) {
        // SAFETY: `panel + 1 < panels`, so both panels, their 32 offsets and their columns of `out` are inside what was
        // asserted, as are `tiles · 32` rows of activations and of sums. The tile instructions are there, and the
        // process may use them, since an `Isa` of this level exists only where `usable` said so.
        unsafe {
            strip(&Strip {
                a: t.a.as_ptr(),
                stride: t.stride,
                panel: t.panels.as_ptr().add(panel * t.panel_bytes()),
                panel_bytes: t.panel_bytes(),
                offsets: t.offsets.as_ptr().add(panel * PANEL),
                out: out.as_mut_ptr().add(panel * PANEL),
                out_stride: width * 4,
                tiles,
                steps,
            });
        }
    }
    if panels % 2 == 1 {
        super::int8_x86::avx512(isa, t, panels - 1, out);
    }
}

/// # Safety
/// The pointers of `s` must be good for what its fields say, and the AMX int8 instructions usable.
#[allow(unsafe_code)]
#[inline]
unsafe fn strip(s: &Strip) {
    // SAFETY: the caller's promise. Reads activations, panels, offsets, the configuration and `s`; writes `tiles · 32`
    // rows of 32 sums. Tiles 0 to 3 are sums (rows 0-15 and 16-31 by both panels), 4 and 5 activations, 6 and 7
    // weights. Sums start at the offsets: a tile load with stride 0 repeats one line sixteen times.
    unsafe {
        asm!(
            "ldtilecfg [{config}]",
            "mov {stride}, [{s} + 8]",
            "mov {a}, [{s}]",
            "mov {out}, [{s} + 40]",
            "mov {tiles}, [{s} + 56]",
            "2:",
            "mov {b0}, [{s} + 32]",
            "xor {k:e}, {k:e}",
            "tileloadd tmm0, [{b0} + {k}*1]",
            "tileloadd tmm1, [{b0} + {k}*1 + 64]",
            "tileloadd tmm2, [{b0} + {k}*1]",
            "tileloadd tmm3, [{b0} + {k}*1 + 64]",
            "mov {a1}, {stride}",
            "shl {a1}, 4",
            "add {a1}, {a}",
            "mov {b0}, [{s} + 16]",
            "mov {b1}, {b0}",
            "add {b1}, [{s} + 24]",
            "mov {line:e}, 64",
            "mov {k}, [{s} + 64]",
            "3:",
            "tileloadd tmm6, [{b0} + {line}*1]",
            "tileloadd tmm4, [{a} + {stride}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b1} + {line}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a1} + {stride}*1]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {a}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "dec {k}",
            "jnz 3b",
            "mov {k}, [{s} + 48]",
            "tilestored [{out} + {k}*1], tmm0",
            "tilestored [{out} + {k}*1 + 64], tmm1",
            "shl {k}, 4",
            "add {out}, {k}",
            "mov {b0}, [{s} + 48]",
            "tilestored [{out} + {b0}*1], tmm2",
            "tilestored [{out} + {b0}*1 + 64], tmm3",
            "add {out}, {k}",
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

/// Does `steps` rounds of four tile products without loads; gives the number of operations.
///
/// # Panics
/// If `isa` is less than AMX.
#[allow(unsafe_code)]
pub(super) fn peak(isa: Isa, steps: usize) -> usize {
    assert!(isa.level() >= Level::Amx && steps > 0);
    // SAFETY: as in `strip`; touches no memory but the configuration.
    unsafe {
        asm!(
            "ldtilecfg [{config}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", "tilezero tmm4", "tilezero tmm5",
            "2:",
            "tdpbusd tmm0, tmm4, tmm5",
            "tdpbusd tmm1, tmm4, tmm5",
            "tdpbusd tmm2, tmm4, tmm5",
            "tdpbusd tmm3, tmm4, tmm5",
            "dec {n}",
            "jnz 2b",
            "tilerelease",
            config = in(reg) &WHOLE_TILES,
            n = inout(reg) steps => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _,
            options(nostack),
        );
    }
    steps * 4 * 2 * 16 * 16 * 64
}
