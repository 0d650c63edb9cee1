//! Country codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 3166-1 alpha-3 code, or `XKX`, `TWN`, `PSE`: three upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 3]);

/// Codes of ISO 3166-1 that are no sovereign states.
const DEPENDENT: [&str; 50] = [
    "ABW", "AIA", "ALA", "ASM", "ATA", "ATF", "BES", "BLM", "BMU", "BVT", "CCK", "CUW", "CXR", "CYM", "ESH", "FLK",
    "FRO", "GGY", "GIB", "GLP", "GRL", "GUF", "GUM", "HKG", "HMD", "IMN", "IOT", "JEY", "MAC", "MAF", "MNP", "MSR",
    "MTQ", "MYT", "NCL", "NFK", "PCN", "PRI", "PYF", "REU", "SHN", "SJM", "SPM", "SXM", "TCA", "TKL", "UMI", "VGB",
    "VIR", "WLF",
];

impl Country {
    /// The code of three upper-case ASCII letters, or `None`.
    pub const fn new(code: &str) -> Option<Self> {
        let b = code.as_bytes();
        if b.len() != 3 {
            return None;
        }
        let mut i = 0;
        while i < 3 {
            if !b[i].is_ascii_uppercase() {
                return None;
            }
            i += 1;
        }
        Some(Self([b[0], b[1], b[2]]))
    }

    /// Whether the code is that of a territory that depends on a state: no target, and no state that a speaker serves. Territories that
    /// speak for themselves in international bodies (the Cook Islands, Niue) are not counted here.
    pub fn is_dependent(self) -> bool {
        DEPENDENT.contains(&self.as_str())
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that is no country code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a country code of three capital letters (ISO 3166-1 alpha-3), got {0:?}")]
pub struct InvalidCountry(String);

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s).ok_or_else(|| InvalidCountry(s.to_owned()))
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}
