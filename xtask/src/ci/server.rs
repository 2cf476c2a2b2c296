//! A server for one step: the debug build, on an empty database of its own and a free port, stopped when dropped.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::place::Place;
use super::shell::{command, run};

/// How long the first start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Server {
    child: Child,
    /// Where it listens, without a path.
    pub(super) url: String,
    /// A session token of the owner.
    pub(super) token: String,
    database: String,
}

impl Server {
    /// Builds the server, starts it on an empty database, and waits until it has said where it listens.
    ///
    /// # Errors
    /// It cannot be built or does not start.
    pub(super) fn start(place: &Place, name: &str) -> anyhow::Result<Self> {
        run(&mut command(&place.root, "cargo", &["build", "--quiet", "--package", "orgd", "--bin", "orgd"]))?;
        let folder = place.work.join("servers").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let database = format!("sqlite://{}", folder.join("orgd.db").display());
        let log = std::fs::File::create(folder.join("log.txt"))?;
        let mut child = command(&folder, place.program("orgd"), &["serve", "--listen", "127.0.0.1:0"])
            .args(["--rate-limit", "0", "--database-url", &database])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start orgd")?;
        let said = child.stdout.take().context("orgd has no standard output")?;
        let mut server = Self { child, url: String::new(), token: String::new(), database };
        (server.url, server.token) =
            first_call(said).with_context(|| format!("orgd did not start; its log is {}/log.txt", folder.display()))?;
        Ok(server)
    }

    /// Runs one of the server's own commands on its database.
    ///
    /// # Errors
    /// The command fails.
    pub(super) fn orgd(&self, place: &Place, arguments: &[&str]) -> anyhow::Result<()> {
        run(command(&place.root, place.program("orgd"), arguments).args(["--database-url", &self.database]))
    }

    /// What one of the server's own commands prints.
    ///
    /// # Errors
    /// The command fails.
    pub(super) fn ask(&self, place: &Place, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = command(&place.root, place.program("orgd"), arguments);
        let output = command.args(["--database-url", &self.database]).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("`orgd {}` ended with {}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nothing else to do about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what a first start prints up to the example of a first call, which has both the token and the address.
fn first_call(said: impl std::io::Read + Send + 'static) -> anyhow::Result<(String, String)> {
    let (found, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(said).lines().map_while(Result::ok);
        // Goes on to the end, so that the server never writes to a closed pipe.
        for (url, token) in lines.filter_map(|line| parse_first_call(&line)) {
            let _ = found.send((url, token));
        }
    });
    wait.recv_timeout(START).context("it printed no first call with a token")
}

fn parse_first_call(line: &str) -> Option<(String, String)> {
    let rest = line.split_once("Coder-Session-Token: ")?.1;
    let (token, rest) = rest.split_once('\'')?;
    let url = rest.trim().strip_suffix("/api/v2/organizations")?;
    Some((url.to_owned(), token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::first_call;

    #[test]
    fn reads_the_address_and_the_token_of_a_first_start() {
        let said = "Session token of owner, shown this once:\n\n    abc-def\n\n\
                    First call: curl -H 'Coder-Session-Token: abc-def' http://127.0.0.1:7/api/v2/organizations\n";
        assert_eq!(first_call(said.as_bytes()).unwrap(), ("http://127.0.0.1:7".to_owned(), "abc-def".to_owned()));
    }

    #[test]
    fn an_end_without_a_token_is_an_error() {
        first_call("error: the port is taken\n".as_bytes()).unwrap_err();
    }
}
