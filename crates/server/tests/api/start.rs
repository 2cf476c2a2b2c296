//! The first start, later starts, and a second server on the same database.

use crate::harness::{Kind, TestServer, eventually, is_token};

#[test]
fn the_first_start_prints_the_owners_token_once() {
    let server = TestServer::start();
    // The last line; the token, which every start waits for, comes before it.
    eventually(|| server.stdout().contains("First call: "));
    let stdout = server.stdout();
    let tokens: std::collections::BTreeSet<_> = stdout
        .split(|character: char| character.is_whitespace() || "'\"".contains(character))
        .filter(|word| is_token(word))
        .collect();
    assert_eq!(tokens, [server.owner_token()].into(), "{stdout}");
    let alone: Vec<_> = stdout.lines().filter(|line| is_token(line.trim())).collect();
    assert_eq!(alone.len(), 1, "the token stands on a line of its own");
    assert!(stdout.contains(&format!("http://{}/swagger/", server.address())), "{stdout}");
    assert!(stdout.contains("curl -H 'Coder-Session-Token: "), "{stdout}");
}

#[test]
fn later_starts_print_nothing_and_the_token_stays_good() {
    let mut server = TestServer::start();
    for _ in 0..2 {
        server.restart();
        assert_eq!(server.owner().get("/organizations").status, 200);
        assert_eq!(server.stdout(), "");
    }
}

#[test]
fn only_the_hash_of_a_token_is_stored() {
    let server = TestServer::start();
    let other = server.token_of("owner", &[]);
    server.client(&other).get("/organizations").expect(200);
    let stored: Vec<Vec<u8>> = match server.kind() {
        Kind::Sqlite => {
            let folder = server.database().parent().unwrap().to_owned();
            std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
        }
        // Its files belong to somebody else, so every column as text.
        Kind::Postgres => {
            let rows = "SELECT string_agg(api_keys::text, ' ') || string_agg(encode(hashed_secret, 'escape'), ' ') AS value FROM api_keys";
            vec![server.sql().words(rows).into_bytes()]
        }
    };
    let id = server.owner_token().split_once('-').unwrap().0.as_bytes();
    assert!(stored.iter().any(|bytes| bytes.windows(id.len()).any(|window| window == id)), "the id is stored");
    for bytes in stored {
        for token in [server.owner_token(), &other] {
            let secret = token.split_once('-').unwrap().1.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn a_second_server_refuses_to_start_on_the_same_file_and_serves_the_same_postgres() {
    let server = TestServer::start();
    if server.kind() == Kind::Postgres {
        let second = server.replica(&[]);
        assert_eq!(second.stdout(), "", "the first start is over");
        let id = second.owner().create("acme");
        eventually(|| server.owner().get("/organizations/acme").status == 200);
        assert_eq!(server.owner().get("/organizations/acme").expect(200)["id"], *id);
        return;
    }
    let second = server.try_command(&["serve"]);
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    let expected = format!("another orgd serves {}", server.database().display());
    assert!(said.lines().any(|line| line.starts_with("orgd: ") && line.contains(&expected)), "{said}");
    assert!(second.stdout.is_empty());
    assert_eq!(server.owner().get("/organizations").status, 200, "the first one goes on");
}

#[test]
fn a_server_that_is_asked_to_stop_ends_well() {
    let mut server = TestServer::with(&[("ORGD_DRAIN_SECONDS", "1")]);
    server.owner().create("acme");
    server.signal("TERM");
    assert!(server.ends_well());
    server.restart();
    assert_eq!(server.owner().get("/organizations/acme").status, 200);
}

#[test]
fn commands_answer_on_standard_output_only_what_was_asked_for() {
    let server = TestServer::start();
    let created = server.try_command(&["user", "create", "alice"]);
    assert!(created.status.success() && created.stdout.is_empty());
    let failed = server.try_command(&["token", "create", "--user", "nobody"]);
    assert!(!failed.status.success() && failed.stdout.is_empty());
    assert!(String::from_utf8(failed.stderr).unwrap().contains("there is no user \"nobody\""));
    let listed = server.command(&["token", "list", "--output", "json"]);
    assert!(!listed.contains(server.owner_token().split_once('-').unwrap().1), "a list shows no secret");
}
