//! The corpus in other formats. Offsets are Unicode code points.

mod brat;
mod columns;
mod records;

pub use brat::{BRAT_CONFIGURATION, brat, write_brat};
pub use columns::write_columns;
pub use records::{GoldRecord, gold_record, write_records};
