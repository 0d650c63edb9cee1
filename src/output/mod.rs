//! Records and their exporters.

mod record;

pub use record::{
    ErrorBody, ErrorRecord, Line, Record, Scores, SpanRecord, SpeakerRecord, StatementRecord, TargetRecord,
};
