//! What a server says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// Which server this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::BuildInfoResponse)]
pub struct BuildInfoResponse {
    /// Where this version is described.
    pub external_url: String,
    /// The version of Coder whose API this is, with orgd's own version as build metadata.
    pub version: String,
    /// The URL under which clients reach the server: as configured, or as the caller did.
    pub dashboard_url: String,
    /// False: nothing is sent anywhere.
    pub telemetry: bool,
    /// False: the server is no proxy of another one.
    pub workspace_proxy: bool,
    /// Empty: the server has no workspace agents.
    pub agent_api_version: String,
    /// The version of Coder's provisioner API whose jobs are queued here.
    pub provisioner_api_version: String,
    /// What to tell somebody whose client is too old; empty.
    pub upgrade_message: String,
    /// Names the installation: the same for all servers of one database, and another for every other database.
    pub deployment_id: String,
}

/// What the server can do that Coder's licences distinguish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Entitlements)]
pub struct Entitlements {
    /// Every feature that Coder's licences know, by name.
    pub features: BTreeMap<String, Feature>,
    /// Empty.
    pub warnings: Vec<String>,
    /// Empty.
    pub errors: Vec<String>,
    /// True, so that clients offer what is here; there is nothing to buy.
    pub has_license: bool,
    /// False.
    pub trial: bool,
    /// False.
    pub require_telemetry: bool,
    /// When this was said.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub refreshed_at: Timestamp,
}

/// Whether a feature is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Feature)]
pub struct Feature {
    /// `entitled` when it is here.
    pub entitlement: Entitlement,
    /// True when it is here.
    pub enabled: bool,
}

/// Whether a feature may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Entitlement)]
#[serde(rename_all = "snake_case")]
pub enum Entitlement {
    /// It may.
    Entitled,
    /// It is not here.
    NotEntitled,
}
