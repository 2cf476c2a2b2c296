//! Owns the server's certificate: reading it and its key, telling what is wrong with them, and taking new ones while connections
//! stay open. Knows nothing of HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use webpki::{EndEntityCert, KeyUsage};

use crate::config::TlsFiles;

/// The certificate that is shown to whoever connects now.
#[derive(Debug)]
pub struct Certificate {
    current: ArcSwap<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("{key} = {}: {source}", path.display())]
    File {
        /// Which of the two files.
        key: &'static str,
        /// Its name.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The file holds something, and not what it is for.
    #[error("{key} = {}: the file holds no {what} in PEM, which begins with -----BEGIN", path.display())]
    Empty {
        /// Which of the two files.
        key: &'static str,
        /// Its name.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The key is of a kind that is not supported, or the certificate is broken.
    #[error("the certificate in {} and the key in {} cannot be used: {source}", certificate.display(), key.display())]
    Unusable {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What TLS says.
        source: rustls::Error,
    },
    /// They do not belong together.
    #[error(
        "the key in {} is not the key of the certificate in {}, which must be the first one of its file",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// TLS itself cannot be set up.
    #[error("cannot set up TLS")]
    SetUp(#[from] rustls::Error),
}

impl Certificate {
    /// Reads both files and sees that they fit.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(files: &TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = ArcSwap::from_pointee(read(files, &provider)?);
        Ok(Arc::new(Self { current, provider }))
    }

    /// Reads the files anew. Connections that are open stay as they are; with an error, everything does.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.current.store(Arc::new(read(files, &self.provider)?));
        Ok(())
    }

    /// How connections are accepted with it: TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// When the versions of TLS and the cryptography do not go together.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?;
        Ok(builder.with_no_client_auth().with_cert_resolver(Arc::<Self>::clone(self)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let TlsFiles { certificate, key } = files;
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|source| unreadable("tls_certificate", certificate, "certificate", source))?;
    if chain.is_empty() {
        return Err(unreadable("tls_certificate", certificate, "certificate", pem::Error::NoItemsFound));
    }
    warn_of_dates(&chain, certificate);
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|source| unreadable("tls_key", key, "private key", source))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|source| {
        let (certificate, key) = (certificate.clone(), key.clone());
        match source {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch { certificate, key },
            source => TlsError::Unusable { certificate, key, source },
        }
    })
}

fn unreadable(key: &'static str, path: &Path, what: &'static str, source: pem::Error) -> TlsError {
    let path = path.to_owned();
    match source {
        pem::Error::NoItemsFound => TlsError::Empty { key, path, what },
        source => TlsError::File { key, path, source },
    }
}

/// A certificate that clients will refuse is shown all the same: some look away, and a server that does not start helps nobody.
fn warn_of_dates(chain: &[CertificateDer<'_>], file: &Path) {
    for (number, certificate) in chain.iter().enumerate() {
        if let Some(problem) = problem_of_dates(certificate, UnixTime::now()) {
            tracing::warn!(file = %file.display(), number, "clients will refuse this certificate: {problem}");
        }
    }
}

/// What is wrong with the dates of a certificate at this time.
fn problem_of_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Option<&'static str> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    // Whom to trust is the client's affair: without anybody to trust this always fails, with the dates if they are wrong.
    match parsed.verify_for_usage(&[], &[], &[], now, KeyUsage::server_auth(), None, None).err()? {
        webpki::Error::CertExpired { .. } => Some("it has expired"),
        webpki::Error::CertNotValidYet { .. } => Some("it is not valid yet"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::{Certificate, CertificateDer, PemObject, TlsFiles, UnixTime, problem_of_dates};

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        }

        fn load(&self, certificate: &str, key: &str) -> Result<(), String> {
            let files = TlsFiles { certificate: self.0.path().join(certificate), key: self.0.path().join(key) };
            let told = |error: super::TlsError| error.to_string().replace(self.0.path().to_str().unwrap(), "");
            Certificate::load(&files).map(|loaded| drop(loaded.server_config().unwrap())).map_err(told)
        }
    }

    fn pair(name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn what_is_wrong_with_the_files_is_told() {
        let folder = Folder::new();
        let ((one, one_key), (_, other_key)) = (pair("one"), pair("other"));
        folder.write("one.pem", &one);
        folder.write("one.key", &one_key);
        folder.write("other.key", &other_key);
        folder.write("empty.pem", "");
        folder.write("broken.pem", &one.replace("MII", "MI*"));
        folder.write("nonsense.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_eq!(folder.load("one.pem", "one.key"), Ok(()));
        for (certificate, key, told) in [
            ("one.pem", "other.key", "the key in /other.key is not the key of the certificate in /one.pem"),
            ("none.pem", "one.key", "tls_certificate = /none.pem: I/O error: No such file or directory"),
            ("one.pem", "none.key", "tls_key = /none.key: I/O error: No such file or directory"),
            ("one.key", "one.key", "tls_certificate = /one.key: the file holds no certificate in PEM"),
            ("empty.pem", "one.key", "tls_certificate = /empty.pem: the file holds no certificate in PEM"),
            ("one.pem", "one.pem", "tls_key = /one.pem: the file holds no private key in PEM"),
            ("broken.pem", "one.key", "tls_certificate = /broken.pem: "),
            ("nonsense.pem", "one.key", "the certificate in /nonsense.pem and the key in /one.key cannot be used: "),
        ] {
            let said = folder.load(certificate, key).unwrap_err();
            assert!(said.starts_with(told), "{said}");
        }
    }

    #[test]
    fn a_certificate_out_of_its_dates_is_noticed() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["orgd.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let der = CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap();
        let year = |year: u64| UnixTime::since_unix_epoch(std::time::Duration::from_secs((year - 1970) * 31_557_600));
        let problem = |at| problem_of_dates(&der, year(at));
        assert_eq!(problem(2019), Some("it is not valid yet"));
        assert_eq!(problem(2025), None);
        assert_eq!(problem(2032), Some("it has expired"));
    }
}
