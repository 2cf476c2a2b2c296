//! `cargo xtask client`: what others make of the documented contract. For each language a well-known generator makes a client, which is
//! compiled or type-checked, tells one story against a new server, and runs the example of `docs/examples/clients`.
//!
//! This file owns the table of clients and their order; each language has a file below, what they share is in `client/ground.rs`.

pub(crate) mod go;
mod ground;
mod java;
mod prism;
mod python;
mod rust;
mod typescript;

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::ci::shell::say;
use ground::{Ground, Told};

/// A file that the client in Java is compiled with, from a package of the system.
pub(crate) const JAVA_ANNOTATIONS: &str = java::ANNOTATIONS;

/// A client that is generated.
struct Client {
    /// The name on the command line, and of the folder below `target/clients/`.
    name: &'static str,
    /// What makes it, for people.
    generator: &'static str,
    /// Generates it and compiles or type-checks it together with its story and its example.
    build: fn(&Ground) -> anyhow::Result<()>,
    /// The program that tells the story.
    story: fn(&Ground) -> anyhow::Result<Command>,
    /// The program that others copy, where there is one.
    example: Option<fn(&Ground) -> anyhow::Result<Command>>,
}

const CLIENTS: &[Client] = &[
    Client {
        name: "rust",
        generator: "progenitor",
        build: rust::build,
        story: rust::story,
        example: Some(rust::example),
    },
    Client {
        name: "typescript",
        generator: "openapi-typescript and openapi-fetch",
        build: typescript::build_fetch,
        story: typescript::story_fetch,
        example: Some(typescript::example),
    },
    Client {
        name: "typescript-hey-api",
        generator: "@hey-api/openapi-ts",
        build: typescript::build_hey_api,
        story: typescript::story_hey_api,
        example: None,
    },
    Client {
        name: "python",
        generator: "openapi-python-client",
        build: python::build,
        story: python::story,
        example: Some(python::example),
    },
    Client {
        name: "java",
        generator: "openapi-generator",
        build: java::build,
        story: java::story,
        example: Some(java::example),
    },
    Client {
        name: "go",
        generator: "openapi-generator",
        build: go::build,
        story: go::story,
        example: Some(go::example),
    },
];

/// Which clients to generate and to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The client; all of them, one after the other, when none is given
    #[arg(value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(CLIENTS.iter().map(|client| client.name)))]
    languages: Vec<String>,
    /// Put Prism between clients and server, which finds every request and every answer that is not as documented
    #[arg(long, conflicts_with = "languages")]
    prism: bool,
}

/// Generates, compiles and runs the clients.
///
/// # Errors
/// The first thing that one of them cannot do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let ground = Ground::prepare()?;
    if arguments.prism {
        prism::run(&ground)?;
        return Ok(ExitCode::SUCCESS);
    }
    for client in chosen(&arguments.languages) {
        let begun = Instant::now();
        say(&format!("\n--- {}: {}", client.name, client.generator))?;
        (client.build)(&ground).with_context(|| format!("the client {:?} cannot be built", client.name))?;
        let built = begun.elapsed();
        let told = ground.tell(client.name, (client.story)(&ground)?, &ground.api())?;
        if let Told::Failed(said) = told {
            anyhow::bail!("the story of the client {:?} went wrong:\n{said}", client.name);
        }
        if let Some(example) = client.example {
            ground.run_example(client.name, example(&ground)?)?;
        }
        let (built, all) = (built.as_secs_f64(), begun.elapsed().as_secs_f64());
        say(&format!("{}: generated and compiled in {built:.1} s, everything in {all:.1} s", client.name))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The clients of these names in the order of the table, or all of them when there is no name.
fn chosen(names: &[String]) -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter().filter(move |client| names.is_empty() || names.iter().any(|name| name == client.name))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Arguments, CLIENTS, chosen};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn an_unknown_language_names_the_known_ones() {
        let error = Line::try_parse_from(["client", "cobol"]).unwrap_err().to_string();
        for client in CLIENTS {
            assert!(error.contains(client.name), "{error}");
        }
    }

    #[test]
    fn languages_are_chosen_by_name_and_all_without_one() {
        let names = |line: &[&str]| {
            let arguments = Line::try_parse_from(line).unwrap().arguments;
            chosen(&arguments.languages).map(|client| client.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["client", "python", "rust"]), ["rust", "python"]);
        assert_eq!(names(&["client"]).len(), CLIENTS.len());
    }
}
