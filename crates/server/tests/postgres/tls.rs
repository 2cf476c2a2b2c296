//! TLS to PostgreSQL: what a build without it says when it is asked for, and that a build with it insists on the right certificate.

use orgd_postgres_cluster::{Cluster, Installation, Options, Tcp, Tls};
use tempfile::TempDir;

use super::harness::TestServer;

/// A cluster that speaks TLS, and the folder with the certificate that it proves itself with, made for 127.0.0.1.
fn cluster() -> (Cluster, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=orgd"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl makes a certificate");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let tls = Some(Tls { certificate, key });
    let options = Options { tcp: Some(Tcp { port: 0, tls }), ..Options::default() };
    // Not every PostgreSQL is built with TLS; Debian's is.
    let speaks = Installation::find_all().unwrap().into_iter().find(|one| one.speaks_tls().unwrap());
    let cluster = Cluster::start(&speaks.expect("a PostgreSQL with TLS"), &options);
    (cluster.unwrap_or_else(|error| panic!("{error}")), folder)
}

fn url(cluster: &Cluster, parameters: &str) -> String {
    let url = cluster.tcp_url("orgd").unwrap();
    format!("{url}{}{parameters}", if url.contains('?') { '&' } else { '?' })
}

/// What a command says that cannot open this URL.
fn refusal(server: &TestServer, url: &str) -> String {
    let output = server.try_command(&["user", "list", "--database-url", url]);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[cfg(feature = "pg-tls")]
#[test]
fn the_connection_is_encrypted_and_the_certificate_is_checked() {
    let (cluster, folder) = cluster();
    cluster.create_database("orgd").unwrap();
    let root = folder.path().join("certificate.pem");
    let trusted = url(&cluster, &format!("sslmode=verify-full&sslrootcert={}", root.display()));
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &trusted)]);
    server.owner().create("acme");
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE NOT ssl AND application_name LIKE 'orgd%'";
    let encrypted = "SELECT count(*) > 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name LIKE 'orgd%'";
    assert_eq!(cluster.sql("orgd", plain).unwrap().trim(), "0");
    assert_eq!(cluster.sql("orgd", encrypted).unwrap().trim(), "t");

    // Another certificate's word is not taken for it.
    let (_other, stranger) = self::cluster();
    let root = stranger.path().join("certificate.pem");
    let said = refusal(&server, &url(&cluster, &format!("sslmode=verify-full&sslrootcert={}", root.display())));
    assert!(said.contains("certificate verify failed"), "{said}");
}

#[cfg(not(feature = "pg-tls"))]
#[test]
fn a_build_without_tls_says_so_and_sends_nothing_in_the_clear() {
    let (cluster, _folder) = cluster();
    cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &cluster.url("orgd"))]);
    let said = refusal(&server, &url(&cluster, "sslmode=require"));
    assert!(said.contains("SSL support is not compiled in") && said.contains("--features pg-tls"), "{said}");
}
