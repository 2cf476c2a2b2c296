//! The documented contract as data: reads the files of `openapi/`, lists their operations, compares OpenAPI documents, and
//! writes the operations as Rust enums. It knows nothing of the server, of utoipa, of HTTP or of a database.

mod compare;
mod contract;
mod enums;
mod error;
mod place;
mod pointer;
mod reference;

pub use compare::{Difference, compare};
pub use contract::{Contract, OperationSpec};
pub use enums::operation_enums;
pub use error::ContractError;
