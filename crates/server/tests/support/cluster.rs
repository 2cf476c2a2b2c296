//! PostgreSQL clusters of a test's own, which it may stop and kill.

use orgd_postgres_cluster::{Cluster, Installation, Options};

/// The PostgreSQL under test: the one of `ORGD_TEST_POSTGRES`, else the newest of this machine.
fn installation() -> Installation {
    let all = Installation::find_all().unwrap_or_else(|error| panic!("{error}"));
    let Ok(url) = std::env::var("ORGD_TEST_POSTGRES") else { return all.last().unwrap().clone() };
    let mut conn = crate::harness::open_sql(&url);
    let major = conn.number("SELECT current_setting('server_version_num')::bigint / 10000 AS value");
    let same = all.iter().find(|one| i64::from(one.major()) == major);
    same.unwrap_or_else(|| panic!("PostgreSQL {major} is not among {all:?}")).clone()
}

/// A cluster of it, gone when dropped.
#[track_caller]
pub fn cluster(options: &Options) -> Cluster {
    Cluster::start(&installation(), options).unwrap_or_else(|error| panic!("{error}"))
}
