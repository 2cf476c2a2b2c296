-- Who may do what: organizations, users, their session tokens and their memberships.
--
-- Texts have the collation "C", so that they sort and fold as they do on SQLite: byte by byte, ASCII letters only. References are
-- deferrable, because an import and a copy may bring the row that is referred to later. Sets of roles and scopes are JSON arrays of text.

CREATE TABLE organizations (
    id           uuid        NOT NULL CONSTRAINT organizations_id PRIMARY KEY,
    name         text        COLLATE "C" NOT NULL CHECK (name ~ '^[a-zA-Z0-9-]{1,32}$'),
    display_name text        COLLATE "C" NOT NULL,
    description  text        COLLATE "C" NOT NULL,
    icon         text        COLLATE "C" NOT NULL,
    is_default   boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    deleted_at   timestamptz,
    CHECK (NOT is_default OR deleted_at IS NULL)
);

-- A name is taken in whatever case, and free again as soon as its organization is deleted.
CREATE UNIQUE INDEX organizations_live_name ON organizations (lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX organizations_one_default ON organizations (is_default) WHERE is_default;

CREATE TABLE users (
    id              uuid        NOT NULL PRIMARY KEY,
    username        text        COLLATE "C" NOT NULL CHECK (username ~ '^[a-zA-Z0-9-]{1,32}$'),
    email           text        COLLATE "C" NOT NULL,
    name            text        COLLATE "C" NOT NULL,
    status          text        COLLATE "C" NOT NULL CHECK (status IN ('active', 'dormant', 'suspended')),
    login_type      text        COLLATE "C" NOT NULL CHECK (login_type IN ('password', 'token', 'none', 'github', 'oidc')),
    hashed_password text        COLLATE "C",
    roles           text        COLLATE "C" NOT NULL DEFAULT '[]' CHECK (roles::json IS NOT NULL),
    is_system       boolean     NOT NULL DEFAULT false,
    last_seen_at    timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    deleted_at      timestamptz
);

CREATE UNIQUE INDEX users_live_username ON users (lower(username)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_live_email ON users (lower(email)) WHERE deleted_at IS NULL;

-- A session token is `<id>-<secret>`. Only the SHA-256 of the secret is kept.
CREATE TABLE api_keys (
    id               text        COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 10),
    hashed_secret    bytea       NOT NULL CHECK (length(hashed_secret) = 32),
    user_id          uuid        NOT NULL REFERENCES users (id) DEFERRABLE,
    token_name       text        COLLATE "C" NOT NULL DEFAULT '',
    login_type       text        COLLATE "C" NOT NULL CHECK (login_type IN ('password', 'token', 'none', 'github', 'oidc')),
    scopes           text        COLLATE "C" NOT NULL DEFAULT '["all"]' CHECK (scopes::json IS NOT NULL),
    allow_list       text        COLLATE "C" NOT NULL DEFAULT '["*:*"]' CHECK (allow_list::json IS NOT NULL),
    lifetime_seconds bigint      NOT NULL CHECK (lifetime_seconds > 0),
    ip_address       text        COLLATE "C" NOT NULL DEFAULT '',
    last_used_at     timestamptz,
    expires_at       timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);

CREATE INDEX api_keys_by_user ON api_keys (user_id);
CREATE UNIQUE INDEX api_keys_token_name ON api_keys (user_id, token_name) WHERE token_name <> '';

CREATE TABLE organization_members (
    user_id         uuid        NOT NULL REFERENCES users (id) DEFERRABLE,
    organization_id uuid        NOT NULL REFERENCES organizations (id) DEFERRABLE,
    roles           text        COLLATE "C" NOT NULL DEFAULT '[]' CHECK (roles::json IS NOT NULL),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT organization_members_user_id_organization_id PRIMARY KEY (user_id, organization_id)
);

CREATE INDEX organization_members_by_organization ON organization_members (organization_id);
