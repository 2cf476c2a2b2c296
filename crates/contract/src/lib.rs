//! The documented contract as data: reads the files of `openapi/`, lists their operations, compares OpenAPI documents, and
//! writes the operations as Rust enums and the document as OpenAPI 3.0.3. It knows nothing of the server, of utoipa, of HTTP or of a database.

mod compare;
mod contract;
mod enums;
mod error;
pub mod openapi_30;
mod place;
mod pointer;
mod reference;

pub use compare::{Difference, compare};
pub use contract::{Contract, OperationSpec};
pub use enums::operation_enums;
pub use error::ContractError;
