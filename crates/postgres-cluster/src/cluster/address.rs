//! Where a cluster is reached, as libpq's URLs say it.

use super::Cluster;

impl Cluster {
    /// The URL of a database over the socket, as the superuser: `postgres://postgres@/database?host=/tmp/…&port=5432`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (database, folder) = (encode(database, ""), encode(&self.socket_folder(), "/"));
        format!("postgres://postgres@/{database}?host={folder}&port={}", self.port)
    }

    /// One member of the list of hosts in a URL, over the socket. Several with commas between them make a URL of several
    /// clusters: `postgres://postgres@%2Ftmp%2Fa:5432,%2Ftmp%2Fb:5432/database`.
    #[must_use]
    pub fn host_port(&self) -> String {
        format!("{}:{}", encode(&self.socket_folder(), ""), self.port)
    }

    /// The URL of a database over TCP, with the superuser's password in it; `None` when the cluster has no TCP port.
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> Option<String> {
        let host = self.tcp_host_port()?;
        Some(format!("postgres://postgres:{}@{host}/{}", self.password, encode(database, "")))
    }

    /// One member of the list of hosts in a URL, over TCP; `None` when the cluster has no TCP port. A standby has the password
    /// of its primary.
    #[must_use]
    pub fn tcp_host_port(&self) -> Option<String> {
        self.options.tcp.as_ref().map(|_| format!("127.0.0.1:{}", self.port))
    }

    pub(super) fn socket_folder(&self) -> String {
        self.folder().to_string_lossy().into_owned()
    }
}

/// Encodes everything but letters, digits, `-._~` and these.
fn encode(text: &str, kept: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || kept.contains(letter) {
            encoded.push(letter);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn encodes_what_a_url_gives_a_meaning_to() {
        assert_eq!(encode("/tmp/a b:ü", ""), "%2Ftmp%2Fa%20b%3A%C3%BC");
        assert_eq!(encode("/tmp/a?b", "/"), "/tmp/a%3Fb");
    }
}
