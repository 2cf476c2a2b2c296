//! Throw-away PostgreSQL clusters for tests. This crate owns finding PostgreSQL's programs, and starting, replicating, freezing,
//! killing and removing clusters; it knows nothing of orgd's schema and links no database driver.
//!
//! A cluster lives in a private folder below the temporary folder: data, log and socket. It goes, with its processes and its
//! folder, when the [`Cluster`] is dropped, and also when the process that started it ends in any other way, `kill -9` included.
//! PostgreSQL refuses to run as root, so a process of root runs it as the user `postgres`, or `nobody` when there is none.
//!
//! ```no_run
//! use orgd_postgres_cluster::{Cluster, Installation, Options};
//!
//! # fn main() -> Result<(), orgd_postgres_cluster::Error> {
//! let mut primary = Cluster::start(&Installation::newest()?, &Options::default())?;
//! let url = primary.create_database("orgd")?;
//! let standby = Cluster::standby_of(&primary, "second")?;
//! primary.set_synchronous(&["second"])?;
//! let both = format!("postgres://postgres@{},{}/orgd", primary.host_port(), standby.host_port());
//! primary.kill()?;
//! standby.promote()?;
//! # Ok(())
//! # }
//! ```

mod account;
mod cluster;
mod error;
mod home;
mod installation;
mod options;
mod processes;
mod wait;

pub use cluster::{Cluster, free_port};
pub use error::Error;
pub use installation::{Installation, POSTGRES_BIN};
pub use options::{Options, Tcp, Tls};
