//! The load generator `wrk`: finds it, tells it what to send, and reads what it says.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// Installs wrk with apt-get where it is missing and that is allowed.
///
/// # Errors
/// It is missing and stays so; the error says what to install.
pub(super) fn ensure_installed() -> anyhow::Result<()> {
    if is_installed()? {
        return Ok(());
    }
    let apt = Command::new("apt-get").args(["install", "--yes", "wrk"]).stdout(Stdio::null()).status();
    if !apt.is_ok_and(|status| status.success()) || !is_installed()? {
        bail!("the load generator wrk is missing: install the package wrk (apt-get install wrk), then run this again");
    }
    Ok(())
}

fn is_installed() -> anyhow::Result<bool> {
    match Command::new("wrk").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).context("cannot run wrk"),
    }
}

/// What is sent, over and over.
#[derive(Debug, Clone)]
pub(super) enum Script {
    /// These paths, each with a session token, in turn.
    Get(Vec<(String, String)>),
    /// New organizations, created with this session token; every run of the script needs another prefix.
    Create {
        /// The caller's session token.
        token: String,
    },
}

impl Script {
    /// The script in Lua. `prefix` starts the names of what it creates.
    fn lua(&self, prefix: &str) -> String {
        match self {
            Self::Get(requests) => {
                let list: Vec<_> =
                    requests.iter().map(|(path, token)| format!("  {{{path:?}, {token:?}}},\n")).collect();
                format!(
                    "local list = {{\n{}}}\nlocal ready, last = {{}}, 0\n\
                     init = function()\n  for i, each in ipairs(list) do\n    \
                     ready[i] = wrk.format('GET', each[1], {{['Coder-Session-Token'] = each[2]}})\n  end\nend\n\
                     request = function()\n  last = last % #ready + 1\n  return ready[last]\nend\n",
                    list.concat()
                )
            }
            Self::Create { token } => format!(
                "local headers = {{['Coder-Session-Token'] = {token:?}, ['Content-Type'] = 'application/json'}}\n\
                 local count = 0\n\
                 request = function()\n  count = count + 1\n  \
                 return wrk.format('POST', '/api/v2/organizations', headers, '{{\"name\":\"{prefix}-' .. count .. '\"}}')\nend\n"
            ),
        }
    }
}

/// One run of wrk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    /// Callers at once, each with a connection of its own.
    pub(super) callers: u32,
    /// How long.
    pub(super) seconds: u32,
    /// Where the script may be written.
    pub(super) folder: &'a Path,
    /// Starts the names of what is created.
    pub(super) prefix: &'a str,
    /// How long each caller waits after an answer until it asks again, on average.
    pub(super) pause: Duration,
}

/// What wrk counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    /// Answers.
    pub(super) requests: u64,
    /// Answers in a second.
    pub(super) per_second: f64,
    /// Those among the answers that were no success.
    pub(super) refused: u64,
}

impl Counted {
    /// The same, where every answer was a success: a figure of others would say nothing.
    ///
    /// # Errors
    /// One was not.
    pub(super) fn without_refusals(self) -> anyhow::Result<Self> {
        ensure!(self.refused == 0, "the load met errors: {} of {} answers", self.refused, self.requests);
        Ok(self)
    }
}

/// Applies the load to the server at this URL.
///
/// # Errors
/// wrk failed, or a connection did.
pub(super) fn run(script: &Script, url: &str, run: Run<'_>) -> anyhow::Result<Counted> {
    let file = run.folder.join("load.lua");
    let mut lua = script.lua(run.prefix);
    if !run.pause.is_zero() {
        // Of any length up to twice that: nobody waits in step with the others.
        lua += &format!("delay = function() return math.random(0, {}) end\n", 2 * run.pause.as_millis());
    }
    fs::write(&file, lua).context("cannot write the script of the load")?;
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &run.callers.to_string()])
        .args(["--duration", &format!("{}s", run.seconds), "--timeout", "10s", "--script"])
        .args([file.as_os_str(), url.as_ref()])
        .output()
        .context("cannot run wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    counted(&text)
}

fn counted(text: &str) -> anyhow::Result<Counted> {
    if let Some(failures) = text.lines().find(|line| line.contains("Socket errors")) {
        bail!("the load met errors: {}", failures.trim());
    }
    let refused =
        text.lines().find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses:")?.trim().parse().ok());
    let requests = text.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let per_second = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    let (Some(requests), Some(per_second)) = (requests, per_second) else { bail!("cannot read what wrk says: {text}") };
    ensure!(requests > 0, "wrk got no answer at all");
    Ok(Counted { requests, per_second, refused: refused.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::{Counted, Script, counted};

    const REPORT: &str = "Running 1s test @ http://127.0.0.1:1\n  1 threads and 32 connections\n\
        \x20 4321 requests in 1.00s, 5.00MB read\nRequests/sec:   4319.50\nTransfer/sec: 1MB\n";

    #[test]
    fn the_report_is_read_and_a_failure_makes_it_worthless() {
        assert_eq!(counted(REPORT).unwrap(), Counted { requests: 4321, per_second: 4319.5, refused: 0 });
        let refused = counted(&format!("{REPORT}  Non-2xx or 3xx responses: 7\n")).unwrap();
        assert_eq!(refused.refused, 7);
        assert!(refused.without_refusals().unwrap_err().to_string().contains('7'));
        assert!(counted(REPORT).unwrap().without_refusals().is_ok());
        let broken = format!("{REPORT}  Socket errors: connect 0, read 3, write 0, timeout 0\n");
        assert!(counted(&broken).unwrap_err().to_string().contains("read 3"));
        assert!(counted("nothing").is_err());
    }

    #[test]
    fn quotes_in_a_path_do_not_end_the_text() {
        let lua = Script::Get(vec![("/a?b=\"c\"".to_owned(), "t".to_owned())]).lua("");
        assert!(lua.contains(r#"{"/a?b=\"c\"", "t"},"#), "{lua}");
    }
}
