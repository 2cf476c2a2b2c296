//! What the server says of itself.

use std::collections::BTreeMap;

use orgd_api_types::{Entitlement, Entitlements, Feature};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::Services;

/// The features that Coder's licences distinguish, and whether this server has them.
const FEATURES: &[(&str, bool)] = &[
    ("access_control", false),
    ("advanced_template_scheduling", false),
    ("ai_governance_user_limit", false),
    ("aibridge", false),
    ("appearance", false),
    ("audit_log", true),
    ("boundary", false),
    ("browser_only", false),
    ("connection_log", false),
    ("control_shared_ports", false),
    ("custom_roles", false),
    ("external_provisioner_daemons", true),
    ("external_token_encryption", false),
    ("high_availability", true),
    ("managed_agent_limit", false),
    ("multiple_external_auth", false),
    ("multiple_organizations", true),
    ("scim", false),
    ("service_accounts", false),
    ("task_batch_actions", false),
    ("template_rbac", false),
    ("user_limit", false),
    ("user_role_management", true),
    ("workspace_batch_actions", false),
    ("workspace_external_agent", false),
    ("workspace_prebuilds", false),
    ("workspace_proxy", false),
];

impl Services {
    /// What this server can do.
    pub fn get_entitlements(&self) -> Entitlements {
        let feature = |is_here: bool| Feature {
            entitlement: if is_here { Entitlement::Entitled } else { Entitlement::NotEntitled },
            enabled: is_here,
        };
        let features = FEATURES.iter().map(|(name, is_here)| ((*name).to_owned(), feature(*is_here)));
        Entitlements {
            features: features.collect::<BTreeMap<_, _>>(),
            warnings: Vec::new(),
            errors: Vec::new(),
            has_license: true,
            trial: false,
            require_telemetry: false,
            refreshed_at: self.clock.now(),
        }
    }

    /// Names the installation. It follows from its default organization, which every database has exactly one of and keeps for
    /// good, and does not give that away.
    pub fn deployment_id(&self) -> Uuid {
        let snapshot = self.model.load();
        let default = snapshot.organizations.default_organization().map(|cached| cached.organization.id);
        let digest = Sha256::new_with_prefix("orgd deployment").chain_update(default.unwrap_or_default()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}
