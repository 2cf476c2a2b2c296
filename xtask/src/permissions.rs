//! `cargo xtask permissions`: writes the page of permissions from the table in `orgd::auth::permission`, or checks that the page
//! says what the table says.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use orgd::auth::permission::{Permission, permission};
use orgd::auth::roles::Role;
use orgd::operations::Operation;

use crate::page::WrittenPage;

/// The page.
const PAGE: WrittenPage = WrittenPage {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PERMISSIONS.md"),
    name: "docs/PERMISSIONS.md",
    source: "table",
    command: "cargo xtask permissions",
};
/// The security scheme of workers.
const PROVISIONER_KEY: &str = "CoderProvisionerKey";

const HEAD: &str = "# Who may do what

Written by `cargo xtask permissions` from the table that the server decides by (`crates/server/src/auth/permission.rs`); a change \
made here by hand fails CI.

A role of the whole installation holds in every organization; a role of an organization holds in that one, for its members. \
*Oneself* means that everybody has the permission over their own user. A session token with the scope `application_connect` has \
none of these permissions.

Who lacks a permission gets one of two answers. **404**: the answer is the same as for an object that does not exist, so nobody \
learns that it does; where a list is asked for, what is hidden is left out. **403**: it is given to callers who may read the \
object but not do this to it; whoever may not even read it gets the 404.

## Permissions

| To… | Installation | Organization | Oneself | Without it |
|---|---|---|---|---|
";

const OPERATIONS: &str = "
## Operations

The path is below `/api/v2`. A **key** in the last column means that a provisioner key (header `Coder-Provisioner-Key`) is \
accepted instead of a session token, in the organization that the key belongs to. Operations marked with + are orgd's own.

| Operation | | Needs permission to… | |
|---|---|---|---|
";

/// What to do with the page.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when the page is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes the page, or compares it. Exit codes: 0 written or the same, 1 another, 2 could not be done.
///
/// # Errors
/// The file cannot be read or written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    PAGE.write_or_check(&page(), arguments.check)
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut needed: Vec<Permission> = Vec::new();
    for permission in Operation::ALL.iter().map(|operation| permission(*operation)) {
        if !needed.contains(&permission) {
            needed.push(permission);
        }
    }
    for permission in needed {
        page.push_str(&row_of_permission(permission));
    }
    page.push_str(OPERATIONS);
    for operation in Operation::ALL {
        page.push_str(&row_of_operation(*operation));
    }
    page
}

fn row_of_permission(permission: Permission) -> String {
    let words = permission.in_words();
    let oneself = if permission.is_over_oneself() { "yes" } else { "" };
    let (installation, organization) = match permission {
        Permission::SignIn => ("everybody, without a token".to_owned(), String::new()),
        Permission::SignedIn => ("everybody who is signed in".to_owned(), String::new()),
        _ => {
            let organization = permission.organization_roles();
            (names(permission.site_roles()), organization.map_or_else(|| "every member".to_owned(), names))
        }
    };
    let without = match permission {
        Permission::SignIn => "",
        _ if permission.hides() => "404",
        _ => "403",
    };
    format!("| {words} | {installation} | {organization} | {oneself} | {without} |\n")
}

fn row_of_operation(operation: Operation) -> String {
    let mut row = String::new();
    let (method, path) = (operation.method(), operation.path());
    let is_open = operation.security().is_empty();
    let needs = if is_open { "(none: open to everybody)" } else { permission(operation).in_words() };
    let extension = if operation.is_extension() { "+" } else { "" };
    let key = if operation.security().contains(&PROVISIONER_KEY) { "key" } else { "" };
    // Writing to a String cannot fail.
    let _ = writeln!(row, "| `{method} {path}` | {extension} | {needs} | {key} |");
    row
}

fn names<R: Role>(roles: &[R]) -> String {
    roles.iter().map(|role| format!("`{}`", role.as_str())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use orgd::operations::Operation;

    use super::page;

    #[test]
    fn every_operation_has_a_row() {
        let page = page();
        for operation in Operation::ALL {
            let row = format!("| `{} {}` |", operation.method(), operation.path());
            assert_eq!(page.matches(&row).count(), 1, "{row}");
        }
        assert!(page.contains("| create organizations | `owner` |  |  | 403 |\n"));
        assert!(page.contains("| key |\n"));
    }
}
