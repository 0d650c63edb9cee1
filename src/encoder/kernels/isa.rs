//! The instruction set that the inference kernels run on.

/// What the kernels may be compiled for, from the slowest to the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// What the target has at least.
    Portable,
    /// AVX2 with FMA: int16 products.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX2 with FMA and AVX-VNNI: int8 dot products on 256 bits, of processors without AVX-512.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX-512 with VNNI: int8 dot products.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The above, and AMX int8 tiles.
    #[cfg(target_arch = "x86_64")]
    Amx,
}

/// An instruction set that this processor has been found to have.
///
/// Values can be had from detection only, so whoever holds one may run the code compiled for it. All of them give
/// the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Isa(Level);

impl Isa {
    /// The environment variable that overrides [`Isa::best`], for tests and benchmarks: one of the [`Isa::name`]s.
    pub const VARIABLE: &'static str = "DEMARCHE_ISA";

    /// Every instruction set of this processor, slowest first.
    pub fn available() -> Vec<Self> {
        let mut out = vec![Self(Level::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                out.push(Self(Level::Avx2));
                if is_x86_feature_detected!("avxvnni") {
                    out.push(Self(Level::AvxVnni));
                }
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
                && is_x86_feature_detected!("fma")
            {
                out.push(Self(Level::Avx512));
                if super::amx::usable() {
                    out.push(Self(Level::Amx));
                }
            }
        }
        out
    }

    /// The one of this [`Isa::name`], if the processor has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().into_iter().find(|isa| isa.name() == name)
    }

    /// The fastest of this processor, or the one that [`Isa::VARIABLE`] names if the processor has it.
    pub fn best() -> Self {
        let wanted = std::env::var(Self::VARIABLE).ok().and_then(|name| Self::named(&name));
        wanted.or_else(|| Self::available().pop()).unwrap_or(Self(Level::Portable))
    }

    /// `portable`, `avx2`, `avxvnni`, `avx512` or `amx`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Amx => "amx",
        }
    }

    pub(super) fn level(self) -> Level {
        self.0
    }
}

/// Compiles a body that is generic over [`Lanes`](super::lanes::Lanes) for every instruction set, and dispatches on an
/// [`Isa`].
macro_rules! dispatch {
    ($(#[$meta:meta])* pub fn $name:ident($($arg:ident : $ty:ty),* $(,)?) = $body:ident) => {
        $(#[$meta])*
        #[allow(unsafe_code, clippy::too_many_arguments)]
        pub fn $name(isa: $crate::encoder::kernels::Isa, $($arg: $ty),*) {
            use $crate::encoder::kernels::isa::Level;
            match isa.level() {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 | Level::Amx => {
                    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                    fn avx512($($arg: $ty),*) { $body::<$crate::encoder::kernels::lanes::Avx512>($($arg),*) }
                    // SAFETY: an `Isa` of this level exists only where these features were detected.
                    unsafe { avx512($($arg),*) }
                }
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 | Level::AvxVnni => {
                    #[target_feature(enable = "avx2,fma")]
                    fn avx2($($arg: $ty),*) { $body::<$crate::encoder::kernels::lanes::Avx2>($($arg),*) }
                    // SAFETY: as above.
                    unsafe { avx2($($arg),*) }
                }
                Level::Portable => $body::<$crate::encoder::kernels::lanes::Portable>($($arg),*),
            }
        }
    };
}

pub(super) use dispatch;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruction_sets_come_slowest_first_and_are_found_by_name() {
        let all = Isa::available();
        assert_eq!(all[0].name(), "portable");
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        for isa in all {
            assert_eq!(Isa::named(isa.name()), Some(isa));
        }
        assert_eq!(Isa::named("mmx"), None);
    }
}
