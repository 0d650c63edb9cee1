//! The rules by which a speaker is resolved, for readers who ask why.

/// By which rule a source was taken for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameRule {
    /// The source names a person; the fullest form of the name was taken.
    Named,
    /// The source is a description, and the text says who fits it.
    Role,
    /// The source repeats an earlier, fuller description.
    Repeated,
    /// A personal pronoun, by gender and recency.
    Pronoun,
    /// A relative pronoun, by what stands before it.
    Relative,
    /// *I*, *we*: whoever speaks the words around it.
    Self_,
    /// A speech without a source that goes on.
    Continued,
    /// A line that begins with who speaks, or the answer of an interview.
    Label,
    /// The words of the source stand for themselves.
    Words,
}

impl NameRule {
    /// The rule in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named in the source",
            Self::Role => "bears the title of the source",
            Self::Repeated => "described more fully before",
            Self::Pronoun => "last fit for the pronoun",
            Self::Relative => "stands before the relative pronoun",
            Self::Self_ => "speaks the words around",
            Self::Continued => "goes on speaking",
            Self::Label => "labels the line",
            Self::Words => "the words of the source",
        }
    }
}

/// By which rule a speaker got a country, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountryRule {
    /// The speaker's own words name it: *the Omani envoy*, *Peru*.
    Own,
    /// Two countries or more speak together.
    Several,
    /// A body of no state: the United Nations, a news agency, an armed group.
    Stateless,
    /// The gazetteer knows the person as a leader at the article's date.
    Leader,
    /// The office exists in one country alone: *the Knesset*.
    Office,
    /// *its*, *their*, *his*: the country in question just before.
    Possessive,
    /// The state in question at that place: of the paragraph, of the dateline, of the speaker before.
    Vicinity,
    /// Nothing tells.
    Unknown,
}

impl CountryRule {
    /// The rule in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "named with the speaker",
            Self::Several => "several countries speak",
            Self::Stateless => "belongs to no state",
            Self::Leader => "known leader",
            Self::Office => "office of one country",
            Self::Possessive => "the country just spoken of",
            Self::Vicinity => "the state in question here",
            Self::Unknown => "nothing tells",
        }
    }
}
