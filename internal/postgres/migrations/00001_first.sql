-- +goose Up

-- People who can sign in. email is as typed; email_key is what makes it unique
-- (lower case as Go's strings.ToLower has it, so that it does not depend on the
-- database's locale). password is an argon2id hash in its usual text form, or ''.
CREATE TABLE accounts (
    id           uuid PRIMARY KEY,
    email        text NOT NULL,
    email_key    text NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    name         text NOT NULL,
    colour       smallint NOT NULL DEFAULT 0 CHECK (colour BETWEEN 0 AND 11),
    password     text NOT NULL DEFAULT '',
    admin        boolean NOT NULL DEFAULT false,
    preferences  jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz,
    suspended_at timestamptz
);
CREATE INDEX accounts_name ON accounts (lower(name), id);
CREATE INDEX accounts_admins ON accounts (id) WHERE admin;

-- Browsers that signed in. hash is the SHA-256 of the cookie's secret.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    account      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    hash         bytea NOT NULL CONSTRAINT sessions_hash_key UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    address      text NOT NULL DEFAULT '',
    agent        text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Projects. wanted is what people asked for; phase, step and reason are what
-- lifecycle last saw. restart asks for one stop before the next start. uid is the
-- project's user on this machine, once it needed one. source says what the home
-- is filled from at its first start.
CREATE TABLE projects (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    description    text NOT NULL DEFAULT '',
    slug           text CONSTRAINT projects_slug_key UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_edited_at timestamptz NOT NULL DEFAULT now(),
    last_active_at timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz,
    wanted         text NOT NULL DEFAULT 'stopped' CHECK (wanted IN ('stopped', 'running')),
    restart        boolean NOT NULL DEFAULT false,
    phase          text NOT NULL DEFAULT 'stopped' CHECK (phase IN ('stopped', 'starting', 'running', 'stopping', 'failed')),
    step           text NOT NULL DEFAULT '',
    reason         text NOT NULL DEFAULT '',
    phase_since    timestamptz NOT NULL DEFAULT now(),
    idle_at        timestamptz,
    uid            integer CONSTRAINT projects_uid_key UNIQUE,
    source         jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX projects_edited ON projects (last_edited_at DESC, id);
CREATE INDEX projects_busy ON projects (id) WHERE wanted = 'running' OR phase NOT IN ('stopped', 'failed');
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at IS NOT NULL;

-- Slugs that projects had before, so that old addresses lead on.
CREATE TABLE project_slugs (
    slug    text PRIMARY KEY,
    project uuid NOT NULL REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX project_slugs_project ON project_slugs (project);

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    account      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    hash         bytea NOT NULL CONSTRAINT api_tokens_hash_key UNIQUE,
    name         text NOT NULL,
    scope        text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    project      uuid REFERENCES projects ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX api_tokens_account ON api_tokens (account);

CREATE TABLE members (
    project    uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    account    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, account)
);
CREATE INDEX members_account ON members (account, project);

CREATE TABLE stars (
    account uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    project uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    PRIMARY KEY (account, project)
);
CREATE INDEX stars_project ON stars (project);

-- What a person arranged in a project: tabs and splits.
CREATE TABLE layouts (
    account    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    project    uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    layout     jsonb NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, project)
);
CREATE INDEX layouts_project ON layouts (project);

-- Environment variables. The value is stored as it is: whoever reads the
-- database reads it (docs/reference/database.md).
CREATE TABLE env_vars (
    project    uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text NOT NULL,
    value      text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, name)
);

-- Invitations: to a project (project and role set) or to the site (neither).
-- hash is of the link's secret; it is NULL when the invitation is for an account
-- and there is no link.
CREATE TABLE invitations (
    id         uuid PRIMARY KEY,
    project    uuid REFERENCES projects ON DELETE CASCADE,
    role       text CHECK (role IN ('owner', 'editor', 'viewer')),
    account    uuid REFERENCES accounts ON DELETE CASCADE,
    email      text NOT NULL DEFAULT '',
    hash       bytea CONSTRAINT invitations_hash_key UNIQUE,
    invited_by uuid REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    uses       integer NOT NULL CHECK (uses >= 0),
    CHECK ((project IS NULL) = (role IS NULL)),
    CONSTRAINT invitations_once_key UNIQUE (project, account)
);
CREATE INDEX invitations_account ON invitations (account);
CREATE INDEX invitations_by ON invitations (invited_by);

-- Every act, written in the transaction of the act. No foreign keys: the rows
-- outlive what they speak of.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    account uuid,
    session uuid,
    token   uuid,
    verb    text NOT NULL,
    kind    text NOT NULL DEFAULT '',
    object  text NOT NULL DEFAULT '',
    detail  jsonb NOT NULL DEFAULT '{}',
    address text NOT NULL DEFAULT '',
    request text NOT NULL DEFAULT ''
);
CREATE INDEX audit_object ON audit (kind, object, id);
CREATE INDEX audit_account ON audit (account, id);

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value jsonb NOT NULL
);

-- What the site itself must keep secret: the ticket key, the set-up link's hash.
CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

-- Failed sign-ins in the present window. key is a SHA-256: people type
-- passwords into the address field.
CREATE TABLE failed_sign_ins (
    key        bytea PRIMARY KEY,
    count      integer NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX failed_sign_ins_expires ON failed_sign_ins (expires_at);

-- Who is the one active holder of a duty. number grows with each holder and
-- fences the writes of those before.
CREATE TABLE leases (
    name   text PRIMARY KEY,
    number bigint NOT NULL,
    holder text NOT NULL DEFAULT '',
    at     timestamptz NOT NULL DEFAULT now()
);
