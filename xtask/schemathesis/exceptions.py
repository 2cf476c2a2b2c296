"""Where the server knowingly takes more, or less, than the document says. Everything else that Schemathesis finds is a defect.

Coder's clients rely on requests that the published types do not allow, so the server takes them. Each exception is written
as a correction: it turns the spelling in question into the documented one and touches nothing else. A finding is dropped
only when a correction applied *and* the corrected request is valid by the document, so an exception never hides a second
fault in the same request. docs/API-DESIGN.md lists the same exceptions for people.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
import schemathesis

NIL_UUID = "00000000-0000-0000-0000-000000000000"
ORGANIZATION_NAME = re.compile(r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*")
MISSING = object()


@dataclass(frozen=True)
class Request:
    """A request as it went over the wire, taken apart by its operation's documentation."""

    operation: str  # Method and path template, such as "PATCH /organizations/{organization}".
    path: dict  # Path parameter to text.
    query: tuple  # Pairs of text, in order.
    body: object  # What the JSON body says, or MISSING.


def by_name(request, response):
    """A path takes an organization's name where the reference documents only its ID: `organizations show NAME` of Coder's
    command line relies on it. The nil UUID stands for it in the corrected request."""
    name = request.path.get("organization", "")
    if len(name) > 32 or not ORGANIZATION_NAME.fullmatch(name):
        return request
    if request.operation == "GET /organizations/{organization}" and response.json()["name"].lower() != name.lower():
        return request  # It answered another organization than the one that was named.
    return replace(request, path={**request.path, "organization": NIL_UUID})


def empty_parameter(request, _response):
    """An empty query parameter counts as absent: Coder's web interface sends `?status=&ids=&limit=100`."""
    return replace(request, query=tuple((key, value) for key, value in request.query if value))


def null_patch(request, _response):
    """A body of `null` changes nothing, as `{}` does: Coder's server reads it so."""
    if request.operation == "PATCH /organizations/{organization}" and request.body is None:
        return replace(request, body={})
    return request


def null_text(request, _response):
    """`null` for a text of a new organization counts as absent: Coder's server reads it so."""
    if request.operation == "POST /organizations" and isinstance(request.body, dict):
        optional = ("display_name", "description", "icon")
        body = {key: value for key, value in request.body.items() if value is not None or key not in optional}
        return replace(request, body=body)
    return request


def null_tags(request, _response):
    """`tags=null` filters by no tag: Coder's server reads it so."""
    return replace(request, query=tuple(pair for pair in request.query if pair != ("tags", "null")))


def null_tags_of_a_key(request, _response):
    """`null` for the tags of a new provisioner key counts as absent: Coder's Go SDK sends an empty map so."""
    if request.operation == "POST /organizations/{organization}/provisionerkeys" and isinstance(request.body, dict):
        return replace(request, body={key: value for key, value in request.body.items() if (key, value) != ("tags", None)})
    return request


def null_of_a_user(request, _response):
    """`null` for a list of a new user counts as absent: Coder's Go SDK sends an empty list so."""
    if request.operation == "POST /users" and isinstance(request.body, dict):
        return replace(request, body={key: value for key, value in request.body.items() if (key, value) != ("organization_ids", None)})
    return request


TAKEN_BEYOND_THE_DOCUMENT = (null_of_a_user, by_name, empty_parameter, null_patch, null_text, null_tags, null_tags_of_a_key)


def default_organization(request, response):
    """The default organization cannot be deleted. That is a matter of state, which no schema can say; 400 is documented."""
    return (
        request.operation == "DELETE /organizations/{organization}"
        and response.status_code == 400
        and response.json() == {"message": "Default organization cannot be deleted."}
    )


def nul_in_tags(request, response):
    """A tag with a NUL character is refused: PostgreSQL cannot store one, so no job has it."""
    return (
        request.operation == "GET /organizations/{organization}/provisionerjobs"
        and any(key == "tags" and "\0" in "".join(sum(json.loads(value).items(), ())) for key, value in request.query)
        and names_fields(response, ["tags"])
    )


