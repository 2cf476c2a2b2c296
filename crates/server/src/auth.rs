//! Who the caller is and what they may do.

pub mod assignment;
pub mod attempts;
pub mod authenticate;
pub mod credentials;
pub mod identities;
pub mod password;
pub mod permission;
pub mod principal;
pub mod provisioner_secret;
pub mod roles;
pub mod token;
