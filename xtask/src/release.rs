//! `cargo xtask release`: everything that is given away of a version, in one folder. The binary is built so that anybody who builds the same
//! commit with the same compiler gets the same bytes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::ci::place::Place;
use crate::ci::shell::{self, command, say};
use crate::ci::supply;
use crate::ci::tools::{CYCLONEDX, DEB};

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Build a second time, from a copy of the commit in another folder, and compare the two binaries.
    #[arg(long)]
    twice: bool,
}

/// Makes the files.
///
/// # Errors
/// Something is not committed, a tool is missing, a build fails, or two builds differ.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let place = Place::find()?;
    ensure!(said(command(&place.root, "git", &["status", "--porcelain"]))?.is_empty(), "commit everything first");
    supply::check(&place)?;
    let version = env!("CARGO_PKG_VERSION");
    let folder = place.target.join("dist").join(version);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let binary = build(&place.root, &place.target.join("dist/build"))?;
    if arguments.twice {
        compare(&place, &binary)?;
    }
    let stage = binary.with_file_name("stage");
    stage_files(&place, &binary, &stage)?;
    let target = said(command(&place.root, "rustc", &["--print", "host-tuple"]))?;
    archive(&place, &stage, &folder.join(format!("orgd-{version}-{target}.tar.gz")))?;
    package(&place, &binary, &folder)?;
    parts_list(&place, &folder.join(format!("orgd-{version}.cdx.json")))?;
    sum(&folder)?;
    say(&format!("Everything is in {}.", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What a program prints, without the space around it.
fn said(mut command: Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// When the commit was made: the only time that any file of a release has.
fn epoch(root: &Path) -> anyhow::Result<String> {
    said(command(root, "git", &["log", "-1", "--format=%ct"]))
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    given.or_else(usual).context("neither CARGO_HOME nor HOME is set")
}

/// Builds the server from this tree into a target folder, with no path of this machine in it.
fn build(root: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    let places = [(root.to_owned(), "/orgd"), (target.to_owned(), "/target"), (cargo_home()?, "/cargo")];
    let named = |option: &str| {
        let mut flags = OsString::new();
        for (place, name) in &places {
            for part in [" ".as_ref(), option.as_ref(), place.as_os_str(), "=".as_ref(), name.as_ref()] {
                flags.push::<&std::ffi::OsStr>(part);
            }
        }
        flags
    };
    let arguments = ["rustc", "--release", "--locked", "--package", "orgd", "--bin", "orgd", "--target-dir"];
    shell::run(
        command(root, "cargo", &arguments)
            .arg(target)
            // The names of functions that link-time optimisation shares end in a number that another build may not give them; nothing else differs.
            .args(["--", "-C", "strip=symbols"])
            .env("SOURCE_DATE_EPOCH", epoch(root)?)
            .env("RUSTFLAGS", named("--remap-path-prefix="))
            .env("CFLAGS", named("-ffile-prefix-map="))
            // Set by whoever runs this; they would come before the flags above.
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )?;
    Ok(target.join("release/orgd"))
}

/// Builds the commit elsewhere and compares.
fn compare(place: &Place, binary: &Path) -> anyhow::Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let copy = elsewhere.path().join("another/place");
    shell::run(command(&place.root, "git", &["clone", "--quiet", "."]).arg(&copy))?;
    let other = build(&copy, &elsewhere.path().join("target"))?;
    if std::fs::read(&other)? != std::fs::read(binary)? {
        let kept = place.target.join("dist/orgd-of-another-place");
        std::fs::copy(&other, &kept)?;
        bail!("two builds of one commit differ: {} and {}", binary.display(), kept.display());
    }
    say("Two builds of this commit in two places are the same, byte for byte.")
}

/// The binary with its manual, its completions and what an operator starts from.
fn stage_files(place: &Place, binary: &Path, stage: &Path) -> anyhow::Result<()> {
    if stage.exists() {
        std::fs::remove_dir_all(stage)?;
    }
    let (manual, completions) = (stage.join("man"), stage.join("completions"));
    std::fs::create_dir_all(&manual)?;
    std::fs::create_dir_all(&completions)?;
    std::fs::copy(binary, stage.join("orgd"))?;
    shell::run(command(&place.root, binary, &["man", "--folder"]).arg(&manual))?;
    shell::run(command(&place.root, "gzip", &["-n9", "--recursive"]).arg(&manual))?;
    for shell in ["bash", "fish", "zsh"] {
        let script = said(command(&place.root, binary, &["completions", shell]))?;
        std::fs::write(completions.join(format!("orgd.{shell}")), script + "\n")?;
    }
    for (from, name) in [
        ("README.md", "README.md"),
        ("docs/CHANGELOG.md", "CHANGELOG.md"),
        ("docs/OPERATIONS.md", "OPERATIONS.md"),
        ("docs/orgd.toml", "orgd.toml"),
        ("deploy/systemd/orgd.service", "orgd.service"),
        ("deploy/debian/copyright", "copyright"),
    ] {
        std::fs::copy(place.root.join(from), stage.join(name)).with_context(|| format!("cannot copy {from}"))?;
    }
    Ok(())
}

/// One archive, whose files have the time of the commit and no owner.
fn archive(place: &Place, stage: &Path, file: &Path) -> anyhow::Result<()> {
    let mtime = format!("--mtime=@{}", epoch(&place.root)?);
    let same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--use-compress-program=gzip -n9"];
    shell::run(command(stage, "tar", &same).arg(mtime).arg("--transform=s,^\\.,orgd,").arg("-cf").arg(file).arg("."))
}

/// The package for Debian; `crates/server/Cargo.toml` says what is in it.
fn package(place: &Place, binary: &Path, folder: &Path) -> anyhow::Result<()> {
    let program = DEB.ready(place)?;
    let target = binary.ancestors().nth(2).context("the target folder")?;
    let arguments = ["--no-build", "--no-strip", "--locked", "--package", "orgd", "--output"];
    shell::run(
        command(&place.root, program, &arguments)
            .arg(folder)
            .env("CARGO_TARGET_DIR", target)
            .env("SOURCE_DATE_EPOCH", epoch(&place.root)?),
    )
}

/// The list of parts, in the format of CycloneDX.
fn parts_list(place: &Place, file: &Path) -> anyhow::Result<()> {
    let program = CYCLONEDX.ready(place)?;
    let arguments =
        ["cyclonedx", "--manifest-path", "crates/server/Cargo.toml", "--format", "json", "--spec-version", "1.5"];
    shell::run(
        command(&place.root, program, &arguments)
            .args(["--no-build-deps", "--override-filename", "orgd.cdx"])
            .env("SOURCE_DATE_EPOCH", epoch(&place.root)?),
    )?;
    let made = place.root.join("crates/server/orgd.cdx.json");
    let parts = std::fs::read_to_string(&made).with_context(|| format!("{} was not made", made.display()))?;
    // The crates of the workspace are named by where they are, which is nobody's business.
    std::fs::write(file, parts.replace(place.root.to_string_lossy().as_ref(), "/orgd"))?;
    // One is written beside every crate of the workspace.
    let crates = std::fs::read_dir(place.root.join("crates"))?.map(|entry| entry.map(|entry| entry.path()));
    for folder in crates.chain([Ok(place.root.join("xtask"))]) {
        let beside = folder?.join("orgd.cdx.json");
        if beside.exists() {
            std::fs::remove_file(beside)?;
        }
    }
    Ok(())
}

/// `SHA256SUMS`, which `sha256sum --check` reads.
fn sum(folder: &Path) -> anyhow::Result<()> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    names.sort();
    let mut sums = said(command(folder, "sha256sum", &names))?;
    sums.push('\n');
    std::fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}