def texts(request, response):
    """Rules of texts that a schema states badly or not at all, and that the descriptions state in words: no NUL character,
    names that are reserved, and a display name of at most 64 *bytes* on one line without white space at either end.
    The fields that the answer names must be exactly those that break a rule."""
    if request.operation not in ("POST /organizations", "PATCH /organizations/{organization}"):
        return False
    fields = ("name", "display_name", "description", "icon")
    given = {key: request.body[key] for key in fields if isinstance(request.body.get(key), str)}
    if given.get("name") == "default":
        return response.status_code == 400 and response.json() == {"message": 'Organization name "default" is reserved.'}
    broken = [key for key, text in given.items() if "\0" in text or breaks_rule(key, text)]
    return bool(broken) and names_fields(response, broken)


def texts_of_a_job(request, response):
    """The same for a job that is queued: how many tags it has and how long they are in *bytes*, and no NUL character."""
    if request.operation != "POST /organizations/{organization}/provisionerjobs" or not isinstance(request.body, dict):
        return False
    tags = request.body.get("tags", {})
    texts = list(tags) + list(tags.values())
    metadata = [text for text in request.body.get("metadata", {}).values() if isinstance(text, str)]
    of_tags = len(tags) > 64 or "" in tags or any(len(text.encode()) > 128 or "\0" in text for text in texts)
    of_tags = of_tags or json_bytes(tags) > 2048
    broken = [field for field, is_broken in [("tags", of_tags), ("metadata", any("\0" in text for text in metadata))] if is_broken]
    return bool(broken) and names_fields(response, broken)


def texts_of_a_key(request, response):
    """The same for a provisioner key: its name in *bytes*, without control characters, slashes and white space at either end,
    and not reserved; its tags by number, by the *bytes* of each key and of all of them as JSON, and without NUL."""
    if request.operation != "POST /organizations/{organization}/provisionerkeys" or not isinstance(request.body, dict):
        return False
    name, tags = request.body.get("name", ""), request.body.get("tags", {})
    of_name = (
        len(name.encode()) > 64
        or any(unicodedata.category(letter) == "Cc" or letter == "/" for letter in name)
        or name.strip() != name
        or name.lower() in ("built-in", "user-auth", "psk", ".", "..")
    )
    texts = list(tags) + list(tags.values())
    of_tags = (
        len(tags) > 64
        or any(len(key.encode()) > 128 for key in tags)
        or any("\0" in text for text in texts)
        or json_bytes(tags) > 2048
    )
    broken = [field for field, is_broken in [("name", of_name), ("tags", of_tags)] if is_broken]
    return bool(broken) and names_fields(response, broken)


def json_bytes(value):
    """The length of the value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def breaks_rule(field, text):
    """Whether the text breaks the rule of a name or a display name that the schema does not state."""
    if field == "name":
        return text in ("new", "create")
    too_long = len(text.encode()) > 64
    return field == "display_name" and (too_long or "\n" in text or text != text.strip(" \t\n\f\r"))


def names_fields(response, fields):
    """Whether the answer is a 400 whose validations name these fields, in this order, and no other."""
    return response.status_code == 400 and [item["field"] for item in response.json().get("validations", [])] == fields


# What depends on who asks and on what is there, which no schema can say; 400 is documented for each.
REFUSED_BY_STATE = {
    "DELETE /users/{user}": ("You cannot delete yourself.",),
    "PUT /users/{user}/roles": ("You cannot change your own roles.",),
    "PUT /users/{user}/status/suspend": ("You cannot suspend yourself.",),
    "PUT /users/{user}/password": ("Users without password login type cannot change their password.",),
    "PATCH /workspacebuilds/{workspacebuild}/cancel": ("Job has already completed!", "Job has already been marked as canceled!"),
    "PATCH /templateversions/{templateversion}/cancel": ("Job has already completed!", "Job has already been marked as canceled!"),
    "POST /organizations/{organization}/members/{user}": ("Organization member already exists in this organization",),
}


def state(request, response):
    """What is already so, or what nobody may do to themselves: the answer must say exactly that."""
    messages = REFUSED_BY_STATE.get(request.operation, ())
    return response.status_code == 400 and response.json().get("message") in messages


# The texts of a user in the order in which the server names them.
TEXTS_OF_A_USER = {
    "POST /users": ("username", "email", "name", "password"),
    "POST /users/first": ("email", "username", "name", "password"),
    "PUT /users/{user}/profile": ("username", "name"),
    "PUT /users/{user}/password": ("password",),
}
WORDS_OF_THE_PATHS = (
    "authmethods first login logout me oauth2 oidc oidc-claims otp roles validate-password".split()
)


def texts_of_a_user(request, response):
    """The same for a user: names that the paths below `/users` use, what is no mail address, a full name with control
    characters or white space at either end, and a password that is missing where one is needed, that repeats one character or is
    too long in *bytes*."""
    fields = TEXTS_OF_A_USER.get(request.operation)
    if fields is None or not isinstance(request.body, dict):
        return False
    given = {field: request.body.get(field, "") for field in fields}
    broken = [field for field, text in given.items() if USER_RULES[field](text)]
    return bool(broken) and names_fields(response, broken)


def is_no_mail_address(text):
    """Whether it is none by the server's rule."""
    local, at, domain = text.partition("@")
    odd = any(letter.isspace() or unicodedata.category(letter) == "Cc" for letter in text)
    misplaced = "@" in domain or domain.startswith(".") or domain.endswith(".")
    return odd or misplaced or not (local and at and domain) or len(text.encode()) > 254


