//! Holds a server against the documented contract of `openapi/`, which is compiled in: sends requests over plain HTTP, judges each
//! answer, and knows where Coder's server answers otherwise on purpose. It knows nothing of orgd's code and prints nothing.

mod call;
mod case;
mod cases;
mod cleanup;
mod contract;
mod differences;
mod exchange;
mod guard;
mod mask;
mod report;
mod run;
mod runner;
mod server;
mod targets;

pub use case::{Aspect, CaseInfo, Finding, Verdict};
pub use differences::{Difference, Differences};
pub use exchange::Exchange;
pub use report::{CaseResult, Counts, Report};
pub use runner::{Error, Interruption, Kind, Options, list, run};
