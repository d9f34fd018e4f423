-- Each kind and status in each order of a list, so that any choice of them is a merge of what is in order already.
-- DropIndex
DROP INDEX "users_kind_created_at_id_idx";

-- DropIndex
DROP INDEX "users_status_created_at_id_idx";

-- CreateIndex
CREATE INDEX "users_kind_status_created_at_id_idx" ON "users"("kind", "status", "created_at", "id");

-- CreateIndex
CREATE INDEX "users_kind_status_updated_at_id_idx" ON "users"("kind", "status", "updated_at", "id");

-- CreateIndex
CREATE INDEX "users_kind_status_sort_name_id_idx" ON "users"("kind", "status", "sort_name", "id");

-- Skipping to an offset reads the index alone.
DROP INDEX "users_created_at_id_idx";
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id") INCLUDE ("kind", "status");

-- Who is linked to a provider, and who has an id at any provider.
-- CreateIndex
CREATE INDEX "oauth_identities_provider_user_id_idx" ON "oauth_identities"("provider", "user_id");

-- CreateIndex
CREATE INDEX "oauth_identities_subject_idx" ON "oauth_identities"("subject");
