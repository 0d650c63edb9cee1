//! People who lead or speak for a country.

use super::Country;
use super::data::month;

/// What a leader was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Office {
    /// President.
    President,
    /// King, queen, emir, emperor, pope.
    Monarch,
    /// Leader above the government, such as the head of the one party.
    Leader,
    /// Prime minister, chancellor, premier.
    Government,
    /// Foreign minister, secretary of state.
    Foreign,
    /// Defence minister.
    Defence,
}

impl Office {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "president" => Self::President,
            "monarch" => Self::Monarch,
            "leader" => Self::Leader,
            "government" => Self::Government,
            "foreign" => Self::Foreign,
            "defence" => Self::Defence,
            _ => return None,
        })
    }
}

/// A person in an office, for one term. Someone who held two offices, or one of them twice, is there twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Of which country.
    pub country: Country,
    /// What they were.
    pub office: Office,
    /// The full name, the usual spelling first.
    pub names: Vec<String>,
    /// The surname in its spellings, and whether it names the leader without a title or a first name.
    pub surnames: Vec<(String, bool)>,
    /// First month in office, counted from the year 0.
    pub(super) from: i32,
    /// Last month in office; none if still in office.
    pub(super) to: Option<i32>,
}

/// Months by which an office may be missed: articles look ahead to a new leader and back to the last one.
const GRACE: i32 = 6;
/// Months before the office from which a distinctive surname already names the leader to be.
const CANDIDACY: i32 = 24;

impl Leader {
    /// Whether the leader was in office in the month of `date`; with `grace`, some months around it count too.
    pub fn in_office(&self, date: &str, grace: bool) -> bool {
        let Some((first, last)) = month(date) else { return false };
        let grace = if grace { GRACE } else { 0 };
        self.from - grace <= last && self.to.is_none_or(|to| first <= to + grace)
    }

    /// Whether the leader was known as such by `date`: in office, about to be, or out of it.
    pub(super) fn known(&self, date: &str) -> bool {
        month(date).is_none_or(|(_, last)| self.from - CANDIDACY <= last)
    }

    /// Whether `name` is the full name, whatever its case.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|own| same(own, name))
    }

    /// Whether `name` is the surname, whatever its case.
    pub(super) fn is_surnamed(&self, name: &str) -> bool {
        self.surnames.iter().any(|(own, _)| same(own, name))
    }

    /// The first surname that names the leader alone.
    pub(super) fn distinctive(&self) -> Option<&str> {
        self.surnames.iter().find(|(_, distinctive)| *distinctive).map(|(name, _)| name.as_str())
    }

    /// Months that lie between the terms of two leaders, 0 if the terms overlap.
    pub(super) fn apart(&self, other: &Self) -> i32 {
        let end = |l: &Self| l.to.unwrap_or(i32::MAX);
        (self.from.saturating_sub(end(other))).max(other.from.saturating_sub(end(self))).max(0)
    }
}

/// Whether two names are the same but for their case.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}
