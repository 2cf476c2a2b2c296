//! Runs the programs that a step needs: says which, gives them no input, and turns a bad exit code into an error.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use backon::{BlockingRetryable as _, ExponentialBuilder};

/// A program with its arguments, in this folder, without standard input.
///
/// Nor does it know what `cargo run` says about the package of this one. Build scripts look at that (ring's does), so that a Cargo below a Cargo would
/// build half of the libraries again, and the next one without it once more.
pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, program: impl AsRef<OsStr>, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end, after a line that says what is run.
///
/// # Errors
/// It cannot be started, or its exit code is not 0.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = spell(command);
    say(&format!("$ {line}"))?;
    let status = command.status().with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs what fetches something from elsewhere. A transfer may break off, so what fails is run again, up to three times.
///
/// # Errors
/// It cannot be started, or its last exit code is not 0.
pub(crate) fn fetch(command: &mut Command) -> anyhow::Result<()> {
    run_again(command, Duration::from_secs(5))
}

/// Runs it up to four times, with pauses that begin with this one and grow.
fn run_again(command: &mut Command, pause: Duration) -> anyhow::Result<()> {
    let pauses = ExponentialBuilder::default().with_min_delay(pause).with_factor(3.0).with_max_times(3);
    let tell = |error: &anyhow::Error, pause: Duration| {
        let _ = say(&format!("{error:#}; once more in {pause:?}"));
    };
    (|| run(command)).retry(pauses).sleep(std::thread::sleep).notify(tell).call()
}

/// Prints a line at once, so that it stands before what the programs print.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

/// The command as a person would type it.
fn spell(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Whether a program of this name is on the search path.
pub(super) fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{command, is_installed, run, run_again};

    #[test]
    fn a_bad_exit_code_is_an_error_that_names_the_command() {
        run(&mut command(Path::new("/"), "sh", &["-c", "exit 0"])).unwrap();
        let error = run(&mut command(Path::new("/"), "sh", &["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("`sh -c exit 3` ended with") && error.contains('3'), "{error}");
    }

    #[test]
    fn what_fails_is_run_again_until_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = |last: &str| {
            std::fs::write(folder.path().join("attempts"), "").unwrap();
            let script = format!("echo >> attempts; test $(wc -l < attempts) -ge {last}");
            let outcome = run_again(&mut command(folder.path(), "sh", &["-c", &script]), Duration::from_millis(1));
            (outcome.is_ok(), std::fs::read(folder.path().join("attempts")).unwrap().len())
        };
        assert_eq!(attempts("1"), (true, 1));
        assert_eq!(attempts("3"), (true, 3));
        assert_eq!(attempts("9"), (false, 4));
    }

    #[test]
    fn a_program_has_no_input() {
        run(&mut command(Path::new("/"), "sh", &["-c", "! read line"])).unwrap();
    }

    /// The tests are run by Cargo, too.
    #[test]
    fn a_program_does_not_know_the_package() {
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && std::env::var_os("CARGO_PKG_NAME").is_some());
        run(&mut command(Path::new("/"), "sh", &["-c", "! env | grep -E '^CARGO_(MANIFEST|PKG)_'"])).unwrap();
        run(&mut command(Path::new("/"), "sh", &["-c", "test -n \"$PATH\""])).unwrap();
    }

    #[test]
    fn knows_what_is_installed() {
        assert!(is_installed("sh"));
        assert!(!is_installed("no-program-has-this-name"));
    }
}
