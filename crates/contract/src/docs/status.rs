//! What the statuses of HTTP are called, and where that is written.

/// The statuses that operations answer: number, name, RFC and section.
const STATUSES: &[(&str, &str, &str)] = &[
    ("101", "Switching Protocols", "rfc7231#section-6.2.2"),
    ("200", "OK", "rfc7231#section-6.3.1"),
    ("201", "Created", "rfc7231#section-6.3.2"),
    ("202", "Accepted", "rfc7231#section-6.3.3"),
    ("204", "No Content", "rfc7231#section-6.3.5"),
    ("304", "Not Modified", "rfc7232#section-4.1"),
    ("307", "Temporary Redirect", "rfc7231#section-6.4.7"),
    ("400", "Bad Request", "rfc7231#section-6.5.1"),
    ("401", "Unauthorized", "rfc7235#section-3.1"),
    ("403", "Forbidden", "rfc7231#section-6.5.3"),
    ("404", "Not Found", "rfc7231#section-6.5.4"),
    ("405", "Method Not Allowed", "rfc7231#section-6.5.5"),
    ("406", "Not Acceptable", "rfc7231#section-6.5.6"),
    ("408", "Request Timeout", "rfc7231#section-6.5.7"),
    ("409", "Conflict", "rfc7231#section-6.5.8"),
    ("410", "Gone", "rfc7231#section-6.5.9"),
    ("412", "Precondition Failed", "rfc7232#section-4.2"),
    ("413", "Payload Too Large", "rfc7231#section-6.5.11"),
    ("415", "Unsupported Media Type", "rfc7231#section-6.5.13"),
    ("422", "Unprocessable Entity", "rfc4918#section-11.2"),
    ("428", "Precondition Required", "rfc6585#section-3"),
    ("429", "Too Many Requests", "rfc6585#section-4"),
    ("431", "Request Header Fields Too Large", "rfc6585#section-5"),
    ("500", "Internal Server Error", "rfc7231#section-6.6.1"),
    ("502", "Bad Gateway", "rfc7231#section-6.6.3"),
    ("503", "Service Unavailable", "rfc7231#section-6.6.4"),
    ("504", "Gateway Timeout", "rfc7231#section-6.6.5"),
];

/// The name of a status with a link to its definition; the number when it is none of those above.
pub(super) fn meaning(status: &str) -> String {
    match STATUSES.iter().find(|(number, ..)| *number == status) {
        Some((_, name, place)) => format!("[{name}](https://tools.ietf.org/html/{place})"),
        None => status.to_owned(),
    }
}
