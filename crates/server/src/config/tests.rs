//! What can be configured, from where, and what is said about mistakes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use proptest::prelude::*;

use super::keys::KEYS;
use super::{CommonFlags, Config, DatabaseUrl, LimitsConfig, LogFormat, ServeFlags, TlsFiles, values};

/// A command like `orgd serve`, to read flags as the program does.
#[derive(Parser)]
#[command(name = "serve")]
struct Serve {
    #[command(flatten)]
    flags: ServeFlags,
}

fn load(flags: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
    let command = Serve::try_parse_from([&["serve"], flags].concat()).map_err(|error| error.to_string())?;
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::load(command.flags, environment).map_err(|error| error.to_string())
}

/// Loads a file with this content; in errors its path reads `FILE`.
fn load_file(content: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgd.toml");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap();
    load(&["--config", path], &[]).map_err(|error| error.replace(path, "FILE"))
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/orgd.toml")
}

#[test]
fn nothing_given_is_the_default() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database.url.to_string(), "sqlite://orgd.db");
    assert_eq!(config.http.rate_limit, 512);
}

#[test]
fn the_sample_file_names_every_key_with_its_default() {
    let sample = std::fs::read_to_string(sample()).unwrap();
    assert_eq!(load_file(&sample).unwrap(), Config::default());
    let table: toml::Table = sample.parse().unwrap();
    let named: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(named, KEYS.iter().map(|key| key.name).collect());
    for key in KEYS {
        let text = match &table[key.name] {
            toml::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        assert_eq!(text, key.default, "{}", key.name);
    }
}

#[test]
fn the_help_shows_default_and_variable_of_every_key() {
    let help = <Serve as clap::CommandFactory>::command().term_width(0).render_long_help().to_string();
    let flags: Vec<&str> = help.split("\n      --").skip(1).filter(|flag| !flag.starts_with("help")).collect();
    for key in KEYS {
        let flag = flags.iter().find(|flag| flag.starts_with(&format!("{} ", &key.flag()[2..])));
        let text = flag.unwrap_or_else(|| panic!("no {} in {help}", key.flag()));
        assert!(text.contains(&format!("[env: {}]", key.variable())), "{text}");
        let default = match (key.name, key.default) {
            ("public_url", _) => "http:// or https:// and the address",
            (_, "") => "none",
            (_, default) => default,
        };
        assert!(text.contains(&format!("[default: {default}]")), "{text}");
    }
    assert!(flags.iter().any(|flag| flag.starts_with("config ") && flag.contains("[env: ORGD_CONFIG]")), "{help}");
    for short in ["no-migrate\n", "no-first-owner\n"] {
        assert!(flags.iter().any(|flag| flag.starts_with(short)), "{help}");
    }
    assert_eq!(flags.len(), KEYS.len() + 3, "{help}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgd.toml");
    std::fs::write(&path, "rate_limit = 1\nworkers = 1\ndrain_seconds = 1\n").unwrap();
    let path = path.to_str().unwrap();
    let environment = [("ORGD_RATE_LIMIT", "2"), ("ORGD_WORKERS", "2"), ("ORGD_CONFIG", path)];
    let config = load(&["--rate-limit", "3"], &environment).unwrap();
    assert_eq!(config.http.rate_limit, 3);
    assert_eq!(config.http.workers, 2);
    assert_eq!(config.http.drain, Duration::from_secs(1));

    // The flag names the file, too.
    let config = load(&["--config", path], &[("ORGD_CONFIG", "/nowhere/orgd.toml")]).unwrap();
    assert_eq!(config.http.rate_limit, 1);
}

/// What the test below sets.
fn every_key_set() -> Config {
    let mut expected = Config::default();
    expected.http.listen = "[::1]:0".parse().unwrap();
    expected.http.public_url = Some("https://orgd.example.com/base".to_owned());
    expected.database.url = DatabaseUrl::Sqlite { path: "/tmp/x.db".into() };
    expected.database.migrate = false;
    expected.database.first_owner = false;
    expected.database.read_connections = 7;
    expected.http.workers = 3;
    expected.http.rate_limit = 0;
    expected.http.drain = Duration::ZERO;
    expected.http.drain_delay = Duration::from_secs(5);
    expected.http.cors_origins = ["https://a.example.com", "http://localhost:3000"].map(str::to_owned).to_vec();
    expected.http.trusted_proxies = ["10.0.0.7/32", "fd00::/8"].map(|network| network.parse().unwrap()).to_vec();
    expected.http.swagger_ui = false;
    expected.http.plain_http = true;
    expected.http.tls = Some(TlsFiles { certificate: "/etc/orgd/tls.pem".into(), key: "/etc/orgd/tls.key".into() });
    expected.limits = LimitsConfig {
        head_timeout: Duration::from_secs(1),
        body_timeout: Duration::from_secs(2),
        answer_timeout: Duration::from_secs(3),
        idle_timeout: Duration::from_secs(4),
        max_connections: 5,
        max_connections_per_address: 0,
        max_requests: 6,
    };
    expected.queue.hung_after = Duration::from_secs(90);
    expected.queue.pending_limit = Some(Duration::from_secs(30 * 60));
    expected.queue.forget_workers_after = Duration::from_secs(24 * 60 * 60);
    expected.queue.reaper_interval = Duration::from_millis(250);
    expected.queue.audit_retention = Some(Duration::from_secs(90 * 24 * 60 * 60));
    expected.log.filter = "warn,orgd::access=off".to_owned();
    expected.log.format = LogFormat::Json;
    expected.log.access = false;
    expected.log.otlp_endpoint = Some("http://localhost:4318".to_owned());
    expected
}

#[test]
fn every_key_can_be_set_from_every_place() {
    let values = [
        ("listen", "[::1]:0"),
        ("plain_http", "true"),
        ("tls_certificate", "/etc/orgd/tls.pem"),
        ("tls_key", "/etc/orgd/tls.key"),
        ("public_url", "https://orgd.example.com/base/"),
        ("trusted_proxies", "10.0.0.7, fd00::/8"),
        ("cors_origins", "https://a.example.com, http://localhost:3000"),
        ("swagger_ui", "false"),
        ("database_url", "sqlite:///tmp/x.db"),
        ("migrate", "false"),
        ("first_owner", "false"),
        ("read_connections", "7"),
        ("workers", "3"),
        ("rate_limit", "0"),
        ("drain_seconds", "0"),
        ("drain_delay", "5s"),
        ("head_timeout", "1s"),
        ("body_timeout", "2s"),
        ("answer_timeout", "3s"),
        ("idle_timeout", "4s"),
        ("max_connections", "5"),
        ("max_connections_per_address", "0"),
        ("max_requests", "6"),
        ("hung_after", "90s"),
        ("pending_limit", "30m"),
        ("forget_workers_after", "1d"),
        ("reaper_interval", "250ms"),
        ("audit_retention", "90d"),
        ("log", "warn,orgd::access=off"),
        ("log_format", "json"),
        ("access_log", "false"),
        ("otlp_endpoint", "http://localhost:4318"),
    ];
    assert_eq!(values.map(|(name, _)| name), KEYS.iter().map(|key| key.name).collect::<Vec<_>>()[..]);

    let expected = every_key_set();
    let file: String = values.iter().map(|(name, text)| format!("{name} = {text:?}\n")).collect();
    assert_eq!(load_file(&file).unwrap(), expected);

    let variables: Vec<(String, &str)> =
        KEYS.iter().zip(values).map(|(key, (_, text))| (key.variable(), text)).collect();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    assert_eq!(load(&[], &variables).unwrap(), expected);

    let flags: Vec<String> =
        KEYS.iter().zip(values).flat_map(|(key, (_, text))| [key.flag(), text.to_owned()]).collect();
    assert_eq!(load(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &[]).unwrap(), expected);
}

/// It counts where nothing of our own is said in the environment or by a flag, and is called by its name.
#[test]
fn the_variable_of_opentelemetry_counts_before_the_file() {
    const SHARED: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let endpoint = |flags: &[&str], variables: &[(&str, &str)]| load(flags, variables).unwrap().log.otlp_endpoint;
    assert_eq!(endpoint(&[], &[(SHARED, "http://theirs")]).as_deref(), Some("http://theirs"));
    let both = [(SHARED, "http://theirs"), ("ORGD_OTLP_ENDPOINT", "http://ours")];
    assert_eq!(endpoint(&[], &both).as_deref(), Some("http://ours"));
    assert_eq!(endpoint(&["--otlp-endpoint", "http://flag"], &both).as_deref(), Some("http://flag"));
    let error = load(&[], &[(SHARED, "localhost")]).unwrap_err();
    assert!(error.starts_with("environment variable OTEL_EXPORTER_OTLP_ENDPOINT: otlp_endpoint is"), "{error}");
}

#[test]
fn a_refused_value_is_told_with_key_place_value_and_rule() {
    let refused = [
        (
            "ORGD_LISTEN",
            "localhost",
            "which is not an IP address and a port; it takes an IP address and a port, such as",
        ),
        (
            "ORGD_RATE_LIMIT",
            "fast",
            "which is not a whole number; it takes a whole number of requests per minute from 0",
        ),
        ("ORGD_RATE_LIMIT", "-1", "which is not a whole number;"),
        ("ORGD_RATE_LIMIT", "4294967296", "which is more than 4294967295;"),
        ("ORGD_RATE_LIMIT", "99999999999999999999", "which is more than 4294967295;"),
        ("ORGD_WORKERS", "1025", "which is more than 1024;"),
        ("ORGD_MAX_CONNECTIONS", "0", "which is less than 1; it takes a whole number of connections from 1"),
        ("ORGD_BODY_TIMEOUT", "10ms", "which is less than 100ms; it takes a span from 100ms to 1h,"),
        ("ORGD_DRAIN_SECONDS", "1.5", "which is not a whole number;"),
        ("ORGD_ACCESS_LOG", "yes", "which is neither true nor false; it takes true or false"),
        ("ORGD_LOG_FORMAT", "xml", "which is no format of the log; it takes text or json"),
        ("ORGD_LOG", "inf", "of which \"inf\" is no level; it takes off, error, warn,"),
        ("ORGD_LOG", "info,orgd=debg", "which is no filter"),
        ("ORGD_LOG", "\u{b}a\u{e1}=", "which holds characters other than printable ASCII;"),
        ("ORGD_LOG", "info,,warn", "of which \"\" is no level"),
        ("ORGD_PUBLIC_URL", "orgd.example.com", "which does not start with http:// or https://;"),
        ("ORGD_PUBLIC_URL", "https:///x", "which names no host;"),
        ("ORGD_PUBLIC_URL", "https://x/\r\nSet-Cookie: a=b", "which holds more than a scheme,"),
        (
            "ORGD_DATABASE_URL",
            "orgd.db",
            "which starts neither with sqlite:// nor with postgres://; it takes sqlite://",
        ),
        ("ORGD_DATABASE_URL", "sqlite::memory:", "which no second connection could see"),
        ("ORGD_DATABASE_URL", "sqlite://:memory:", "which no second connection could see"),
        ("ORGD_DATABASE_URL", "sqlite://", "which names no file;"),
        ("ORGD_DATABASE_URL", "sqlite://x.db?mode=ro", "which carries parameters;"),
        ("ORGD_DATABASE_URL", "sqlite://x\u{fffd}.db", "which holds NUL or bytes that are not UTF-8;"),
        ("ORGD_DATABASE_URL", "sqlite:///var/lib/orgd/", "which names a folder;"),
        ("ORGD_DATABASE_URL", "postgres://db/or\u{fffd}gd", "which holds NUL or bytes that are not UTF-8;"),
        ("ORGD_MIGRATE", "no", "which is neither"),
    ];
    for (variable, text, problem) in refused {
        let key = variable["ORGD_".len()..].to_lowercase();
        let start = format!("environment variable {variable}: {key} is ");
        let error = load(&[], &[(variable, text)]).unwrap_err();
        assert!(error.starts_with(&start) && error.contains(problem) && !error.contains('\n'), "{text}: {error}");
    }
    let flag = load(&["--rate-limit", "-1"], &[]).unwrap_err();
    assert!(
        flag.starts_with(r#"flag --rate-limit: rate_limit is "-1", which is not a whole number; it takes"#),
        "{flag}"
    );
    let file = load_file("workers = 2.5").unwrap_err();
    assert!(file.starts_with(r#"FILE: workers is "2.5", which is not a whole number; it takes"#), "{file}");
    let file = load_file("log = [\"info\"]").unwrap_err();
    assert!(file.starts_with("FILE: log is \"[\\\"info\\\"]\", which is of the TOML type array; it takes"), "{file}");
}

#[test]
fn a_stronger_place_hides_a_bad_value_of_a_weaker_one() {
    assert_eq!(load(&["--workers", "2"], &[("ORGD_WORKERS", "many")]).unwrap().http.workers, 2);
}

#[test]
fn a_password_in_a_database_url_is_not_shown() {
    for rest in ["me:hunter2@db/orgd", "me:p@hunter2@db/orgd?x=1", "db/orgd?password=hunter2"] {
        let error = load(&[], &[("ORGD_DATABASE_URL", &format!("mysql://{rest}"))]).unwrap_err();
        assert!(error.contains("mysql") && error.contains("db/orgd") && !error.contains("hunter2"), "{error}");
        let config = load(&[], &[("ORGD_DATABASE_URL", &format!("postgres://{rest}"))]).unwrap();
        let shown = format!("{} {config:?}", config.database.url);
        assert!(shown.contains("postgres://db/orgd") && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn nor_is_one_in_a_url_that_is_written_wrongly() {
    for (wrong, shown) in [
        ("postgres//me:hunter2@db/orgd", "\"…@db/orgd\""),
        ("postgres:/me:hunter2@db/orgd?sslmode=require", "\"…@db/orgd?…\""),
        ("me:hunter2@db", "\"…@db\""),
        ("mysql://me:hun?ter2@db/orgd", "\"mysql://…@db/orgd\""),
        ("mysql://me:hun/ter2@db/orgd", "\"mysql://…@db/orgd\""),
        ("mysql://me:hun/te?r2@db/orgd", "\"mysql://…\""),
        ("mysql://db/orgd?password=hun@ter2", "\"mysql://…\""),
        ("host=db Password=hunter2", "\"host=db …\""),
    ] {
        let error = load(&[], &[("ORGD_DATABASE_URL", wrong)]).unwrap_err();
        assert!(error.contains(&format!("database_url is {shown}, ")), "{wrong}: {error}");
    }
    for (taken, shown) in [
        ("postgres://me:hun?ter2@db/orgd?sslmode=require", "postgres://db/orgd"),
        ("postgres://me:hun/te?r2@db/orgd", "postgres://…"),
        ("postgres://db/orgd?password=hun@ter2", "postgres://…"),
    ] {
        let url = load(&[], &[("ORGD_DATABASE_URL", taken)]).unwrap().database.url;
        assert_eq!(
            (url.to_string(), format!("{url:?}")),
            (shown.to_owned(), format!("Postgres(PostgresUrl({shown}))"))
        );
    }
}

#[test]
fn no_migrate_is_short_for_migrate_false() {
    assert!(!load(&["--no-migrate"], &[("ORGD_MIGRATE", "true")]).unwrap().database.migrate);
    assert!(load(&["--migrate", "true"], &[("ORGD_MIGRATE", "false")]).unwrap().database.migrate);
}

#[test]
fn parameters_are_added_to_a_postgres_url_where_it_sets_none() {
    let with_defaults = |text: &str| match text.parse() {
        Ok(DatabaseUrl::Postgres(url)) => url.with_defaults(&[("connect_timeout", "2"), ("application_name", "orgd")]),
        other => panic!("{other:?}"),
    };
    assert_eq!(with_defaults("postgres://db/orgd"), "postgres://db/orgd?connect_timeout=2&application_name=orgd");
    assert_eq!(
        with_defaults("postgres://a:1,b:2/orgd?connect_timeout=9&x=application_name"),
        "postgres://a:1,b:2/orgd?connect_timeout=9&x=application_name&application_name=orgd"
    );
    assert_eq!(
        with_defaults("postgres://me:a?connect_timeout=9@db/orgd"),
        "postgres://me:a?connect_timeout=9@db/orgd?connect_timeout=2&application_name=orgd",
        "a question mark in a password begins no parameters"
    );
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    assert_eq!(
        load_file("rate-limit = 5").unwrap_err(),
        r#"FILE: unknown key "rate-limit"; did you mean "rate_limit"?"#
    );
    assert_eq!(load_file("[log]\nlevel = 1").unwrap_err().split(',').next(), Some("FILE: log is \"{ level = 1 }\""));
    assert_eq!(
        load(&[], &[("ORGD_DATABSE_URL", "")]).unwrap_err(),
        "unknown environment variable ORGD_DATABSE_URL; did you mean ORGD_DATABASE_URL?"
    );
    assert_eq!(
        load(&[], &[("ORGD_CONFIG_FILE", "x")]).unwrap_err(),
        "unknown environment variable ORGD_CONFIG_FILE; did you mean ORGD_CONFIG?"
    );
}

#[test]
fn other_variables_empty_ones_and_those_of_kubernetes_do_not_matter() {
    let environment = [
        ("PATH", "/bin"),
        ("ORGDX", "1"),
        ("ORGD_LISTEN", ""),
        ("ORGD_CONFIG", ""),
        ("ORGD_PORT", "tcp://10.0.0.1:8080"),
        ("ORGD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("ORGD_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("ORGD_SERVICE_HOST", "10.0.0.1"),
        ("ORGD_SERVICE_PORT", "8080"),
        ("ORGD_SERVICE_PORT_HTTP", "8080"),
        // Of the commands that call a server.
        ("ORGD_URL", "https://orgd.example.com"),
        ("ORGD_TOKEN", "t"),
        ("ORGD_PROVISIONER_KEY", "k"),
    ];
    assert_eq!(load(&[], &environment).unwrap(), Config::default());
    assert!(load(&[], &[("ORGD_PORTS", "8080")]).is_err());
}

#[test]
fn a_file_that_cannot_be_read_or_parsed_is_named() {
    let missing = load(&["--config", "/nowhere/orgd.toml"], &[]).unwrap_err();
    assert!(missing.starts_with("cannot read the configuration file /nowhere/orgd.toml: No such file"), "{missing}");
    let broken = load_file("workers = 2\nlisten = oops\n").unwrap_err();
    assert!(broken.starts_with("FILE, line 2: ") && !broken.contains('\n'), "{broken}");
}

#[test]
fn automatic_numbers_follow_the_machine() {
    let mut config = Config::default();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(config.http.workers(), cores);
    config.http.workers = 2;
    assert_eq!((config.http.workers(), config.read_connections()), (2, 4));
    config.http.workers = 9;
    assert_eq!(config.read_connections(), 9);
    config.database.read_connections = 1;
    assert_eq!(config.read_connections(), 1);
}

#[test]
fn the_public_url_is_derived_unless_given() {
    let url = |configured: Option<&str>, bound: &str| {
        let mut config = Config::default().http;
        config.public_url = configured.map(str::to_owned);
        config.public_url(bound.parse().unwrap())
    };
    assert_eq!(url(None, "127.0.0.1:8080"), "http://127.0.0.1:8080");
    assert_eq!(url(None, "0.0.0.0:80"), "http://localhost:80");
    assert_eq!(url(None, "[::]:80"), "http://localhost:80");
    assert_eq!(url(None, "[::1]:80"), "http://[::1]:80");
    assert_eq!(url(Some("https://orgd.example.com"), "0.0.0.0:80"), "https://orgd.example.com");
    let tls = load(&["--tls-certificate", "c", "--tls-key", "k"], &[]).unwrap().http;
    assert_eq!(tls.public_url("127.0.0.1:8443".parse().unwrap()), "https://127.0.0.1:8443");
}

#[test]
fn origins_are_taken_as_browsers_send_them() {
    let origins = |text: &str| load(&["--cors-origins", text], &[]).map(|config| config.http.cors_origins);
    assert_eq!(origins("").unwrap(), [""; 0]);
    assert_eq!(origins(" https://a.b:8443 ,http://[::1]:3000").unwrap(), ["https://a.b:8443", "http://[::1]:3000"]);
    for (wrong, why) in [
        ("*", "would let the pages of everybody call"),
        ("null", "does not start with http:// or https://"),
        ("https://a.b,", "\"\" does not start with"),
        ("https://a.b,https://", "names no host"),
        ("https://a.b/", "holds more than a scheme, a host in lower case and a port"),
        ("https://A.b", "holds more than a scheme, a host in lower case and a port"),
        ("https://*.b", "holds more than a scheme, a host in lower case and a port"),
        ("https://a.b:443", "has the port that browsers leave out"),
        ("http://a.b:80", "has the port that browsers leave out"),
    ] {
        let told = origins(wrong).unwrap_err();
        assert!(told.contains(why) && told.starts_with("flag --cors-origins: cors_origins is "), "{told}");
    }
}

#[test]
fn proxies_are_addresses_and_networks() {
    let proxies = |text: &str| load(&["--trusted-proxies", text], &[]).map(|config| config.http.trusted_proxies);
    assert_eq!(proxies("").unwrap(), []);
    let given = proxies("127.0.0.1, ::1,192.168.0.0/16").unwrap();
    assert_eq!(
        given.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1/32", "::1/128", "192.168.0.0/16"]
    );
    for (wrong, why) in [
        ("nginx", "\"nginx\" is neither an address nor a network"),
        ("10.0.0.0/33", "is neither an address nor a network"),
        ("10.0.0.1,", "\"\" is neither an address nor a network"),
        ("127.0.0.1:8080", "is neither an address nor a network"),
        ("0.0.0.0/0", "would let everybody say where they come from"),
        ("10.0.0.1,::/0", "\"::/0\" would let everybody say where they come from"),
        ("10.1.2.3/8", "is an address within the network 10.0.0.0/8"),
    ] {
        let told = proxies(wrong).unwrap_err();
        assert!(told.contains(why) && told.starts_with("flag --trusted-proxies: trusted_proxies is "), "{told}");
    }
}

#[test]
fn a_certificate_and_its_key_go_together() {
    let alone = load(&["--tls-certificate", "c"], &[]).unwrap_err();
    assert_eq!(alone, "tls_certificate (ORGD_TLS_CERTIFICATE) is set and tls_key is not: HTTPS needs both");
    let alone = load(&[], &[("ORGD_TLS_KEY", "k")]).unwrap_err();
    assert_eq!(alone, "tls_key (ORGD_TLS_KEY) is set and tls_certificate is not: HTTPS needs both");
    let http = |more: &[&str]| load(&[&["--tls-certificate", "c", "--tls-key", "k"], more].concat(), &[]).unwrap().http;
    let seen = |http: super::HttpConfig| (http.check_exposure().is_ok(), http.is_secure(), http.insists_on_tls());
    assert_eq!(seen(http(&[])), (true, true, false), "not of localhost");
    assert_eq!(seen(http(&["--listen", "0.0.0.0:443"])), (true, true, true));
    assert_eq!(seen(http(&["--public-url", "https://orgd.example.com"])), (true, true, true));
    let behind_a_proxy = load(&["--public-url", "https://orgd.example.com"], &[]).unwrap().http;
    assert_eq!(seen(behind_a_proxy), (true, true, false));
}

#[test]
fn only_who_says_so_serves_plain_http_to_other_machines() {
    let checked = |listen: &str, more: &[&str]| {
        let flags = [&["--listen", listen], more].concat();
        load(&flags, &[]).unwrap().http.check_exposure().map_err(|error| error.to_string())
    };
    for local in ["127.0.0.1:80", "127.1.2.3:0", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        assert_eq!(checked(local, &[]), Ok(()), "{local}");
    }
    for open in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[::ffff:10.0.0.1]:80", "[fe80::1]:80"] {
        let why = checked(open, &[]).unwrap_err();
        assert!(why.starts_with(&format!("other machines reach {open}")), "{why}");
        assert!(!why.contains('\n') && !why.contains("  "), "{why}");
        assert_eq!(checked(open, &["--plain-http", "false"]), Err(why));
        assert_eq!(checked(open, &["--plain-http"]), Ok(()), "{open}");
    }
}

#[test]
fn other_commands_load_with_the_common_flags() {
    let common = CommonFlags { database_url: Some("sqlite://other.db".to_owned()), ..CommonFlags::default() };
    let config = Config::load(common.into(), []).unwrap();
    assert_eq!(config.database.url, DatabaseUrl::Sqlite { path: "other.db".into() });
}

proptest! {
    #[test]
    fn no_text_of_a_value_panics(text in ".*") {
        for key in KEYS {
            let variable = key.variable();
            if let Err(error) = load(&[], &[(variable.as_str(), text.as_str())]) {
                prop_assert!(error.contains(&variable));
            }
        }
    }

    #[test]
    fn whole_numbers_are_taken_up_to_the_limit(number: u64) {
        let parsed = values::up_to(1024_u64)(&number.to_string());
        prop_assert_eq!(parsed.is_ok(), number <= 1024);
    }
}
