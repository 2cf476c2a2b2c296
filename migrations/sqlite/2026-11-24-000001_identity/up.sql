-- Who may do what: organizations, users, their session tokens and their memberships.
--
-- Identifiers are 16-byte UUIDs, times are microseconds since 1970 UTC, sets of roles and scopes are JSON arrays of text.

CREATE TABLE organizations (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 32 AND name NOT GLOB '*[^a-zA-Z0-9-]*'),
    display_name TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    icon         TEXT    NOT NULL,
    is_default   INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    CHECK (is_default = 0 OR deleted_at IS NULL)
) STRICT;

-- A name is taken in whatever case, and free again as soon as its organization is deleted.
CREATE UNIQUE INDEX organizations_live_name ON organizations (lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX organizations_one_default ON organizations (is_default) WHERE is_default = 1;

CREATE TABLE users (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username        TEXT    NOT NULL CHECK (length(username) BETWEEN 1 AND 32 AND username NOT GLOB '*[^a-zA-Z0-9-]*'),
    email           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    status          TEXT    NOT NULL CHECK (status IN ('active', 'dormant', 'suspended')),
    login_type      TEXT    NOT NULL CHECK (login_type IN ('password', 'token', 'none', 'github', 'oidc')),
    hashed_password TEXT,
    roles           TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(roles)),
    is_system       INTEGER NOT NULL DEFAULT 0 CHECK (is_system IN (0, 1)),
    last_seen_at    INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER
) STRICT;

CREATE UNIQUE INDEX users_live_username ON users (lower(username)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_live_email ON users (lower(email)) WHERE deleted_at IS NULL;

-- A session token is `<id>-<secret>`. Only the SHA-256 of the secret is kept.
CREATE TABLE api_keys (
    id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 10),
    hashed_secret    BLOB    NOT NULL CHECK (length(hashed_secret) = 32),
    user_id          BLOB    NOT NULL REFERENCES users (id),
    token_name       TEXT    NOT NULL DEFAULT '',
    login_type       TEXT    NOT NULL CHECK (login_type IN ('password', 'token', 'none', 'github', 'oidc')),
    scopes           TEXT    NOT NULL DEFAULT '["all"]' CHECK (json_valid(scopes)),
    allow_list       TEXT    NOT NULL DEFAULT '["*:*"]' CHECK (json_valid(allow_list)),
    lifetime_seconds INTEGER NOT NULL CHECK (lifetime_seconds > 0),
    ip_address       TEXT    NOT NULL DEFAULT '',
    last_used_at     INTEGER,
    expires_at       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_user ON api_keys (user_id);
CREATE UNIQUE INDEX api_keys_token_name ON api_keys (user_id, token_name) WHERE token_name <> '';

CREATE TABLE organization_members (
    user_id         BLOB    NOT NULL REFERENCES users (id),
    organization_id BLOB    NOT NULL REFERENCES organizations (id),
    roles           TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(roles)),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (user_id, organization_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX organization_members_by_organization ON organization_members (organization_id);
