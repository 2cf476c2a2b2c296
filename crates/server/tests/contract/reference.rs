//! The facts of Coder's published reference of the Organizations API, release line 2.32. This is the fixed point: it changes
//! when the reference does, never because `openapi/` did.

/// One published operation.
pub struct Operation {
    /// Method in lower case, as it is a key of the document.
    pub method: &'static str,
    pub path: &'static str,
    pub summary: &'static str,
    /// `name in place, required or optional, type: description`, in the published order.
    pub parameters: &'static [&'static str],
    /// `schema: description` of the body, which is always required.
    pub body: Option<&'static str>,
    /// `status description: schema` of the one published answer.
    pub success: &'static str,
}

/// The seven operations. All have the tag Organizations and need a session token.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: "/organizations",
        summary: "Get organizations",
        parameters: &[],
        body: None,
        success: "200 OK: array(codersdk.Organization)",
    },
    Operation {
        method: "post",
        path: "/organizations",
        summary: "Create organization",
        parameters: &[],
        body: Some("codersdk.CreateOrganizationRequest: Create organization request"),
        success: "201 Created: codersdk.Organization",
    },
    Operation {
        method: "get",
        path: "/organizations/{organization}",
        summary: "Get organization by ID",
        parameters: &["organization in path, required, string(uuid): Organization ID"],
        body: None,
        success: "200 OK: codersdk.Organization",
    },
    Operation {
        method: "delete",
        path: "/organizations/{organization}",
        summary: "Delete organization",
        parameters: &["organization in path, required, string: Organization ID or name"],
        body: None,
        success: "200 OK: codersdk.Response",
    },
    Operation {
        method: "patch",
        path: "/organizations/{organization}",
        summary: "Update organization",
        parameters: &["organization in path, required, string: Organization ID or name"],
        body: Some("codersdk.UpdateOrganizationRequest: Patch organization request"),
        success: "200 OK: codersdk.Organization",
    },
    Operation {
        method: "get",
        path: "/organizations/{organization}/provisionerjobs",
        summary: "Get provisioner jobs",
        parameters: &[
            "organization in path, required, string(uuid): Organization ID",
            "limit in query, optional, integer: Page limit",
            "ids in query, optional, array(string(uuid)): Filter results by job IDs",
            "status in query, optional, string canceled|canceling|failed|pending|running|succeeded|unknown: Filter results by status",
            "tags in query, optional, object(string): Provisioner tags to filter by (JSON of the form {'tag1':'value1','tag2':'value2'})",
            "initiator in query, optional, string(uuid): Filter results by initiator",
        ],
        body: None,
        success: "200 OK: array(codersdk.ProvisionerJob)",
    },
    Operation {
        method: "get",
        path: "/organizations/{organization}/provisionerjobs/{job}",
        summary: "Get provisioner job",
        parameters: &[
            "organization in path, required, string(uuid): Organization ID",
            "job in path, required, string(uuid): Job ID",
        ],
        body: None,
        success: "200 OK: codersdk.ProvisionerJob",
    },
];

/// The schemas that they use, by name: `field, required or optional, type`, or the values of an enum.
pub const SCHEMAS: &[(&str, &[&str])] = &[
    (
        "codersdk.Organization",
        &[
            "created_at, required, string(date-time)",
            "description, optional, string",
            "display_name, optional, string",
            "icon, optional, string",
            "id, required, string(uuid)",
            "is_default, required, boolean",
            "name, optional, string",
            "updated_at, required, string(date-time)",
        ],
    ),
    (
        "codersdk.CreateOrganizationRequest",
        &[
            "description, optional, string",
            "display_name, optional, string",
            "icon, optional, string",
            "name, required, string",
        ],
    ),
    (
        "codersdk.UpdateOrganizationRequest",
        &[
            "description, optional, string",
            "display_name, optional, string",
            "icon, optional, string",
            "name, optional, string",
        ],
    ),
    (
        "codersdk.ProvisionerJob",
        &[
            "available_workers, optional, array(string(uuid))",
            "canceled_at, optional, string(date-time)",
            "completed_at, optional, string(date-time)",
            "created_at, optional, string(date-time)",
            "error, optional, string",
            "error_code, optional, codersdk.JobErrorCode",
            "file_id, optional, string(uuid)",
            "id, optional, string(uuid)",
            "initiator_id, optional, string(uuid)",
            "input, optional, codersdk.ProvisionerJobInput",
            "logs_overflowed, optional, boolean",
            "metadata, optional, codersdk.ProvisionerJobMetadata",
            "organization_id, optional, string(uuid)",
            "queue_position, optional, integer",
            "queue_size, optional, integer",
            "started_at, optional, string(date-time)",
            "status, optional, codersdk.ProvisionerJobStatus",
            "tags, optional, object(string)",
            "type, optional, codersdk.ProvisionerJobType",
            "worker_id, optional, string(uuid)",
            "worker_name, optional, string",
        ],
    ),
    (
        "codersdk.ProvisionerJobInput",
        &[
            "error, optional, string",
            "template_version_id, optional, string(uuid)",
            "workspace_build_id, optional, string(uuid)",
        ],
    ),
    (
        "codersdk.ProvisionerJobMetadata",
        &[
            "template_display_name, optional, string",
            "template_icon, optional, string",
            "template_id, optional, string(uuid)",
            "template_name, optional, string",
            "template_version_name, optional, string",
            "workspace_id, optional, string(uuid)",
            "workspace_name, optional, string",
        ],
    ),
    ("codersdk.ProvisionerJobStatus", &["string canceled|canceling|failed|pending|running|succeeded"]),
    ("codersdk.ProvisionerJobType", &["string template_version_dry_run|template_version_import|workspace_build"]),
    ("codersdk.JobErrorCode", &["string REQUIRED_TEMPLATE_VARIABLES"]),
    // The page shows the next two by an example only: the keys and their types are its facts, what is required is ours.
    (
        "codersdk.Response",
        &[
            "detail, optional, string",
            "message, required, string",
            "validations, optional, array(codersdk.ValidationError)",
        ],
    ),
    ("codersdk.ValidationError", &["detail, required, string", "field, required, string"]),
];