USER_RULES = {
    "username": lambda text: text.lower() in WORDS_OF_THE_PATHS,
    "email": is_no_mail_address,
    "name": lambda text: (
        len(text.encode()) > 128 or text.strip() != text or any(unicodedata.category(letter) == "Cc" for letter in text)
    ),
    "password": lambda text: len(text.encode()) > 512 or len(set(text)) < 2 or len(text) < 8,
}

REFUSED_THOUGH_VALID = (state, texts_of_a_user, default_organization, nul_in_tags, texts, texts_of_a_job, texts_of_a_key)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A worker that may wait a minute for a job would be taken for a dead server, so none waits longer than a second."""
    if isinstance(case.body, dict) and case.operation.path.endswith("/acquire"):
        wait = case.body.get("wait_seconds", 30)
        if isinstance(wait, int) and 1 < wait <= 60:
            case.body["wait_seconds"] = 1


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Tells Schemathesis whether a failure counts."""
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData":
        sent = read(case, response)
        corrected = sent
        for correct in TAKEN_BEYOND_THE_DOCUMENT:
            corrected = correct(corrected, response)
        return corrected == sent or not is_valid(case, corrected)
    if kind == "RejectedPositiveData":
        return not any(refuses(read(case, response), response) for refuses in REFUSED_THOUGH_VALID)
    if kind == "IgnoredAuth":
        return not has_empty_provisioner_key(response)
    return True


def has_empty_provisioner_key(response):
    """An empty provisioner key counts as none, and every request here carries a good session token."""
    return getattr(response.request, "headers", {}).get("Coder-Provisioner-Key") == ""


def read(case, response):
    """The request that was really sent, which is what the server saw, not what was meant to be sent."""
    url = urlsplit(response.request.url)
    template = case.operation.path
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]*)", re.escape(template))
    found = re.search(pattern + "$", url.path)
    path = {key: unquote(value) for key, value in found.groupdict().items()} if found else {}
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    return Request(f"{case.operation.method.upper()} {template}", path, query, read_json(response.request.body))


def read_json(text):
    """The value of a JSON text, or MISSING."""
    try:
        return json.loads(text) if text else MISSING
    except ValueError:
        return MISSING


def is_valid(case, request):
    """Whether the document allows the request: every declared parameter and the body by their schemas."""
    definition = case.operation.definition.raw
    document = case.operation.schema.raw_schema
    for parameter in definition.get("parameters", []):
        name, place = parameter["name"], parameter["in"]
        values = [request.path[name]] if place == "path" else [value for key, value in request.query if key == name]
        if len(values) > 1 or (parameter.get("required") and not values):
            return False
        if values and not conforms(document, *parameter_value(parameter, values[0])):
            return False
    body = definition.get("requestBody")
    return body is None or conforms(document, body["content"]["application/json"]["schema"], request.body)


def parameter_value(parameter, text):
    """A parameter's schema, and what the text says by it."""
    if "content" in parameter:
        return parameter["content"]["application/json"]["schema"], read_json(text)
    schema = parameter["schema"]
    if schema["type"] == "array":
        return schema, text.split(",")
    if schema["type"] == "boolean" and text in ("true", "false"):
        return schema, text == "true"
    if schema["type"] == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return schema, int(text)
    return schema, text


def conforms(document, schema, value):
    """Whether the value is valid by the schema, formats included."""
    if value is MISSING:
        return False
    whole = {**schema, "components": document["components"]}
    return jsonschema_rs.validator_for(whole, validate_formats=True).is_valid(value)
