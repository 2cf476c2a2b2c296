//! SQL through the installation's own psql, so that nothing here links a driver.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;

use super::Cluster;
use crate::error::Error;
use crate::installation::cannot_run;

impl Cluster {
    /// Makes a database; its URL.
    ///
    /// # Errors
    /// A database of that name exists, the installation has no psql, or the server does not answer.
    pub fn create_database(&self, name: &str) -> Result<String, Error> {
        self.sql("postgres", &format!("CREATE DATABASE {}", quote_name(name)))?;
        Ok(self.url(name))
    }

    /// Runs SQL commands as the superuser, each in a transaction of its own, and stops at the first that fails. The rows, one a
    /// line, with `|` between columns.
    ///
    /// # Errors
    /// A command fails, the installation has no psql, or the server does not answer within ten seconds.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut psql = self.home.command(&self.installation, "psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname"]);
        psql.arg(self.url(database)).env("PGCONNECT_TIMEOUT", "10");
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = psql.spawn().map_err(|source| cannot_run(&psql, source))?;
        let input = process.stdin.take();
        let output = thread::scope(|scope| {
            // It may answer before it has read everything.
            scope.spawn(move || input.map(|mut input| input.write_all(sql.as_bytes())));
            process.wait_with_output()
        });
        let output = output.map_err(|source| Error::Run { program: "psql".to_owned(), source })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Failed { program: "psql".to_owned(), status: output.status, said });
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
    }
}

/// A name in SQL, whatever is in it.
pub(super) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quote_name;

    #[test]
    fn quotes_what_ends_a_name() {
        assert_eq!(quote_name(r#"a"b"#), r#""a""b""#);
    }
}
