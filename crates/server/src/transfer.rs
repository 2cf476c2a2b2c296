//! Moving organizations and provisioner jobs in and out of a database as JSON: what a Coder server answers, saved to a file.
//!
//! Both directions work record by record, so a file of any size takes little memory. Knows no HTTP and no command line; where
//! the text comes from and goes to is the caller's.

mod counts;
mod export;
mod fault;
mod frame;
mod import;
mod owners;
mod record;
mod rules;

pub use counts::Counts;
pub use export::{ExportError, export};
pub use fault::{Fault, Place};
pub use frame::LONGEST_OBJECT;
pub use import::{Faults, ImportError, MOST_FAULTS, Options, Progress, Source, Summary, import, read_without_database};
pub(crate) use rules::organization_rules_broken_by;
