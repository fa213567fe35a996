SET lock_timeout = '2s';

CREATE TABLE account (
    user_id       uuid PRIMARY KEY,
    email         text NOT NULL,
    -- Case-folded: one address is one account, however it is typed.
    email_folded  text NOT NULL,
    name          text NOT NULL,
    password_hash text NOT NULL,
    roles         jsonb NOT NULL CHECK (jsonb_typeof(roles) = 'array' AND jsonb_array_length(roles) > 0),
    stores        uuid[] NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL,
    CONSTRAINT account_email_is_unique UNIQUE (email_folded)
);

CREATE TABLE session (
    session_id uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_by   text CHECK (ended_by IN ('logout', 'reuse')),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX session_of_account ON session (user_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- A token is claimed here and nowhere else: rotation must not live where the last writer wins.
CREATE TABLE refresh_token (
    token_sha  bytea PRIMARY KEY CHECK (octet_length(token_sha) = 32),
    session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_token_of_session ON refresh_token (session_id);
-- However two refreshes interleave, a session has one token that works.
CREATE UNIQUE INDEX refresh_token_one_is_live ON refresh_token (session_id) WHERE used_at IS NULL;

-- Addresses without an account are counted like the others, so that the count tells nothing.
CREATE TABLE login_attempts (
    email_sha     bytea PRIMARY KEY CHECK (octet_length(email_sha) = 32),
    failures      integer NOT NULL CHECK (failures > 0),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX login_attempts_by_age ON login_attempts (last_at);

CREATE TABLE idempotency (
    principal   uuid NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      smallint,
    location    text,
    body        bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
