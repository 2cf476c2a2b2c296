//! Where a command gets a password from: a file, standard input or the terminal, never its arguments, which others can see.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use orgd_api_types::{Secret, password_rule_broken_by};

use crate::auth::password::{HashedPassword, hash_now};

/// Where the password comes from; without a flag the terminal is asked.
#[derive(Debug, Args)]
pub struct PasswordFlags {
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub password_file: Option<PathBuf>,
}

impl PasswordFlags {
    /// True when a password is to be read and the terminal need not be asked.
    pub fn is_given(&self) -> bool {
        self.password_stdin || self.password_file.is_some()
    }

    /// Reads a new password and hashes it.
    pub fn read(&self) -> anyhow::Result<HashedPassword> {
        let password = match &self.password_file {
            Some(path) => from_file(path)?,
            None if self.password_stdin => first_line(std::io::stdin().lock()).context("cannot read standard input")?,
            None => from_terminal()?,
        };
        if let Some(rule) = password_rule_broken_by(password.reveal()) {
            bail!("the password {rule}");
        }
        Ok(hash_now(&password)?)
    }
}

fn from_file(path: &Path) -> anyhow::Result<Secret> {
    let read = || first_line(std::io::BufReader::new(std::fs::File::open(path)?));
    read().with_context(|| format!("cannot read {}", path.display()))
}

fn first_line(mut source: impl BufRead) -> std::io::Result<Secret> {
    let mut line = String::new();
    source.read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

fn from_terminal() -> anyhow::Result<Secret> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the password; use --password-stdin or --password-file");
    }
    let password = Secret::new(rpassword::prompt_password("New password: ")?);
    if rpassword::prompt_password("Once more: ")? != password.reveal() {
        bail!("the two are not the same");
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        for (text, password) in [("a b \n", "a b "), ("x\r\ny\n", "x"), ("x", "x"), ("", "")] {
            assert_eq!(first_line(text.as_bytes()).unwrap().reveal(), password);
        }
    }
}
