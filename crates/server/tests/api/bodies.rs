//! Request bodies that are not what an operation takes: media types, sizes, and all the ways in which JSON goes wrong.

use crate::harness::{Answer, Client, TestServer, exchange_raw};

const MEBIBYTE: usize = 1024 * 1024;

fn post(client: &Client, body: impl AsRef<[u8]>) -> Answer {
    client.request("POST", "/organizations").header("Content-Type", "application/json").body(body).send()
}

/// The detail of the answer to a body that is not right; PATCH must say the same as POST.
#[track_caller]
fn detail(server: &TestServer, body: impl AsRef<[u8]>) -> String {
    let client = server.owner();
    let posted = post(&client, &body);
    let patched = client.request("PATCH", "/organizations/coder").body(&body).send();
    assert_eq!(posted.message(400), "Request body must be valid JSON.");
    assert_eq!(posted.text(), patched.text());
    posted.detail(400)
}

#[test]
fn a_body_that_is_no_json_is_refused_with_its_place() {
    let server = TestServer::start();
    for (body, expected) in [
        ("", "EOF"),
        (" \n ", "EOF"),
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("{\"name\": \"a", "EOF while parsing a string at line 1 column 11"),
        ("{\"name\":\n\"a\",}", "trailing comma at line 2 column 5"),
        ("hello", "expected value at line 1 column 1"),
        ("name=acme", "line 1 column 2"),
        ("{'name': 'a'}", "key must be a string at line 1 column 2"),
        ("{\"name\": \"a\"} x", "trailing characters at line 1 column 15"),
        ("{\"name\": \"a\"}{\"name\": \"b\"}", "trailing characters at line 1 column 14"),
        ("{\"name\": NaN}", "expected value at line 1 column 10"),
        ("{\"name\": \"a\nb\"}", "control character"),
        ("{\"name\": \"\\ud800\"}", "line 1 column"),
        ("\u{feff}{\"name\": \"a\"}", "line 1 column 1"),
    ] {
        let said = detail(&server, body);
        assert!(said.contains(expected), "{body:?}: {said}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_refused_with_their_place() {
    let server = TestServer::start();
    assert_eq!(detail(&server, b"{\"name\": \"\xff\"}"), "invalid UTF-8 at line 1 column 11");
    assert_eq!(detail(&server, b"{\"name\":\n \"\xed\xa0\x80\"}"), "invalid UTF-8 at line 2 column 3");
    let utf16: Vec<u8> = "{\"name\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    detail(&server, utf16);
}

#[test]
fn only_an_object_or_null_is_a_request() {
    let server = TestServer::start();
    for (body, expected) in [
        ("[]", "the body must be an object, not an array"),
        ("[{\"name\":\"acme\"}]", "the body must be an object, not an array"),
        ("\"acme\"", "the body must be an object, not a string"),
        ("1", "the body must be an object, not a number"),
        ("-1.5e3", "the body must be an object, not a number"),
        ("true", "the body must be an object, not a boolean"),
    ] {
        assert_eq!(detail(&server, body), expected, "{body}");
    }
}

#[test]
fn a_value_of_the_wrong_type_names_its_field() {
    let server = TestServer::start();
    for field in ["name", "display_name", "description", "icon"] {
        for value in ["1", "true", "[]", "{}", "[\"acme\"]"] {
            let said = detail(&server, format!("{{\"{field}\": {value}}}"));
            assert!(
                said.starts_with(&format!("\"{field}\" must be a string at line 1 column ")),
                "{field} {value}: {said}"
            );
        }
    }
    let answer = post(&server.owner(), "{\"icon\": 1}");
    assert_eq!(answer.validations(400), [("icon".to_owned(), "must be a string".to_owned())]);
}

#[test]
fn a_key_may_come_once_and_keys_are_exact() {
    let server = TestServer::start();
    for body in [
        "{\"name\":\"a\",\"name\":\"a\"}",
        "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
        "{\"name\":\"a\",\"other\":{\"x\":1,\"x\":2}}",
        "{\"name\":\"a\",\"other\":[{\"x\":1,\"x\":2}]}",
    ] {
        let said = detail(&server, body);
        assert!(said.contains("is given more than once"), "{body}: {said}");
    }
    let answer = post(&server.owner(), "{\"NAME\":\"x\",\"Name\":\"y\",\"name\":\"acme\"}");
    assert_eq!(answer.expect(201)["name"], "acme");
}

#[test]
fn depth_is_bounded() {
    let server = TestServer::start();
    for (open, count) in [("[", MEBIBYTE - 20), ("{\"a\":", 150_000), ("[", 200)] {
        let said = detail(&server, format!("{{\"x\":{}", open.repeat(count)));
        assert!(said.contains("recursion limit exceeded"), "{open}: {said}");
    }
    let deep = format!("{{\"name\":\"acme\",\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
    assert_eq!(post(&server.owner(), deep).status, 201, "an unknown field may hold anything sound");
}

#[test]
fn one_mebibyte_is_read_and_one_byte_more_is_not() {
    let server = TestServer::start();
    let owner = server.owner();
    for chunked in [false, true] {
        let send = |method: &str, path: &str, length: usize| {
            let json = "{\"name\":\"acme\"}";
            let mut body = json.as_bytes().to_vec();
            body.resize(length, b' ');
            let request = owner.request(method, path).header("Content-Type", "application/json").body(body);
            if chunked { request.chunked().send() } else { request.send() }
        };
        let refused = send("POST", "/organizations", MEBIBYTE + 1);
        assert_eq!(refused.message(413), "Request body too large.");
        assert_eq!(refused.detail(413), "Maximum request body size is 1048576 bytes.");
        assert_eq!(owner.get("/organizations/acme").status, 404);
        assert_eq!(send("PATCH", "/organizations/coder", MEBIBYTE + 1).status, 413);
        assert_eq!(send("POST", "/organizations", MEBIBYTE).status, 201);
        assert_eq!(owner.delete("/organizations/acme").status, 200);
    }
}

/// The size is known before the body comes, so the answer does not wait for it.
#[test]
fn a_body_that_is_announced_as_too_large_is_not_waited_for() {
    let server = TestServer::start();
    let head = format!(
        "POST /api/v2/organizations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCoder-Session-Token: {}\r\nContent-Length: \
         99999999999\r\n\r\n",
        server.owner_token()
    );
    let answer = String::from_utf8(exchange_raw(&server, head.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn the_media_type_must_be_json_or_absent() {
    let server = TestServer::start();
    let owner = server.owner();
    let send = |content_type: &str| {
        owner.request("PATCH", "/organizations/coder").header("Content-Type", content_type).body("{}").send()
    };
    for good in
        ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8", "a/b+json", ""]
    {
        assert_eq!(send(good).status, 200, "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/jsonx",
        "json",
        "*/*",
    ] {
        let answer = send(bad);
        assert_eq!(answer.message(415), "Unsupported media type.", "{bad}");
        assert!(!answer.detail(415).is_empty());
    }
    assert!(send("text/plain").detail(415).contains("text/plain"));
    let compressed = owner.request("PATCH", "/organizations/coder").header("Content-Encoding", "gzip").body("{}");
    assert_eq!(compressed.send().status, 415);
    assert_eq!(owner.request("PATCH", "/organizations/coder").body("{}").send().status, 200, "no type at all");
}

#[test]
fn what_is_wrong_is_not_echoed_at_length() {
    let server = TestServer::start();
    let long = "x".repeat(100_000);
    for body in
        [format!("{{\"{long}\":1,\"{long}\":2}}"), format!("{{\"icon\":{long}}}"), format!("{{\"name\":\"{long}\"}}")]
    {
        let answer = post(&server.owner(), body);
        assert_eq!(answer.status, 400);
        assert!(answer.body.len() < 2000, "{} bytes", answer.body.len());
    }
}
