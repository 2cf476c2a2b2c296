//! The page of authentication: the security schemes of the document, and which operations are not called with a session token.

use std::fmt::Write as _;

use serde_json::Value;

use super::markdown::{anchor, block, code, prose};
use super::sample::variable;
use super::{Operation, Tag, text};

/// What the security schemes have no words for.
const PLACES: &str = "## Where the session token may be

It is looked for in this order, and only the first place that is not empty counts:

1. the cookie `coder_session_token`
2. the query parameter `coder_session_token`
3. the header `Coder-Session-Token`
4. the header `Authorization: Bearer …`
5. the query parameter `access_token`

The header is the one to choose: a URL ends up in logs and histories, and a browser sends a cookie whoever asked it to. A request that \
changes something and has the cookie therefore proves that it is meant: the same token is also in the header `Coder-Session-Token` or \
the query parameter `coder_session_token`, or there is an `Authorization: Bearer`. Without a token, or with one that is unknown, expired or \
revoked, the answer is 401, as every error in the shape of [codersdk.Response](schemas.md#codersdkresponse).
";

/// The page.
pub(super) fn page(document: &Value, tags: &[Tag<'_>]) -> String {
    let mut page = "# Authentication\n\nEach operation names the credentials that it accepts; one of them is enough. \
                    [All operations](README.md).\n\n"
        .to_owned();
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    for (name, scheme) in schemes.into_iter().flatten() {
        let header = text(scheme, "name");
        let _ = write!(page, "## {name}\n\n{}\n\n", prose(text(scheme, "description")).trim());
        let _ = write!(page, "It is sent in the {} {}:\n\n", text(scheme, "in"), code(header));
        page.push_str(&block("shell", &format!("-H \"{header}: ${}\"", variable(header))));
        if name == "CoderProvisionerKey" {
            let takes = list(tags, |operation| operation.schemes().contains(&name.as_str()));
            let _ = write!(page, "Operations that accept it:\n\n{takes}\n");
        }
    }
    page.push_str(PLACES);
    let open = list(tags, |operation| operation.schemes().is_empty());
    if !open.is_empty() {
        let _ = write!(page, "\n## Open to everybody\n\n{open}");
    }
    page
}

fn list(tags: &[Tag<'_>], chosen: impl Fn(&Operation<'_>) -> bool) -> String {
    let mut list = String::new();
    for tag in tags {
        for operation in tag.operations.iter().filter(|operation| chosen(operation)) {
            let (summary, file) = (operation.summary(), tag.file());
            let request = code(&format!("{} {}", operation.method, operation.path));
            let _ = writeln!(list, "- {request}: [{}]({file}#{})", prose(summary), anchor(summary));
        }
    }
    list
}
