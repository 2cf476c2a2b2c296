//! What jobs work on: a job of each type, queued with a subject that can be named in a path.

use serde_json::json;
use uuid::Uuid;

use super::server::TestServer;

/// A workspace build.
pub const BUILD: Uuid = Uuid::from_u128(0xb1);
/// A template version.
pub const VERSION: Uuid = Uuid::from_u128(0xb2);
/// A dry run of that version.
pub const DRY_RUN: Uuid = Uuid::from_u128(0x4b);

/// Queues a job for each of them, which no worker takes.
#[track_caller]
pub fn queue_one_of_each_type(server: &TestServer) {
    let tags = json!({"what": "nobody takes"});
    for body in [
        json!({"type": "workspace_build", "tags": tags, "input": {"workspace_build_id": BUILD}}),
        json!({"type": "template_version_import", "tags": tags, "input": {"template_version_id": VERSION}}),
        json!({"type": "template_version_dry_run", "id": DRY_RUN, "tags": tags, "input": {"template_version_id": VERSION}}),
    ] {
        server.owner().post("/organizations/coder/provisionerjobs", body).expect(201);
    }
}
