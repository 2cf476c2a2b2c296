//! What the build script generated from the documented contract.

#![expect(missing_docs, reason = "the document describes keys and operations, not each value of a list")]
#![expect(clippy::allow_attributes, clippy::too_many_lines, clippy::unwrap_used, reason = "not written by hand")]

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
