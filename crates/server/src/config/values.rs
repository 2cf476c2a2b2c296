//! Owns how the text of each key becomes a value. An error says what is wrong with the text and completes "KEY is TEXT, …".

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::LogFormat;

/// An IP address and a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "which is not an IP address and a port".to_owned())
}

/// A whole number from 0 to `most`.
pub(super) fn up_to<T: FromStr + PartialOrd + Display>(most: T) -> impl FnOnce(&str) -> Result<T, String> {
    move |text| {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("which is not a whole number".to_owned());
        }
        // Digits alone fail to parse only when there are too many of them.
        match text.parse::<T>() {
            Ok(number) if number <= most => Ok(number),
            _ => Err(format!("which is more than {most}")),
        }
    }
}

/// A whole number from `least` to `most`.
pub(super) fn from_to(least: u32, most: u32) -> impl FnOnce(&str) -> Result<u32, String> {
    move |text| match up_to(most)(text)? {
        number if number < least => Err(format!("which is less than {least}")),
        number => Ok(number),
    }
}

/// A span of time within these bounds.
pub(super) fn span(least: Duration, most: Duration) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| match humantime::parse_duration(text) {
        Ok(span) if span < least => Err(format!("which is less than {}", humantime::format_duration(least))),
        Ok(span) if span > most => Err(format!("which is more than {} days", most.as_secs() / 86_400)),
        Ok(span) => Ok(span),
        Err(_) => Err("which is not a span of time".to_owned()),
    }
}

/// The same, or `off`.
pub(super) fn span_or_off(least: Duration, most: Duration) -> impl Fn(&str) -> Result<Option<Duration>, String> {
    move |text| if text == "off" { Ok(None) } else { span(least, most)(text).map(Some) }
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "which is neither true nor false".to_owned())
}

/// `text` or `json`.
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("which is no format of the log".to_owned()),
    }
}

/// A filter in tracing's syntax. Tracing takes any bare word for the name of a target, so that `inf` would silence the log
/// without a word; here a bare word must be a level.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    // Tracing's parser panics on some other characters, and no target holds any.
    if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err("which holds characters other than printable ASCII".to_owned());
    }
    for directive in text.split(',').map(str::trim) {
        let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
        if !is_level && !directive.contains(['=', '[']) {
            return Err(format!("of which {directive:?} is no level"));
        }
    }
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("which is no filter ({error})")),
    }
}

/// Nothing, or the path of a file.
pub(super) fn path(text: &str) -> Result<Option<PathBuf>, String> {
    Ok(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from))
}

/// Nothing, or addresses and networks separated by commas.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    listed(text).map(network).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| format!("of which {text:?} is neither an address nor a network"))?,
    };
    if network.prefix_len() == 0 {
        return Err(format!("of which {text:?} would let everybody say where they come from"));
    }
    // 10.1.2.3/8 may mean one machine or sixteen million.
    if network.addr() != network.network() {
        return Err(format!("of which {text:?} is an address within the network {}", network.trunc()));
    }
    Ok(network)
}

/// The parts of a list that is separated by commas; none of nothing.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|_| !text.trim().is_empty())
}

/// Nothing, or origins as browsers send them, separated by commas.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    listed(text).map(|origin| check_origin(origin).map(|()| origin.to_owned())).collect()
}

fn check_origin(origin: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("of which {origin:?} {why}"));
    if origin == "*" {
        return wrong("would let the pages of everybody call");
    }
    let (host, default_port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(host), _) => (host, ":443"),
        (_, Some(host)) => (host, ":80"),
        _ => return wrong("does not start with http:// or https://"),
    };
    if host.is_empty() || host.starts_with(':') {
        return wrong("names no host");
    }
    if !host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_:[]".contains(&byte)) {
        return wrong("holds more than a scheme, a host in lower case and a port");
    }
    if host.ends_with(default_port) { wrong("has the port that browsers leave out") } else { Ok(()) }
}

/// Nothing, or `http://` or `https://` with a host and perhaps a path. Given back without a slash at its end.
pub(super) fn public_url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return Err("which does not start with http:// or https://".to_owned());
    };
    if rest.is_empty() || rest.starts_with(['/', ':']) {
        return Err("which names no host".to_owned());
    }
    // It ends up in headers and in front of paths.
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.contains(['?', '#', '@', '"', '\\']) {
        return Err("which holds more than a scheme, a host, a port and a path".to_owned());
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}
