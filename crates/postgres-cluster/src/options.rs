//! How a cluster is to be started.

use std::path::PathBuf;

/// What a cluster is like. The default is the quickest: nothing waits for the disk, and there is a socket but no TCP port.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether commits wait for the disk (`fsync` and `full_page_writes`), as they do in production. Otherwise nothing need ever get
    /// there, and the files are in memory where there is room.
    pub durable: bool,
    /// A port on 127.0.0.1, besides the socket.
    pub tcp: Option<Tcp>,
    /// Further lines of `postgresql.conf` as name and value; they win over the ones that every cluster gets.
    pub settings: Vec<(String, String)>,
}

/// A port on 127.0.0.1. Over it, PostgreSQL asks for a password, which [`Cluster::tcp_url`](crate::Cluster::tcp_url) has in it.
#[derive(Debug, Clone, Default)]
pub struct Tcp {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// What the server proves itself with; without it, it does not speak TLS.
    pub tls: Option<Tls>,
}

/// A certificate and its key, both in PEM. They are copied: PostgreSQL insists on owning the key.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The file with the certificate, or the chain of them.
    pub certificate: PathBuf,
    /// The file with the private key, without a pass phrase.
    pub key: PathBuf,
}

/// What every cluster has in its `postgresql.conf`.
const ALWAYS: &[(&str, &str)] = &[
    // Tests run beside each other, each with a pool of its own.
    ("max_connections", "300"),
    ("shared_buffers", "64MB"),
    // Below the data folder, so that it goes with the folder.
    ("dynamic_shared_memory_type", "mmap"),
    // A standby that lost its primary looks for it again at once.
    ("wal_retrieve_retry_interval", "100ms"),
    ("log_line_prefix", "%m [%p] "),
];

const QUICK: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off")];

impl Options {
    /// The lines for `postgresql.conf`.
    pub(crate) fn configuration(&self) -> String {
        let durability = if self.durable { &[][..] } else { QUICK };
        let tls = self.tcp.as_ref().and_then(|tcp| tcp.tls.as_ref()).map(|_| ("ssl", "on"));
        let own = self.settings.iter().map(|(name, value)| (&**name, &**value));
        let lines = ALWAYS.iter().chain(durability).copied().chain(tls).chain(own);
        lines.map(|(name, value)| format!("{name} = {}\n", quote(value))).collect()
    }
}

/// A value as `postgresql.conf` takes it.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{Options, quote};

    #[test]
    fn own_settings_come_last_because_the_last_one_counts() {
        let settings = vec![("max_connections".to_owned(), "7".to_owned())];
        let lines = Options { durable: true, settings, tcp: None }.configuration();
        assert!(lines.ends_with("max_connections = '7'\n"), "{lines}");
        assert!(!lines.contains("fsync"), "{lines}");
        assert!(Options::default().configuration().contains("fsync = 'off'\n"));
    }

    #[test]
    fn quotes_what_ends_a_value() {
        assert_eq!(quote(r"it's \ odd"), r"'it''s \\ odd'");
    }
}
