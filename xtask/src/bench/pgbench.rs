//! PostgreSQL's own load generator, with the statements that orgd runs to create an organization: the measure of what the server
//! behind orgd could do at most.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use orgd_postgres_cluster::Cluster;

/// What a creation runs: the organization, the membership of its creator, the change feed.
fn script(owner: &str) -> String {
    let id = "(lpad(to_hex(:n::bigint), 16, '0') || lpad(to_hex(:m::bigint), 16, '0'))";
    format!(
        "\\set n random(1, 9000000000000000)\n\\set m random(1, 9000000000000000)\nBEGIN;\n\
         INSERT INTO organizations (id, name, display_name, description, icon, is_default, created_at, updated_at) \
         VALUES ({id}::uuid, {id}, {id}, '', '', false, now(), now());\n\
         INSERT INTO organization_members (user_id, organization_id, roles, created_at, updated_at) \
         VALUES ('{owner}', {id}::uuid, '[]', now(), now());\n\
         INSERT INTO changes (entries) VALUES ('organization ' || {id}::uuid);\nCOMMIT;\n"
    )
}

/// Transactions in a second with this many clients.
///
/// # Errors
/// pgbench is missing or fails.
pub(super) fn run(cluster: &Cluster, database: &str, clients: u32, seconds: u32, folder: &Path) -> anyhow::Result<f64> {
    let owner = cluster.sql(database, "SELECT id FROM users WHERE username = 'owner'")?;
    let file = folder.join("create.sql");
    fs::write(&file, script(owner.trim())).context("cannot write the script of pgbench")?;
    let (clients, seconds) = (clients.to_string(), seconds.to_string());
    let output = Command::new(cluster.installation().folder().join("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--client", &clients, "--time", &seconds, "--file"])
        .arg(&file)
        .arg(cluster.url(database))
        // As on orgd's own connection: the triggers leave it alone.
        .env("PGOPTIONS", "-c orgd.feed=on")
        .output()
        .context("cannot run pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    per_second(&text).with_context(|| format!("cannot read what pgbench says: {text}"))
}

fn per_second(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::per_second;

    #[test]
    fn the_report_is_read() {
        let report = "number of failed transactions: 0 (0.000%)\ntps = 2851.25 (without initial connection time)\n";
        assert_eq!(per_second(report), Some(2851.25));
        assert_eq!(per_second("pgbench: error"), None);
    }
}
