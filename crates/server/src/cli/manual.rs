//! `orgd completions` and `orgd man`: what a shell completes and what a manual says, made from the command line itself.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::output;

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: Shell,
}

/// Which pages.
#[derive(Debug, Args)]
pub struct ManFlags {
    /// The command that the page is about, such as `member add` [default: orgd itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder instead of printing one
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    folder: Option<PathBuf>,
}

/// Prints the script with which the shell completes.
pub fn completions(flags: &Completions) -> anyhow::Result<()> {
    output::write(&script(flags.shell)?)
}

/// Prints a page of the manual, or writes all of them.
pub fn man(flags: &ManFlags) -> anyhow::Result<()> {
    let Some(folder) = &flags.folder else { return output::write(&page(&flags.command)?) };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(super::Cli::command(), folder))
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    output::say(&format!("Wrote the pages of all commands into {}.", folder.display()));
    Ok(())
}

fn script(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::Cli::command(), "orgd", &mut script);
    Ok(String::from_utf8(script)?)
}

fn page(path: &[String]) -> anyhow::Result<String> {
    let mut all = super::Cli::command();
    all.build();
    let mut command = &all;
    for name in path {
        let inner = command.find_subcommand(name);
        command =
            inner.with_context(|| format!("there is no command {:?}; `orgd --help` shows them", path.join(" ")))?;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).title(title_of(command)).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

fn title_of(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory, ValueEnum};
    use clap_complete::Shell;

    use super::{page, script};

    /// The words of every command, each with those that it is below.
    fn paths(command: &Command, above: &[String], found: &mut Vec<Vec<String>>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let path: Vec<_> = above.iter().cloned().chain([inner.get_name().to_owned()]).collect();
            paths(inner, &path, found);
            found.push(path);
        }
    }

    fn every_path() -> Vec<Vec<String>> {
        let mut found = Vec::new();
        paths(&crate::cli::Cli::command(), &[], &mut found);
        assert!(found.contains(&["member", "edit-roles"].map(str::to_owned).to_vec()), "{found:?}");
        found
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let script = script(*shell).unwrap();
            for word in every_path().concat() {
                assert!(script.contains(&word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn every_command_has_its_page() {
        for path in every_path() {
            let page = page(&path).unwrap();
            let name = format!("orgd-{}", path.join("-"));
            assert!(page.contains(&name.replace('-', "\\-")), "{name}: {page}");
            assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
        }
        assert!(page(&[]).unwrap().contains(".TH orgd 1"));
        assert!(page(&["nothing".to_owned()]).unwrap_err().to_string().contains("there is no command \"nothing\""));
    }
}
