-- Case-insensitive text for login names, trigrams for search in names. Both are trusted extensions.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Lower case by Unicode's rules, whatever the locale of the database.
CREATE FUNCTION user_fold(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT lower(name COLLATE "und-x-icu") $$;

-- The name to show. A username with an @ is an e-mail address, which is private, and so is never shown.
CREATE FUNCTION user_display_name(name text, first_name text, last_name text, username text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT COALESCE(
            name,
            NULLIF(btrim(COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')), ''),
            CASE WHEN username NOT LIKE '%@%' THEN username END,
            'Unnamed'
        )
    $$;

-- Every public name in one text, for search.
CREATE FUNCTION user_search_names(name text, first_name text, last_name text, username text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT user_fold(
            COALESCE(name, '') || ' ' || COALESCE(first_name, '') || ' ' || COALESCE(last_name, '') || ' ' ||
            CASE WHEN username NOT LIKE '%@%' THEN username ELSE '' END
        )
    $$;

-- CreateEnum
CREATE TYPE "user_kind" AS ENUM ('HUMAN', 'SERVICE_ACCOUNT', 'MANAGED', 'INTERNAL');

-- CreateEnum
CREATE TYPE "user_status" AS ENUM ('PENDING', 'ACTIVE', 'SUSPENDED', 'DELETING');

-- CreateEnum
CREATE TYPE "membership_role" AS ENUM ('OWNER', 'ADMIN', 'MEMBER');

-- CreateEnum
CREATE TYPE "erasure_status" AS ENUM ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "kind" "user_kind" NOT NULL DEFAULT 'HUMAN',
    "status" "user_status" NOT NULL DEFAULT 'ACTIVE',
    "username" CITEXT,
    "name" TEXT,
    "first_name" TEXT,
    "last_name" TEXT,
    "display_name" TEXT NOT NULL GENERATED ALWAYS AS (user_display_name(name, first_name, last_name, username::text)) STORED,
    "sort_name" TEXT COLLATE "C" NOT NULL GENERATED ALWAYS AS (user_fold(user_display_name(name, first_name, last_name, username::text))) STORED,
    "search_names" TEXT NOT NULL GENERATED ALWAYS AS (user_search_names(name, first_name, last_name, username::text)) STORED,
    "bio" TEXT,
    "company" TEXT,
    "job_title" TEXT,
    "avatar_url" TEXT,
    "metadata" JSONB,
    "locale" TEXT,
    "time_zone" TEXT,
    "is_superuser" BOOLEAN NOT NULL DEFAULT false,
    "is_onboarded" BOOLEAN NOT NULL DEFAULT false,
    "manager_id" UUID,
    "organization_id" UUID,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "login_names" (
    "name" CITEXT NOT NULL,
    "user_id" UUID NOT NULL,

    CONSTRAINT "login_names_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "passwords" (
    "user_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "expired" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "passwords_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "emails" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "address" CITEXT NOT NULL,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "verified_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "emails_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "phone_numbers" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "number" TEXT NOT NULL,
    "is_primary" BOOLEAN NOT NULL DEFAULT false,
    "verified_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "phone_numbers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "oauth_identities" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "is_primary" BOOLEAN NOT NULL DEFAULT false,
    "name" TEXT,
    "email" TEXT,
    "avatar_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "oauth_identities_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "organizations" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "sub_domain" CITEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organizations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "memberships" (
    "organization_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "membership_role" NOT NULL DEFAULT 'MEMBER',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memberships_pkey" PRIMARY KEY ("organization_id","user_id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "replaced_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "prefix" TEXT NOT NULL,
    "scopes" TEXT[],
    "allowed_networks" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "rate_limit" INTEGER,
    "user_id" UUID,
    "organization_id" UUID,
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "id" UUID NOT NULL,
    "key_id" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "encrypted_private_jwk" BYTEA,
    "organization_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "shares" (
    "id" UUID NOT NULL,
    "grantor_id" UUID NOT NULL,
    "grantee_id" UUID NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "shares_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "data_records" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "data_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" UUID NOT NULL,
    "sequence" BIGSERIAL NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "organization_id" UUID,
    "actor_id" UUID,
    "credential_kind" TEXT NOT NULL,
    "credential_id" UUID,
    "changes" JSONB,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "request_id" TEXT,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox_events" (
    "id" UUID NOT NULL,
    "sequence" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "payload" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "erasures" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "requested_by_id" UUID,
    "status" "erasure_status" NOT NULL DEFAULT 'PENDING',
    "inventory" JSONB,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_username_key" ON "users"("username");

-- CreateIndex
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id");

-- CreateIndex
CREATE INDEX "users_updated_at_id_idx" ON "users"("updated_at", "id");

-- CreateIndex
CREATE INDEX "users_sort_name_id_idx" ON "users"("sort_name", "id");

-- CreateIndex
CREATE INDEX "users_status_created_at_id_idx" ON "users"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "users_kind_created_at_id_idx" ON "users"("kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "users_manager_id_created_at_id_idx" ON "users"("manager_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "users_organization_id_created_at_id_idx" ON "users"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "login_names_user_id_idx" ON "login_names"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "emails_address_key" ON "emails"("address");

-- CreateIndex
CREATE INDEX "emails_user_id_created_at_idx" ON "emails"("user_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "phone_numbers_user_id_number_key" ON "phone_numbers"("user_id", "number");

-- CreateIndex
CREATE INDEX "oauth_identities_user_id_created_at_idx" ON "oauth_identities"("user_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "oauth_identities_provider_subject_key" ON "oauth_identities"("provider", "subject");

-- CreateIndex
CREATE UNIQUE INDEX "organizations_sub_domain_key" ON "organizations"("sub_domain");

-- CreateIndex
CREATE INDEX "memberships_user_id_created_at_organization_id_idx" ON "memberships"("user_id", "created_at", "organization_id");

-- CreateIndex
CREATE INDEX "memberships_organization_id_created_at_user_id_idx" ON "memberships"("organization_id", "created_at", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "sessions_token_hash_key" ON "sessions"("token_hash");

-- CreateIndex
CREATE INDEX "sessions_user_id_expires_at_idx" ON "sessions"("user_id", "expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "refresh_tokens_token_hash_key" ON "refresh_tokens"("token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "refresh_tokens_replaced_by_id_key" ON "refresh_tokens"("replaced_by_id");

-- CreateIndex
CREATE INDEX "refresh_tokens_session_id_idx" ON "refresh_tokens"("session_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_token_hash_key" ON "api_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "api_tokens_user_id_created_at_id_idx" ON "api_tokens"("user_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "api_tokens_organization_id_created_at_id_idx" ON "api_tokens"("organization_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "signing_keys_key_id_key" ON "signing_keys"("key_id");

-- CreateIndex
CREATE INDEX "signing_keys_organization_id_idx" ON "signing_keys"("organization_id");

-- CreateIndex
CREATE INDEX "shares_grantee_id_idx" ON "shares"("grantee_id");

-- CreateIndex
CREATE UNIQUE INDEX "shares_grantor_id_grantee_id_key" ON "shares"("grantor_id", "grantee_id");

-- CreateIndex
CREATE INDEX "data_records_user_id_collection_occurred_at_id_idx" ON "data_records"("user_id", "collection", "occurred_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_events_sequence_key" ON "audit_events"("sequence");

-- CreateIndex
CREATE INDEX "audit_events_subject_id_occurred_at_id_idx" ON "audit_events"("subject_id", "occurred_at", "id");

-- CreateIndex
CREATE INDEX "audit_events_actor_id_occurred_at_id_idx" ON "audit_events"("actor_id", "occurred_at", "id");

-- CreateIndex
CREATE INDEX "audit_events_organization_id_occurred_at_id_idx" ON "audit_events"("organization_id", "occurred_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_sequence_key" ON "outbox_events"("sequence");

-- CreateIndex
CREATE INDEX "outbox_events_subject_id_sequence_idx" ON "outbox_events"("subject_id", "sequence");

-- CreateIndex
CREATE INDEX "erasures_user_id_idx" ON "erasures"("user_id");

-- CreateIndex
CREATE INDEX "erasures_status_requested_at_idx" ON "erasures"("status", "requested_at");

-- AddForeignKey
ALTER TABLE "users" ADD CONSTRAINT "users_manager_id_fkey" FOREIGN KEY ("manager_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "users" ADD CONSTRAINT "users_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "login_names" ADD CONSTRAINT "login_names_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "passwords" ADD CONSTRAINT "passwords_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "emails" ADD CONSTRAINT "emails_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "phone_numbers" ADD CONSTRAINT "phone_numbers_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "oauth_identities" ADD CONSTRAINT "oauth_identities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_replaced_by_id_fkey" FOREIGN KEY ("replaced_by_id") REFERENCES "refresh_tokens"("id") ON DELETE SET NULL ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "shares" ADD CONSTRAINT "shares_grantor_id_fkey" FOREIGN KEY ("grantor_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "shares" ADD CONSTRAINT "shares_grantee_id_fkey" FOREIGN KEY ("grantee_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "data_records" ADD CONSTRAINT "data_records_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- CreateIndex
CREATE INDEX "users_search_names_idx" ON "users" USING gin ("search_names" gin_trgm_ops);

-- Rules that must never break, whoever writes

ALTER TABLE "users"
    ADD CONSTRAINT "users_managed_has_manager" CHECK (("kind" = 'MANAGED') = ("manager_id" IS NOT NULL)),
    ADD CONSTRAINT "users_not_own_manager" CHECK ("manager_id" <> "id"),
    ADD CONSTRAINT "users_service_account_has_organization" CHECK (("kind" = 'SERVICE_ACCOUNT') = ("organization_id" IS NOT NULL)),
    ADD CONSTRAINT "users_superuser_is_human" CHECK (NOT "is_superuser" OR "kind" = 'HUMAN'),
    ADD CONSTRAINT "users_username_form" CHECK ("username"::text ~ '^[a-zA-Z0-9_@.-]{1,50}$'),
    ADD CONSTRAINT "users_name_length" CHECK (char_length("name") BETWEEN 1 AND 50),
    ADD CONSTRAINT "users_first_name_length" CHECK (char_length("first_name") BETWEEN 1 AND 50),
    ADD CONSTRAINT "users_last_name_length" CHECK (char_length("last_name") BETWEEN 1 AND 50),
    ADD CONSTRAINT "users_company_length" CHECK (char_length("company") BETWEEN 1 AND 50),
    ADD CONSTRAINT "users_job_title_length" CHECK (char_length("job_title") BETWEEN 1 AND 50),
    ADD CONSTRAINT "users_metadata_is_object" CHECK (jsonb_typeof("metadata") = 'object'),
    ADD CONSTRAINT "users_version_positive" CHECK ("version" > 0);

ALTER TABLE "organizations"
    ADD CONSTRAINT "organizations_name_length" CHECK (char_length("name") BETWEEN 1 AND 50),
    ADD CONSTRAINT "organizations_sub_domain_form" CHECK ("sub_domain"::text ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');

ALTER TABLE "phone_numbers" ADD CONSTRAINT "phone_numbers_e164" CHECK ("number" ~ '^\+[1-9][0-9]{6,14}$');

ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_one_owner" CHECK (num_nonnulls("user_id", "organization_id") = 1);

ALTER TABLE "shares" ADD CONSTRAINT "shares_with_another" CHECK ("grantor_id" <> "grantee_id");

CREATE UNIQUE INDEX "emails_one_default" ON "emails"("user_id") WHERE "is_default";
CREATE UNIQUE INDEX "phone_numbers_one_primary" ON "phone_numbers"("user_id") WHERE "is_primary";
CREATE UNIQUE INDEX "oauth_identities_one_primary" ON "oauth_identities"("user_id") WHERE "is_primary";

-- Usernames and e-mail addresses share one case-insensitive namespace: this table, which triggers keep.
-- A taken name fails on its primary key, also between two transactions that race for it.
CREATE FUNCTION keep_login_names(account uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM login_names l WHERE l.user_id = account
        AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = account AND u.username = l.name)
        AND NOT EXISTS (SELECT 1 FROM emails e WHERE e.user_id = account AND e.address = l.name);
    INSERT INTO login_names (name, user_id)
        SELECT wanted.name, account FROM (
            SELECT u.username AS name FROM users u WHERE u.id = account AND u.username IS NOT NULL
            UNION SELECT e.address FROM emails e WHERE e.user_id = account
        ) wanted
        WHERE NOT EXISTS (SELECT 1 FROM login_names l WHERE l.name = wanted.name AND l.user_id = account);
END $$;

CREATE FUNCTION users_keep_login_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM keep_login_names(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER "users_login_names_insert" AFTER INSERT ON "users"
    FOR EACH ROW WHEN (NEW.username IS NOT NULL) EXECUTE FUNCTION users_keep_login_names();
CREATE TRIGGER "users_login_names_update" AFTER UPDATE OF "username" ON "users"
    FOR EACH ROW WHEN (OLD.username::text IS DISTINCT FROM NEW.username::text) EXECUTE FUNCTION users_keep_login_names();

CREATE FUNCTION emails_keep_login_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM keep_login_names(OLD.user_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM keep_login_names(NEW.user_id); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "emails_login_names" AFTER INSERT OR UPDATE OF "address", "user_id" OR DELETE ON "emails"
    FOR EACH ROW EXECUTE FUNCTION emails_keep_login_names();

-- An organization keeps an owner for as long as it exists. The row lock makes two owners who leave at once take turns.
CREATE FUNCTION organizations_keep_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM organizations WHERE id = OLD.organization_id FOR UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM memberships WHERE organization_id = OLD.organization_id AND role = 'OWNER'
    ) THEN
        RAISE EXCEPTION 'organization % would have no owner', OLD.organization_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_keep_owner';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER "organizations_keep_owner" AFTER DELETE OR UPDATE OF "role", "organization_id" ON "memberships"
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'OWNER') EXECUTE FUNCTION organizations_keep_owner();
