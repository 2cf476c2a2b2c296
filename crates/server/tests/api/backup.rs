//! `orgd backup` and `orgd restore`: a whole database, taken beside a busy server, and what stands in the way of a bad one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::harness::{Kind, TestServer, eventually, open_sql};

/// A folder for backups beside the database of a server; `None` on PostgreSQL, which has backups of its own.
fn folder(server: &TestServer) -> Option<PathBuf> {
    (server.kind() == Kind::Sqlite).then(|| server.database().parent().unwrap().to_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What the command complained of.
#[track_caller]
fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = server.try_command(arguments);
    assert!(!output.status.success(), "orgd {arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn on_postgresql_it_names_the_tools_of_postgresql() {
    let server = TestServer::start();
    if server.kind() == Kind::Sqlite {
        return;
    }
    assert!(refused(&server, &["backup", "monday.db"]).contains("pg_dump"));
    assert!(refused(&server, &["restore", "monday.db"]).contains("pg_restore"));
    assert!(!Path::new("monday.db").exists());
}

/// Says when it goes that it is over, after a failure too: nobody else would end the writers that a scope waits for.
struct Ending<'over>(&'over AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Eight writers create organizations while backups are made one after the other. What was acknowledged before a backup began is in
/// it, and each organization in it has its entry in the audit log and its first member.
#[test]
fn a_backup_beside_busy_writers_is_whole() {
    let server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let (acknowledged, over) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let client = server.owner();
    std::thread::scope(|scope| {
        let _ending = Ending(&over);
        for writer in 0..8 {
            let (client, acknowledged, over) = (&client, &acknowledged, &over);
            scope.spawn(move || {
                for number in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let name = format!("w{writer}-{number}");
                    client.create(&name);
                    acknowledged.lock().unwrap().insert(name);
                }
            });
        }
        for round in 1..=4 {
            eventually(|| acknowledged.lock().unwrap().len() > 20 * round);
            let before = acknowledged.lock().unwrap().clone();
            let file = folder.join(format!("backup-{round}.db"));
            server.command(&["backup", text(&file)]);
            let mut sql = open_sql(&format!("sqlite://{}", file.display()));
            let present = sql.words("SELECT group_concat(name, ' ') AS value FROM organizations");
            let present: BTreeSet<String> = present.split(' ').map(str::to_owned).collect();
            let lost: Vec<_> = before.difference(&present).collect();
            assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged before and are not in the backup");
            assert_eq!(sql.integrity(), "ok");
            let torn = "SELECT count(*) AS value FROM organizations WHERE name LIKE 'w%' AND \
                        ((SELECT count(*) FROM audit_logs WHERE resource_id = organizations.id AND action = 'create') <> 1 \
                         OR id NOT IN (SELECT organization_id FROM organization_members))";
            assert_eq!(sql.number(torn), 0, "round {round}");
        }
    });
    let left: Vec<_> = names_in(&folder).into_iter().filter(|name| name.ends_with(".partial")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The drill of docs/OPERATIONS.md.
#[test]
fn a_restored_server_answers_as_at_the_time_of_the_backup() {
    let mut server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let owner = server.owner();
    owner.create("kept");
    let job = json!({"type": "template_version_import", "tags": {"scope": "organization", "owner": ""}});
    owner.post("/organizations/kept/provisionerjobs", job).expect(201);
    let ana = server.user("ana", &[], &[("kept", &[])]);
    let paths = ["/organizations", "/organizations/kept/provisionerjobs", "/audit?limit=100"];
    let before = paths.map(|path| owner.get(path).text().to_owned());
    let file = folder.join("monday.db");
    server.command(&["backup", text(&file)]);
    owner.create("later");
    owner.delete("/organizations/later").expect(200);
    owner.patch("/organizations/kept", json!({"display_name": "Changed"})).expect(200);

    let said = refused(&server, &["restore", text(&file), "--force"]);
    assert!(said.contains("a server uses") && said.contains("stop it first"), "{said}");
    server.kill();
    let said = refused(&server, &["restore", text(&file)]);
    assert!(said.contains("exists already") && said.contains("--force"), "{said}");
    let output = server.try_command(&["restore", text(&file), "--force"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    server.restart();
    let owner = server.owner();
    assert_eq!(paths.map(|path| owner.get(path).text().to_owned()), before);
    assert_eq!(server.client(&ana).get("/users/me").status, 200, "tokens of the backup are valid");

    // The database that was replaced is whole, with what its log still held.
    let replaced = names_in(&folder).into_iter().find(|name| name.contains(".replaced-") && !name.contains("-wal"));
    let replaced = folder.join(replaced.expect("the old database is kept"));
    assert!(said.contains(text(&replaced)), "{said}");
    let mut sql = open_sql(&format!("sqlite://{}", replaced.display()));
    assert_eq!(sql.words("SELECT display_name AS value FROM organizations WHERE name = 'kept'"), "Changed");
    // The backup can be restored again.
    server.kill();
    server.command(&["restore", text(&file), "--force"]);
}

#[test]
fn restoring_can_revoke_every_token() {
    let mut server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let file = folder.join("monday.db");
    server.command(&["backup", text(&file)]);
    server.kill();
    server.command(&["restore", text(&file), "--force", "--revoke-tokens"]);
    server.restart();
    assert_eq!(server.owner().get("/users/me").status, 401);
    let token = server.token_of("owner", &[]);
    assert_eq!(server.client(&token).get("/users/me").status, 200);
}

#[test]
fn a_file_in_the_way_is_not_lost() {
    let server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let file = folder.join("monday.db");
    std::fs::write(&file, "somebody's letter").unwrap();
    let said = refused(&server, &["backup", text(&file)]);
    assert!(said.contains("exists already") && said.contains("--force"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's letter");
    let database = server.database();
    let said = refused(&server, &["backup", text(&database), "--force"]);
    assert!(said.contains("is the database itself"), "{said}");
    server.command(&["backup", text(&file), "--force"]);
    assert_eq!(
        server
            .command(&["backup", text(&folder.join("tuesday.db")), "--output", "json"])
            .parse::<serde_json::Value>()
            .unwrap()[0]["table"],
        "organizations"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_whole_backup_is_refused_and_nothing_is_changed() {
    let mut server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let owner = server.owner();
    (0..40).for_each(|number| drop(owner.create(&format!("org-{number}"))));
    let good = folder.join("good.db");
    server.command(&["backup", text(&good)]);
    let whole = std::fs::read(&good).unwrap();
    server.kill();
    let before = std::fs::read(server.database()).unwrap();
    let mut damaged = whole.clone();
    // The middle of pages that hold rows; the head of the file stays as it is.
    damaged[4096 * 2..4096 * 6].fill(0x5a);
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("empty.db", Vec::new(), "it is empty"),
        ("letter.db", b"Dear Sir or Madam, this is not a database at all.".repeat(100), "not a database"),
        ("short.db", whole[..whole.len() / 2].to_vec(), "cannot be restored"),
        ("damaged.db", damaged, "cannot be restored"),
    ];
    for (name, bytes, expected) in cases {
        let file = folder.join(name);
        std::fs::write(&file, &bytes).unwrap();
        let said = refused(&server, &["restore", text(&file), "--force"]);
        assert!(said.contains(expected) && said.contains(name), "{name}: {said}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{name} was changed");
    }
    let foreign = folder.join("foreign.db");
    open_sql(&format!("sqlite://{}", foreign.display())).run("CREATE TABLE letters (text TEXT)");
    assert!(refused(&server, &["restore", text(&foreign), "--force"]).contains("another program"));
    let newer = folder.join("newer.db");
    std::fs::write(&newer, &whole).unwrap();
    open_sql(&format!("sqlite://{}", newer.display()))
        .run("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')");
    assert!(refused(&server, &["restore", text(&newer), "--force"]).contains("newer than this binary"));
    // A copy of the file of a database in use lacks what is in its log.
    let live = folder.join("live.db");
    std::fs::write(&live, &whole).unwrap();
    std::fs::write(folder.join("live.db-wal"), "frames").unwrap();
    assert!(refused(&server, &["restore", text(&live), "--force"]).contains("orgd backup"));
    assert!(refused(&server, &["restore", text(&folder.join("none.db"))]).contains("there is no file"));
    assert_eq!(std::fs::read(server.database()).unwrap(), before);
    assert!(!names_in(&folder).iter().any(|name| name.contains(".replaced-") || name.ends_with(".partial")));
}

/// A backup that cannot be finished leaves nothing behind.
#[test]
fn a_damaged_database_gives_no_backup() {
    let mut server = TestServer::start();
    let Some(folder) = folder(&server) else { return };
    let owner = server.owner();
    (0..40).for_each(|number| drop(owner.create(&format!("org-{number}"))));
    server.sql().run("PRAGMA wal_checkpoint(TRUNCATE)");
    server.kill();
    let mut bytes = std::fs::read(server.database()).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    std::fs::write(server.database(), bytes).unwrap();
    let file = folder.join("monday.db");
    let said = refused(&server, &["backup", text(&file)]);
    assert!(said.contains("malformed"), "{said}");
    assert!(!file.exists() && !names_in(&folder).iter().any(|name| name.ends_with(".partial")));
}
