//! The forms in which an OpenAPI document is handed out: two versions of OpenAPI, each as JSON and as YAML. All of them are made
//! from one value, so that none can say something else than the others.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::openapi_30::{DowngradeError, downgrade};

/// A version of OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.1, in which the contract is written.
    V3_1,
    /// 3.0.3, for tools that read nothing newer.
    V3_0,
}

/// A notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML that parsers of YAML 1.1 and of YAML 1.2 read alike.
    Yaml,
}

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The version of OpenAPI.
    pub version: Version,
    /// The notation.
    pub format: Format,
}

/// A document that cannot be written in a form.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The older version has no words for something in it.
    #[error(transparent)]
    Version(#[from] DowngradeError),
    /// It cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It cannot be written as YAML.
    #[error("cannot be written as YAML: {0}")]
    Yaml(#[from] serde_saphyr::SerializeError),
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self { version: Version::V3_1, format: Format::Json },
        Self { version: Version::V3_1, format: Format::Yaml },
        Self { version: Version::V3_0, format: Format::Json },
        Self { version: Version::V3_0, format: Format::Yaml },
    ];

    /// The name of a file with a document in this form, for example `openapi-3.1.yaml`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("openapi-{}.{}", self.version, self.format)
    }

    /// Writes a document of OpenAPI 3.1 in this form, with indentation for people and a line feed at the end.
    ///
    /// # Errors
    /// The version has no words for something in it.
    pub fn write(self, document: &Value) -> Result<String, FormError> {
        let document = self.version.of(document)?;
        let mut text = match self.format {
            Format::Json => serde_json::to_string_pretty(&document)?,
            Format::Yaml => yaml(&document)?,
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }
}

impl Version {
    /// The document of OpenAPI 3.1 in this version.
    ///
    /// # Errors
    /// The first thing that this version cannot say.
    pub fn of(self, document: &Value) -> Result<Cow<'_, Value>, DowngradeError> {
        match self {
            Self::V3_1 => Ok(Cow::Borrowed(document)),
            Self::V3_0 => downgrade(document).map(Cow::Owned),
        }
    }
}

/// The words that one version of YAML reads as something else than a text (`no`, `1e3`, `2026-01-01`, `0x1`) stand in quotes, and
/// no text is spread over lines, whose ends the two versions join differently.
fn yaml(document: &Value) -> Result<String, serde_saphyr::SerializeError> {
    serde_saphyr::to_string_with_options(document, serde_saphyr::ser_options! { prefer_block_scalars: false })
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V3_1 => "3.1",
            Self::V3_0 => "3.0",
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "3.1" => Ok(Self::V3_1),
            "3.0" => Ok(Self::V3_0),
            _ => Err("the versions are 3.1 and 3.0".to_owned()),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            _ => Err("the formats are json and yaml".to_owned()),
        }
    }
}
