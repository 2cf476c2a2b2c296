//! Owns the three places where configuration is given, and which of them wins. Knows names and texts, not their meaning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::client;
use super::error::{ConfigError, Origin};
use super::keys::{self, CONFIG_VARIABLE, KEYS, Key, VARIABLE_PREFIX};

/// What one place says: texts by the name of their key.
#[derive(Debug)]
struct Layer {
    origin: Origin,
    texts: BTreeMap<&'static str, String>,
}

/// Everything that was given, weakest place first.
#[derive(Debug)]
pub(super) struct Layers(Vec<Layer>);

impl Layers {
    /// Gathers file, environment and flags. An empty environment variable counts as not set.
    pub(super) fn gather(
        config_flag: Option<PathBuf>,
        flags: Vec<(&'static Key, String)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let Environment { config, shared, own } = read_environment(environment)?;
        let mut layers = Vec::new();
        if let Some(path) = config_flag.or(config) {
            layers.push(read_file(&path)?);
        }
        layers.push(Layer { origin: Origin::Shared(keys::OTLP_VARIABLE), texts: shared });
        layers.push(Layer { origin: Origin::Environment, texts: own });
        let texts = flags.into_iter().map(|(key, text)| (key.name, text)).collect();
        layers.push(Layer { origin: Origin::Flag, texts });
        Ok(Self(layers))
    }

    /// What the strongest place says about `key`, made a value by `parse`, whose error says what is wrong with the text, as in
    /// "which is not a number".
    pub(super) fn get<T>(
        &self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let found = self.0.iter().rev().find_map(|layer| Some((&layer.origin, layer.texts.get(key.name)?)));
        let Some((origin, text)) = found else { return Ok(None) };
        match parse(text) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => {
                Err(ConfigError::Invalid { key, origin: origin.clone(), value: text.as_str().into(), problem })
            }
        }
    }
}

/// What the environment says: variables by the name of their key.
#[derive(Debug, Default)]
struct Environment {
    /// The path in `ORGD_CONFIG`.
    config: Option<PathBuf>,
    /// Of those that other programs know, too.
    shared: BTreeMap<&'static str, String>,
    /// Of those that only orgd knows.
    own: BTreeMap<&'static str, String>,
}

fn read_environment(environment: impl IntoIterator<Item = (String, String)>) -> Result<Environment, ConfigError> {
    let mut found = Environment::default();
    for (name, text) in environment {
        if name == keys::OTLP_VARIABLE && !text.is_empty() {
            found.shared.insert(keys::OTLP_ENDPOINT.name, text);
            continue;
        }
        let is_for_others = keys::is_kubernetes_link(&name) || client::VARIABLES.contains(&name.as_str());
        if !name.starts_with(VARIABLE_PREFIX) || is_for_others {
            continue;
        }
        let key = KEYS.iter().find(|key| key.variable() == name);
        if key.is_none() && name != CONFIG_VARIABLE {
            return Err(unknown_variable(name));
        }
        if text.is_empty() {
            continue;
        }
        match key {
            Some(key) => drop(found.own.insert(key.name, text)),
            None => found.config = Some(PathBuf::from(text)),
        }
    }
    Ok(found)
}

fn unknown_variable(name: String) -> ConfigError {
    let mut known: Vec<String> = KEYS.iter().map(|key| key.variable()).collect();
    known.push(CONFIG_VARIABLE.to_owned());
    let nearest = keys::nearest(&name, known.iter().map(String::as_str)).to_owned();
    ConfigError::UnknownVariable { name, nearest }
}

fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let content =
        std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    let table: toml::Table = content.parse().map_err(|error| syntax_error(path, &content, &error))?;
    let origin = Origin::File(path.to_owned());
    let mut texts = BTreeMap::new();
    for (name, value) in table {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let nearest = keys::nearest(&name, KEYS.iter().map(|key| key.name));
            return Err(ConfigError::UnknownKey { path: path.to_owned(), name, nearest });
        };
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
                let problem = format!("which is of the TOML type {}", value.type_str());
                return Err(ConfigError::Invalid { key, origin, value: value.to_string().as_str().into(), problem });
            }
        };
        texts.insert(key.name, text);
    }
    Ok(Layer { origin, texts })
}

fn syntax_error(path: &Path, content: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start.min(content.len()));
    let line = 1 + content.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    // Some messages span lines; the log and the terminal get one.
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    ConfigError::Syntax { path: path.to_owned(), line, message }
}
