//! A running cluster: its start, its processes and its end. What it is asked for over SQL is in `cluster/sql.rs`, replication in
//! `cluster/replication.rs`, its addresses in `cluster/address.rs`.

mod address;
mod replication;
mod sql;

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus};

use crate::error::Error;
use crate::home::Home;
use crate::installation::{Installation, cannot_run, run};
use crate::options::{Options, Tls};
use crate::processes;
use crate::wait;

/// The port in the socket's name when there is no TCP port.
const SOCKET_PORT: u16 = 5432;

/// A PostgreSQL server with data of its own. Gone when dropped.
#[derive(Debug)]
pub struct Cluster {
    home: Home,
    installation: Installation,
    options: Options,
    port: u16,
    /// The superuser's, for TCP.
    password: String,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a new cluster and starts it. Its superuser is `postgres`, its encoding UTF-8, its locale C; its pages have checksums.
    ///
    /// # Errors
    /// The programs cannot be run, or the server does not accept connections within a minute.
    pub fn start(installation: &Installation, options: &Options) -> Result<Self, Error> {
        let mut cluster = Self::prepare(installation, options, random()?)?;
        cluster.initialize()?;
        cluster.launch()?;
        Ok(cluster)
    }

    /// The programs that it runs on.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The folder with its data, log and socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Whether the server's first process is there, frozen or not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.server().is_ok_and(processes::is_alive)
    }

    /// Kills all of its processes at once (SIGKILL), as a loss of power would. What was committed is there after
    /// [`restart`](Self::restart), because the operating system lives on.
    ///
    /// # Errors
    /// It is not running, or the signals cannot be sent.
    pub fn kill(&mut self) -> Result<(), Error> {
        processes::kill(self.server()?)?;
        self.collect().map(drop)
    }

    /// Freezes all of its processes (SIGSTOP): connections stay open and nobody answers. No effect on a frozen cluster.
    ///
    /// # Errors
    /// It is not running, or the signals cannot be sent.
    pub fn freeze(&self) -> Result<(), Error> {
        processes::freeze(self.server()?).map(drop)
    }

    /// Lets a frozen cluster go on (SIGCONT).
    ///
    /// # Errors
    /// It is not running, or the signals cannot be sent.
    pub fn thaw(&self) -> Result<(), Error> {
        processes::thaw(self.server()?)
    }

    /// Lets the server close every connection and end at once, without a checkpoint (SIGQUIT).
    ///
    /// # Errors
    /// It is not running, or does not end within a minute.
    pub fn stop_immediate(&mut self) -> Result<(), Error> {
        let server = self.server()?;
        processes::send("-QUIT", &[server])?;
        processes::thaw(server)?;
        self.collect().map(drop)
    }

    /// Starts it again on the data that it has, after an immediate stop when it is running. A standby stays one, at the same address.
    ///
    /// # Errors
    /// It does not end, or does not accept connections within a minute.
    pub fn restart(&mut self) -> Result<(), Error> {
        if self.is_running() {
            self.stop_immediate()?;
        }
        self.launch()
    }

    /// A cluster without data.
    fn prepare(installation: &Installation, options: &Options, password: String) -> Result<Self, Error> {
        let port = match options.tcp.as_ref().map(|tcp| tcp.port) {
            None => SOCKET_PORT,
            Some(0) => free_port()?,
            Some(port) => port,
        };
        let (installation, options) = (installation.clone(), options.clone());
        Ok(Self { home: Home::make(options.durable)?, installation, options, port, password, server: None })
    }

    fn initialize(&self) -> Result<(), Error> {
        let data = self.home.data();
        let password = self.home.folder().join("password");
        self.home.write(&password, self.password.as_bytes())?;
        let mut initdb = self.home.command(&self.installation, "initdb");
        initdb.args(["--no-sync", "--data-checksums", "--encoding=UTF8", "--locale=C", "--username=postgres"]);
        // The socket is in a folder that nobody else can enter; a port is open to everybody on the machine.
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile"]).arg(&password);
        run(initdb.arg("--pgdata").arg(&data))?;
        fs::remove_file(&password).map_err(Error::file("remove", password))?;
        if let Some(tls) = self.options.tcp.as_ref().and_then(|tcp| tcp.tls.as_ref()) {
            self.take_certificate(tls)?;
        }
        let file = data.join("postgresql.conf");
        let given = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        self.home.write(&file, format!("{given}\n{}", self.options.configuration()).as_bytes())
    }

    fn take_certificate(&self, tls: &Tls) -> Result<(), Error> {
        for (from, to) in [(&tls.certificate, "server.crt"), (&tls.key, "server.key")] {
            let content = fs::read(from).map_err(Error::file("read", from))?;
            self.home.write(&self.home.data().join(to), &content)?;
        }
        Ok(())
    }

    /// Starts the server and waits until it accepts connections.
    fn launch(&mut self) -> Result<(), Error> {
        let log = self.home.log()?;
        let again = log.try_clone().map_err(Error::file("open", self.home.folder().join("log")))?;
        let mut postgres = self.home.command(&self.installation, "postgres");
        let addresses = if self.options.tcp.is_some() { "127.0.0.1" } else { "" };
        let sockets = format!("unix_socket_directories=\"{}\"", self.home.folder().display());
        postgres.arg("-D").arg(self.home.data()).arg("-c").arg(sockets);
        postgres.arg("-c").arg(format!("listen_addresses={addresses}")).arg("-c").arg(format!("port={}", self.port));
        // A Ctrl-C in the terminal is for the tests; the cluster goes when they do.
        postgres.stdout(log).stderr(again).process_group(0);
        let server = postgres.spawn().map_err(|source| cannot_run(&postgres, source))?;
        let number = server.id();
        self.server = Some(server);
        let file = self.home.data().join("postmaster.pid");
        let ready = wait::until_some(|| match self.ended()? {
            Some(status) => Err(Error::Ended { status, log: self.home.log_tail() }),
            None => Ok(fs::read_to_string(&file).is_ok_and(|text| is_ready(&text, number)).then_some(())),
        })?;
        ready.ok_or_else(|| self.too_slow("the server accepts connections"))
    }

    /// The number of the server's first process.
    fn server(&self) -> Result<u32, Error> {
        self.server.as_ref().map(Child::id).ok_or(Error::NotRunning)
    }

    /// How the server has ended, if it has.
    fn ended(&mut self) -> Result<Option<ExitStatus>, Error> {
        let server = self.server.as_mut().ok_or(Error::NotRunning)?;
        let status = server.try_wait().map_err(|source| Error::Run { program: "postgres".to_owned(), source })?;
        if status.is_some() {
            // Its number may belong to another process from now on.
            self.server = None;
        }
        Ok(status)
    }

    /// Waits for the end of a server that was told to end.
    fn collect(&mut self) -> Result<ExitStatus, Error> {
        wait::until_some(|| self.ended())?.ok_or_else(|| self.too_slow("the server ends"))
    }

    fn too_slow(&self, what: &str) -> Error {
        Error::TooSlow { what: what.to_owned(), waited: wait::LIMIT, log: self.home.log_tail() }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.home.clear();
        if let Some(server) = &mut self.server {
            // The warden has ended it; this makes sure that there is something to collect.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Whether the server's lock file says that this process accepts connections.
fn is_ready(lock_file: &str, process: u32) -> bool {
    let mut lines = lock_file.lines();
    lines.next().is_some_and(|line| line.trim() == process.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

/// Ports that the system gives to nobody who leaves the choice to it: this one stays free until the server takes it, and while that is down.
const PORTS: std::ops::Range<u16> = 15_000..32_768;

/// A port of 127.0.0.1, below those that the system gives to whoever leaves the choice to it, that nobody listens on.
///
/// # Errors
/// None of a hundred can be listened on.
pub fn free_port() -> Result<u16, Error> {
    let mut last = None;
    for attempt in 0..100_u32 {
        // Its keys are new each time.
        let hash = RandomState::new().hash_one(attempt);
        let port = PORTS.start + (hash % PORTS.len() as u64) as u16;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(Error::file("find a free port on", "127.0.0.1")(error))
}

/// A password that nobody guesses.
fn random() -> Result<String, Error> {
    let source = "/proc/sys/kernel/random/uuid";
    fs::read_to_string(source).map(|text| text.trim().to_owned()).map_err(Error::file("read", source))
}

#[cfg(test)]
mod tests {
    use super::is_ready;

    #[test]
    fn a_lock_file_of_an_earlier_server_does_not_count() {
        let text = "17\n/data\n1700000000\n5432\n/socket\n\n  123 4\nready   \n";
        assert!(is_ready(text, 17));
        assert!(!is_ready(text, 18));
        assert!(!is_ready(&text.replace("ready   ", "starting"), 17));
        assert!(!is_ready("17\n", 17));
    }
}
