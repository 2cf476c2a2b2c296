//! Prism between a client and the server: it compares every request and every answer with the documented contract, and answers with an
//! error of its own where one of them is not as documented.

use std::fs::File;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::ground::{Ground, Told};
use super::{chosen, typescript};
use crate::ci::python::install_npm;
use crate::ci::shell::say;

const FOLDER: &str = "prism";
/// Clients that take any base URL and are quick to make.
const CLIENTS: [&str; 2] = ["typescript", "python"];
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A change of the document after which an honest server breaks it, and what Prism then calls the error.
struct Planted {
    what: &'static str,
    place: &'static str,
    value: fn() -> Value,
    error: &'static str,
}

const PLANTED: &[Planted] = &[
    Planted {
        what: "names of organizations in answers are numbers",
        place: "/components/schemas/codersdk.Organization/properties/name/type",
        value: || json!("integer"),
        error: "errors#VIOLATIONS",
    },
    Planted {
        what: "names of organizations in requests are numbers",
        place: "/components/schemas/codersdk.CreateOrganizationRequest/properties/name",
        value: || json!({ "type": "integer" }),
        error: "errors#UNPROCESSABLE_ENTITY",
    },
];

/// Tells the story through Prism, and shows that a violation would be seen.
///
/// # Errors
/// There is a violation, or a planted one is not seen.
pub(super) fn run(ground: &Ground) -> anyhow::Result<()> {
    let folder = project(ground)?;
    let prism = Prism::start(ground, &folder, &ground.openapi())?;
    for client in chosen(&CLIENTS.map(str::to_owned)) {
        (client.build)(ground)?;
        if let Told::Failed(said) = ground.tell(client.name, (client.story)(ground)?, &prism.url)? {
            bail!("the story of the client {:?} went wrong through Prism:\n{said}", client.name);
        }
    }
    drop(prism);
    for planted in PLANTED {
        see(ground, &folder, planted).with_context(|| format!("planted: {}", planted.what))?;
    }
    say("No violation; the planted ones are seen.")
}

/// Plants a violation and lets the story meet it.
fn see(ground: &Ground, folder: &Path, planted: &Planted) -> anyhow::Result<()> {
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(ground.openapi())?)?;
    *document.pointer_mut(planted.place).context("the document has no such place")? = (planted.value)();
    let file = folder.join("planted.json");
    std::fs::write(&file, document.to_string())?;
    let prism = Prism::start(ground, folder, &file)?;
    match ground.tell("planted", typescript::story_fetch(ground)?, &prism.url)? {
        Told::Well => bail!("the story went well although the document says something else"),
        Told::Failed(said) => {
            ensure!(
                said.contains(planted.error),
                "the story failed for another reason than {}:\n{said}",
                planted.error
            );
        }
    }
    Ok(())
}

/// The npm project below the target folder, with Prism in it.
fn project(ground: &Ground) -> anyhow::Result<PathBuf> {
    let folder = ground.folder(FOLDER)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(ground.story(FOLDER).join(file), folder.join(file))?;
    }
    install_npm(&ground.tools, &folder)?;
    Ok(folder)
}

/// A running Prism. Stopped when dropped.
struct Prism {
    process: Child,
    /// Where the operations are: it leaves out the path of the document's server.
    url: String,
}

impl Prism {
    fn start(ground: &Ground, folder: &Path, document: &Path) -> anyhow::Result<Self> {
        // It takes a port by its number only.
        let port = orgd_postgres_cluster::free_port()?;
        let log = folder.join("prism.log");
        let output = File::create(&log)?;
        let arguments = ["node_modules/@stoplight/prism-cli/dist/index.js", "proxy"];
        let mut node = ground.tools.command(folder, "node", &arguments)?;
        node.arg(document).arg(ground.api()).args(["--errors", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let process = node.stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output)).spawn()?;
        let mut prism = Self { process, url: format!("http://127.0.0.1:{port}") };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if prism.process.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                bail!("Prism does not start:\n{}", std::fs::read_to_string(&log)?);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(prism)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
