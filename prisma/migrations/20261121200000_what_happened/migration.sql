-- CreateEnum
CREATE TYPE "delivery_status" AS ENUM ('PENDING', 'DELIVERED', 'DEAD');

-- AlterEnum
ALTER TYPE "erasure_status" ADD VALUE 'UNDONE';

-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN     "purpose" TEXT NOT NULL DEFAULT 'tokens';

-- AlterTable
ALTER TABLE "invitations" ADD COLUMN     "organization_id" UUID,
ADD COLUMN     "role" "membership_role";

-- AlterTable
ALTER TABLE "audit_events" ADD COLUMN     "account_id" UUID,
ADD COLUMN     "changes_digest" BYTEA,
ADD COLUMN     "changes_salt" BYTEA,
ADD COLUMN     "hash" BYTEA,
ADD COLUMN     "origin_digest" BYTEA,
ADD COLUMN     "origin_salt" BYTEA,
ADD COLUMN     "previous_hash" BYTEA,
ALTER COLUMN "sequence" DROP NOT NULL,
ALTER COLUMN "sequence" DROP DEFAULT;

-- AlterTable
ALTER TABLE "outbox_events" ADD COLUMN     "organization_id" UUID;

-- AlterTable
ALTER TABLE "erasures" ADD COLUMN     "account_ids" UUID[] DEFAULT ARRAY[]::UUID[],
ADD COLUMN     "account_statuses" "user_status"[] DEFAULT ARRAY[]::"user_status"[],
ADD COLUMN     "erased_at" TIMESTAMPTZ(3),
ADD COLUMN     "receipt" TEXT,
ADD COLUMN     "started_at" TIMESTAMPTZ(3),
ADD COLUMN     "undo_code_hash" BYTEA,
ADD COLUMN     "undo_until" TIMESTAMPTZ(3),
ADD COLUMN     "undone_at" TIMESTAMPTZ(3),
ADD COLUMN     "worked_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "data_exports" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "requested_by_id" UUID,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "downloaded_at" TIMESTAMPTZ(3),

    CONSTRAINT "data_exports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhooks" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "organization_id" UUID,
    "event_types" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "owns_data" BOOLEAN NOT NULL DEFAULT false,
    "encrypted_secret" BYTEA NOT NULL,
    "created_by_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "status" "delivery_status" NOT NULL DEFAULT 'PENDING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "leased_until" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempted_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotent_answers" (
    "id" UUID NOT NULL,
    "actor_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "status" INTEGER NOT NULL,
    "headers" JSONB NOT NULL,
    "body" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotent_answers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "erasure_owners" (
    "id" UUID NOT NULL,
    "erasure_id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "told_at" TIMESTAMPTZ(3) NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3),
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "erasure_owners_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "data_exports_token_hash_key" ON "data_exports"("token_hash");

-- CreateIndex
CREATE INDEX "data_exports_user_id_idx" ON "data_exports"("user_id");

-- CreateIndex
CREATE INDEX "data_exports_expires_at_idx" ON "data_exports"("expires_at");

-- CreateIndex
CREATE INDEX "webhooks_organization_id_idx" ON "webhooks"("organization_id");

-- CreateIndex
CREATE INDEX "webhooks_created_at_id_idx" ON "webhooks"("created_at", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_event_id_idx" ON "webhook_deliveries"("event_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_subject_id_sequence_idx" ON "webhook_deliveries"("webhook_id", "subject_id", "sequence");

-- CreateIndex
CREATE INDEX "webhook_deliveries_status_next_attempt_at_idx" ON "webhook_deliveries"("status", "next_attempt_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_created_at_id_idx" ON "webhook_deliveries"("webhook_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_webhook_id_event_id_key" ON "webhook_deliveries"("webhook_id", "event_id");

-- CreateIndex
CREATE INDEX "idempotent_answers_expires_at_idx" ON "idempotent_answers"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "idempotent_answers_actor_id_key_key" ON "idempotent_answers"("actor_id", "key");

-- CreateIndex
CREATE INDEX "erasure_owners_webhook_id_idx" ON "erasure_owners"("webhook_id");

-- CreateIndex
CREATE UNIQUE INDEX "erasure_owners_erasure_id_webhook_id_key" ON "erasure_owners"("erasure_id", "webhook_id");

-- CreateIndex
CREATE INDEX "invitations_organization_id_idx" ON "invitations"("organization_id");

-- CreateIndex
CREATE INDEX "data_records_user_id_occurred_at_id_idx" ON "data_records"("user_id", "occurred_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_events_hash_key" ON "audit_events"("hash");

-- CreateIndex
CREATE INDEX "audit_events_account_id_occurred_at_id_idx" ON "audit_events"("account_id", "occurred_at", "id");

-- CreateIndex
CREATE INDEX "audit_events_occurred_at_id_idx" ON "audit_events"("occurred_at", "id");

-- CreateIndex
CREATE INDEX "outbox_events_published_at_sequence_idx" ON "outbox_events"("published_at", "sequence");

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "data_exports" ADD CONSTRAINT "data_exports_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "outbox_events"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "erasure_owners" ADD CONSTRAINT "erasure_owners_erasure_id_fkey" FOREIGN KEY ("erasure_id") REFERENCES "erasures"("id") ON DELETE CASCADE ON UPDATE NO ACTION;



-- What was erased before could not be undone.
UPDATE "erasures" SET "undo_until" = "requested_at", "started_at" = "requested_at", "erased_at" = "completed_at", "account_ids" = ARRAY["user_id"];
ALTER TABLE "erasures" ALTER COLUMN "undo_until" SET NOT NULL;

-- Rules that Prisma cannot say.
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_purpose" CHECK ("purpose" IN ('tokens', 'receipts'));
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_role_in_organization" CHECK (("organization_id" IS NULL) = ("role" IS NULL));
ALTER TABLE "data_records"
    ADD CONSTRAINT "data_records_collection_form" CHECK ("collection" ~ '^[a-z][a-z0-9_-]{0,49}$'),
    ADD CONSTRAINT "data_records_data_is_object" CHECK (jsonb_typeof("data") = 'object'),
    ADD CONSTRAINT "data_records_version_positive" CHECK ("version" > 0);
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_name_length" CHECK (char_length("name") BETWEEN 1 AND 50);

-- The trail of an account: what is about it, also where the subject is a session, a token or a share of it.
UPDATE "audit_events" SET "account_id" = "subject_id" WHERE "subject_type" = 'User';
UPDATE "audit_events" a SET "account_id" = s."user_id" FROM "sessions" s WHERE a."subject_type" = 'Session' AND s."id" = a."subject_id";
UPDATE "audit_events" a SET "account_id" = t."user_id" FROM "api_tokens" t WHERE a."subject_type" = 'ApiToken' AND t."id" = a."subject_id";
UPDATE "audit_events" a SET "account_id" = s."grantor_id" FROM "shares" s WHERE a."subject_type" = 'Share' AND s."id" = a."subject_id";

-- The trail is a chain: each event carries the hash of the one before. What may have to be forgotten (values, addresses)
-- enters the hash by a salted digest only, so that the chain holds after it is forgotten, and nobody can guess it from there.
CREATE FUNCTION audit_event_text(e audit_events) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        e.sequence, e.id, (extract(epoch FROM e.occurred_at) * 1000)::bigint, e.action, e.subject_type, e.subject_id,
        e.account_id, e.organization_id, e.actor_id, e.on_behalf_of_id, e.credential_kind, e.credential_id, e.request_id,
        encode(e.changes_digest, 'hex'), encode(e.origin_digest, 'hex')
    )::text
$$;

CREATE FUNCTION audit_events_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changes_salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    NEW.changes_digest := sha256(NEW.changes_salt || convert_to(coalesce(NEW.changes::text, 'null'), 'UTF8'));
    NEW.origin_salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    NEW.origin_digest := sha256(NEW.origin_salt || convert_to(jsonb_build_array(NEW.ip_address, NEW.user_agent)::text, 'UTF8'));
    NEW.sequence := NULL;
    NEW.previous_hash := NULL;
    NEW.hash := NULL;
    RETURN NEW;
END $$;

-- At the end of the transaction, so that the lock on the chain is the last one taken and held for no longer than a commit.
CREATE FUNCTION audit_events_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record;
    this audit_events;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('usergraph:audit'));
    SELECT sequence, hash INTO before FROM audit_events WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1;
    SELECT * INTO this FROM audit_events WHERE id = NEW.id;
    this.sequence := coalesce(before.sequence, 0) + 1;
    this.previous_hash := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
    UPDATE audit_events
        SET sequence = this.sequence, previous_hash = this.previous_hash,
            hash = sha256(this.previous_hash || convert_to(audit_event_text(this), 'UTF8'))
        WHERE id = NEW.id;
    RETURN NULL;
END $$;

-- The events so far, in the order in which they were written.
DO $$
DECLARE
    this audit_events;
    place bigint := 0;
    before bytea := decode(repeat('00', 32), 'hex');
BEGIN
    UPDATE audit_events SET sequence = -sequence;
    FOR this IN SELECT * FROM audit_events ORDER BY sequence DESC LOOP
        place := place + 1;
        this.sequence := place;
        this.changes_salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        this.changes_digest := sha256(this.changes_salt || convert_to(coalesce(this.changes::text, 'null'), 'UTF8'));
        this.origin_salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        this.origin_digest := sha256(this.origin_salt || convert_to(jsonb_build_array(this.ip_address, this.user_agent)::text, 'UTF8'));
        this.previous_hash := before;
        this.hash := sha256(before || convert_to(audit_event_text(this), 'UTF8'));
        UPDATE audit_events SET sequence = place, changes_salt = this.changes_salt, changes_digest = this.changes_digest,
            origin_salt = this.origin_salt, origin_digest = this.origin_digest, previous_hash = before, hash = this.hash
            WHERE id = this.id;
        before := this.hash;
    END LOOP;
END $$;

-- Nobody changes the trail: it is appended to, and what was personal in it is forgotten with the person.
CREATE FUNCTION audit_events_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed audit_events;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        allowed := OLD;
        IF OLD.sequence IS NULL THEN
            allowed.sequence := NEW.sequence;
            allowed.previous_hash := NEW.previous_hash;
            allowed.hash := NEW.hash;
        END IF;
        IF NEW.changes_salt IS NULL THEN
            allowed.changes := NULL;
            allowed.changes_salt := NULL;
        END IF;
        IF NEW.origin_salt IS NULL THEN
            allowed.ip_address := NULL;
            allowed.user_agent := NULL;
            allowed.origin_salt := NULL;
        END IF;
        IF NEW IS NOT DISTINCT FROM allowed THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail cannot be changed' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER "audit_events_digest" BEFORE INSERT ON "audit_events" FOR EACH ROW EXECUTE FUNCTION audit_events_digest();
CREATE CONSTRAINT TRIGGER "audit_events_chain" AFTER INSERT ON "audit_events"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_events_chain();
CREATE TRIGGER "audit_events_keep" BEFORE UPDATE OR DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION audit_events_keep();
CREATE TRIGGER "audit_events_keep_all" BEFORE TRUNCATE ON "audit_events" FOR EACH STATEMENT EXECUTE FUNCTION audit_events_keep();

-- Other processes hear of an event when it is committed.
CREATE FUNCTION outbox_events_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('usergraph_events', NEW.subject_id || ' ' || NEW.type);
    RETURN NULL;
END $$;
CREATE TRIGGER "outbox_events_tell" AFTER INSERT ON "outbox_events" FOR EACH ROW EXECUTE FUNCTION outbox_events_tell();
