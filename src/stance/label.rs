//! The three stances and small sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a speaker does toward a country by saying something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// Refuses, rules out or dismisses what the country offers, demands, wants or claims, or relations with it.
    Reject,
    /// Blames, condemns, criticises the country or alleges wrongdoing by it.
    Accuse,
    /// Calls on the country to do, or to stop doing, something.
    Urge,
}

impl Stance {
    /// All stances, in the order of the model's outputs.
    pub const ALL: [Self; 3] = [Self::Reject, Self::Accuse, Self::Urge];

    /// The label as written in records and in the corpus.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Accuse => "accuse",
            Self::Urge => "urge",
        }
    }
}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A string that names no stance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a stance (reject, accuse or urge), got {0:?}")]
pub struct InvalidStance(String);

impl FromStr for Stance {
    type Err = InvalidStance;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|l| l.as_str() == s).ok_or_else(|| InvalidStance(s.to_owned()))
    }
}
