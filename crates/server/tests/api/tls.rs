//! HTTPS: which versions are spoken, what a start refuses, and certificates that change while the server runs.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version};
use tempfile::TempDir;

use crate::harness::{TestServer, eventually, without_settings};

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// An authority of our own, and the files that a server reads.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a new certificate for this machine in place of the last one, and gives it.
    fn certify(&self) -> CertificateDer<'static> {
        self.certify_with(|_| {})
    }

    fn certify_with(&self, change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress(LOCAL));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path("tls.pem"), certificate.pem()).unwrap();
        std::fs::write(self.path("tls.key"), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    fn server(&self, more: &[(&str, &str)]) -> TestServer {
        let files = [("ORGD_TLS_CERTIFICATE", self.text("tls.pem")), ("ORGD_TLS_KEY", self.text("tls.key"))];
        let files = files.each_ref().map(|(name, path)| (*name, path.as_str()));
        TestServer::with(&[&files[..], more].concat())
    }

    fn connect(&self, server: &TestServer, versions: &[&'static SupportedProtocolVersion]) -> std::io::Result<Https> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut tls = ClientConnection::new(Arc::new(config), ServerName::from(LOCAL)).unwrap();
        let mut socket = TcpStream::connect((LOCAL, server.address().port()))?;
        socket.set_read_timeout(Some(Duration::from_secs(60)))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(Https(StreamOwned::new(tls, socket)))
    }

    /// A connection that has had an answer. The server gives up a handshake that takes three seconds, so that a busy machine may
    /// need several attempts; with TLS 1.3 a client learns of it only when it asks for something.
    #[track_caller]
    fn connected(&self, server: &TestServer, versions: &[&'static SupportedProtocolVersion]) -> Https {
        let mut connected = None;
        eventually(|| {
            connected = self.connect(server, versions).and_then(Https::answering).ok();
            connected.is_some()
        });
        connected.unwrap()
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// A connection that is kept.
struct Https(StreamOwned<ClientConnection, TcpStream>);

impl Https {
    fn certificate(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// The same connection once something was answered.
    fn answering(mut self) -> std::io::Result<Self> {
        let head = self.try_exchange("GET /healthz HTTP/1.1\r\nHost: orgd.test\r\n\r\n")?;
        if head.starts_with("http/1.1 200 ") { Ok(self) } else { Err(std::io::Error::other(head)) }
    }

    /// The head of the answer; its body is read and left out.
    fn get(&mut self, path: &str, token: &str) -> String {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: orgd.test\r\nCoder-Session-Token: {token}\r\n\r\n"))
    }

    #[track_caller]
    fn exchange(&mut self, request: &str) -> String {
        self.try_exchange(request).unwrap()
    }

    fn try_exchange(&mut self, request: &str) -> std::io::Result<String> {
        self.0.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        self.0.read_exact(&mut vec![0; length.map_or(0, |length| length.parse().unwrap())])?;
        Ok(head)
    }

    /// Fails unless the server ends the connection and says nothing more.
    #[track_caller]
    fn ends_without_a_word(mut self) {
        let ended = self.0.read(&mut [0]);
        assert!(!matches!(&ended, Ok(1..)), "it was answered");
        assert!(
            !ended.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)),
            "it is open"
        );
    }
}

#[test]
fn two_versions_of_tls_and_one_of_http_are_spoken() {
    let authority = Authority::new();
    let expected = authority.certify();
    let server = authority.server(&[]);
    eventually(|| server.stdout().contains(&format!("Swagger UI: https://{}/swagger/", server.address())));
    for (versions, spoken) in [
        (&BOTH[1..], rustls::ProtocolVersion::TLSv1_2),
        (&BOTH[..1], rustls::ProtocolVersion::TLSv1_3),
        (BOTH, rustls::ProtocolVersion::TLSv1_3),
    ] {
        let mut https = authority.connected(&server, versions);
        assert_eq!(https.0.conn.protocol_version(), Some(spoken));
        assert_eq!(https.0.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(https.certificate(), expected);
        for _ in 0..2 {
            assert!(https.get("/api/v2/organizations", server.owner_token()).starts_with("http/1.1 200 "));
        }
    }
}

/// A client hello without the extension that names versions beyond TLS 1.2: up to 3.3 the version stands in front, and 3.3 is TLS 1.2.
fn hello(minor: u8) -> Vec<u8> {
    let with_length = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap();
        [&length.to_be_bytes(), bytes].concat()
    };
    // Two groups, the uncompressed form of points, and ECDSA with SHA-256.
    let groups = [&[0, 10][..], &with_length(&with_length(&[0, 0x1d, 0, 0x17]))].concat();
    let points = [&[0, 11][..], &with_length(&[1, 0])].concat();
    let signatures = [&[0, 13][..], &with_length(&with_length(&[4, 3]))].concat();
    let extensions = with_length(&[groups, points, signatures].concat());
    // One suite of TLS 1.2 and one of the older versions; no session, no compression.
    let suites = with_length(&[0xc0, 0x2b, 0xc0, 0x09]);
    let body = [&[3, minor][..], &[7; 32], &[0], &suites, &[1, 0], &extensions].concat();
    let handshake = [&[1, 0][..], &with_length(&body)].concat();
    [&[0x16, 3, 1][..], &with_length(&handshake)].concat()
}

#[test]
fn older_versions_and_plain_http_get_no_answer() {
    let authority = Authority::new();
    authority.certify();
    let server = authority.server(&[]);
    let ask = |bytes: &[u8]| {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        match socket.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        answer
    };
    // A busy machine may not say it within the three seconds that it has.
    let greeted = |minor: u8| {
        let mut answers = (0..10).map(|_| ask(&hello(minor)));
        answers.find(|answer| !answer.is_empty()).expect("an answer")
    };
    for minor in [1, 2] {
        // A fatal alert, protocol_version.
        let answer = greeted(minor);
        assert_eq!((answer[0], &answer[5..]), (0x15, &[2, 70][..]), "TLS 1.{}", minor - 1);
    }
    let answer = greeted(3);
    assert_eq!((answer[0], answer[5]), (0x16, 2), "the same with TLS 1.2 is answered with a server hello");
    let plain = ask(b"GET /healthz HTTP/1.1\r\nHost: orgd.test\r\n\r\n");
    assert!(!plain.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&plain));
    assert!(ask(b"").is_empty(), "who says nothing is not waited for");
    // It goes on.
    authority.connected(&server, BOTH);
}

#[test]
fn sessions_of_browsers_stay_on_tls() {
    let authority = Authority::new();
    authority.certify();
    for (listen, insists) in [("127.0.0.1:0", false), ("0.0.0.0:0", true)] {
        let server = authority.server(&[("ORGD_LISTEN", listen)]);
        server.command(&["user", "create", "ana", "--email", "ana@example.com"]);
        let password = authority.path("password");
        std::fs::write(&password, "open-sesame-1").unwrap();
        server.command(&["user", "reset-password", "ana", "--password-file", password.to_str().unwrap()]);
        let body = r#"{"email":"ana@example.com","password":"open-sesame-1"}"#;
        let length = body.len();
        let head = authority.connected(&server, BOTH).exchange(&format!(
            "POST /api/v2/users/login HTTP/1.1\r\nHost: orgd.test\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ));
        assert!(head.starts_with("http/1.1 201 "), "{head}");
        let cookie = head.lines().find(|line| line.starts_with("set-cookie: coder_session_token=")).unwrap();
        for part in ["; secure", "; httponly", "; samesite=lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(head.contains("\nstrict-transport-security: max-age=31536000\r\n"), insists, "{head}");
    }
}

#[test]
fn a_start_without_a_usable_certificate_fails_and_leaves_no_database() {
    let authority = Authority::new();
    authority.certify();
    std::fs::write(authority.path("other.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let server = TestServer::start();
    let url = format!("sqlite://{}", authority.text("new/orgd.db"));
    let [pem, key, other] = ["tls.pem", "tls.key", "other.key"].map(|name| authority.text(name));
    for (files, told) in [
        (&["--tls-certificate", &pem, "--tls-key", &other][..], "is not the key of the certificate in"),
        (&["--tls-certificate", "nowhere.pem", "--tls-key", &key], "tls_certificate = nowhere.pem: "),
        (&["--tls-certificate", &pem], "tls_certificate (ORGD_TLS_CERTIFICATE) is set and tls_key is not"),
    ] {
        let refused = server.try_command(&[&["serve", "--database-url", &url], files].concat());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(told), "{said}");
        assert!(!authority.path("new").exists());
    }
}

#[test]
fn an_expired_certificate_is_a_warning() {
    let authority = Authority::new();
    authority.certify_with(|params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let server = authority.server(&[]);
    assert!(server.stderr().contains("clients will refuse this certificate: it has expired"), "{}", server.stderr());
    let refusal = || authority.connect(&server, BOTH).err().expect("a client that looks refuses it").to_string();
    // A handshake that takes too long is refused for another reason.
    eventually(|| refusal().contains("expired"));
}

#[test]
fn a_new_certificate_is_taken_without_a_restart_and_a_bad_one_is_not() {
    let authority = Authority::new();
    let first = authority.certify();
    let mut server = authority.server(&[("ORGD_IDLE_TIMEOUT", "600s")]);
    let mut old = authority.connected(&server, BOTH);
    assert_eq!(old.certificate(), first);
    let second = authority.certify();
    assert_ne!(first, second);
    assert_eq!(authority.connected(&server, BOTH).certificate(), first, "nobody said anything yet");
    server.signal("HUP");
    eventually(|| authority.connected(&server, BOTH).certificate() == second);
    assert!(old.get("/healthz", "").starts_with("http/1.1 200 "), "connections stay");

    let count = |text: &str, server: &TestServer| server.stderr().matches(text).count();
    for (number, (name, content)) in
        [("tls.pem", "nonsense"), ("tls.key", &KeyPair::generate().unwrap().serialize_pem())].into_iter().enumerate()
    {
        let kept = std::fs::read(authority.path(name)).unwrap();
        std::fs::write(authority.path(name), content).unwrap();
        server.signal("HUP");
        eventually(|| count("the certificate stays as it was", &server) == number + 1);
        assert_eq!(authority.connected(&server, BOTH).certificate(), second);
        std::fs::write(authority.path(name), kept).unwrap();
    }
    assert!(old.get("/healthz", "").starts_with("http/1.1 200 "));
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn the_log_level_follows_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orgd.toml");
    // At once: a signal that is handled late must not find half a file.
    let write = |text: &str| {
        let beside = folder.path().join("new.toml");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, &file).unwrap();
    };
    write("log = \"info\"\n");
    let server = TestServer::with(&[("ORGD_CONFIG", file.to_str().unwrap())]);
    let count = |text: &str| server.stderr().matches(text).count();
    write("log = \"loud\"\n");
    server.signal("HUP");
    eventually(|| count("nothing has changed") == 1);
    write("log = \"warn\"\nrate_limit = 7\n");
    server.signal("HUP");
    // That it was read again is told as information, which is off by then.
    write("log = \"warn\"\nread_connections = 3\n");
    server.signal("HUP");
    write("log = \"debug\"\n");
    eventually(|| {
        server.signal("HUP");
        std::thread::sleep(Duration::from_millis(50));
        count("the configuration was read again") > 0
    });
    let told = server.stderr();
    assert!(told.contains("\"log\":\"debug\"") && !told.contains("\"log\":\"warn\""), "{told}");
    assert_eq!(server.owner().get("/organizations").status, 200);
}

/// Runs a command of a client against the server, in an environment that trusts the authority or does not.
fn call(server: &TestServer, ca: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.args(arguments).env("ORGD_URL", format!("https://{}", server.address()));
    command.env("ORGD_TOKEN", server.owner_token());
    match ca {
        Some(ca) => command.env("SSL_CERT_FILE", ca),
        None => command.env_remove("SSL_CERT_FILE"),
    };
    command.env_remove("SSL_CERT_DIR").output().unwrap()
}

#[test]
fn commands_that_call_a_server_trust_a_private_authority_when_they_are_told_to() {
    let authority = Authority::new();
    authority.certify();
    let server = authority.server(&[]);
    let ca = authority.text("ca.pem");
    for arguments in [&["jobs", "list"][..], &["conformance"]] {
        let good = call(&server, Some(&ca), arguments);
        assert!(good.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&good.stderr));
        let bad = call(&server, None, arguments);
        assert!(!bad.status.success(), "{arguments:?}");
    }
}

/// What holds for slow callers holds through TLS, too; the rest of it is in the tests of load.
#[test]
fn a_caller_that_does_not_go_on_is_given_up() {
    let authority = Authority::new();
    authority.certify();
    let server = authority.server(&[("ORGD_HEAD_TIMEOUT", "2s"), ("ORGD_IDLE_TIMEOUT", "500ms")]);
    let mut https = authority.connected(&server, BOTH);
    // Whoever comes too late for this has done nothing for too long already.
    let _ = https.0.write_all(b"GET /healthz HTTP/1.1\r\nX: ");
    https.ends_without_a_word();
}

#[test]
fn one_connection_too_many_is_let_go() {
    let authority = Authority::new();
    authority.certify();
    let server = authority.server(&[("ORGD_MAX_CONNECTIONS_PER_ADDRESS", "1"), ("ORGD_IDLE_TIMEOUT", "600s")]);
    let mut https = authority.connected(&server, BOTH);
    if let Ok(further) = authority.connect(&server, BOTH) {
        further.ends_without_a_word();
    }
    assert!(https.get("/healthz", "").starts_with("http/1.1 200 "), "nobody else is concerned");
}
