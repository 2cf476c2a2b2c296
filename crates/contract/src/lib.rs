//! The documented contract as data: reads the files of `openapi/`, lists their operations, compares OpenAPI documents and holds
//! them against rules, and writes the operations as Rust enums, the document as JSON or YAML, in OpenAPI 3.1 or 3.0.3, and its reference as
//! Markdown. It knows nothing of the server, of utoipa, of HTTP or of a database.

mod changes;
mod closed;
mod compare;
mod contract;
mod docs;
mod enums;
mod error;
mod form;
#[cfg(feature = "lint")]
mod lint;
pub mod openapi_30;
mod place;
mod pointer;
mod reference;

pub use changes::{ApiChange, Class, VersionError, changes, parse_version, required_version};
pub use closed::forbid_other_keys;
pub use compare::{Difference, compare};
pub use contract::{Contract, OperationSpec};
pub use docs::{Page, pages};
pub use enums::operation_enums;
pub use error::ContractError;
pub use form::{Form, FormError, Format, Version};
#[cfg(feature = "lint")]
pub use lint::{Finding, lint};
pub use pointer::unescape_segment;
pub use reference::complete;
