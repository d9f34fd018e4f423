-- Servers keep what they read of accounts and credentials, and are told when it changes: all that listen, when it is
-- committed, and the very session that changes it, if it asks (`SET usergraph.tell = on`), at once, so that no server answers
-- from what it kept once it has changed it itself. Whoever writes tells: a server, a script, a person at psql.
-- What is told are the ids that a change concerns, or `*` where they are too many to name (a notification holds 8,000 bytes).

-- Takes the names of the columns that hold the ids. It names nothing that a search path must find: a dump is restored without one.
CREATE FUNCTION tell_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids text[];
    told text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        told := '*';
    ELSIF (SELECT count(*) FROM (SELECT FROM changed LIMIT 1001) AS first_rows) > 1000 THEN
        told := '*';
    ELSE
        IF TG_OP = 'UPDATE' THEN
            -- That a credential was used is no change of what it is.
            ids := ARRAY(
                SELECT DISTINCT named.value FROM (
                    (SELECT to_jsonb(changed) - 'last_used_at' FROM changed
                     EXCEPT ALL SELECT to_jsonb(before) - 'last_used_at' FROM before)
                    UNION ALL
                    (SELECT to_jsonb(before) - 'last_used_at' FROM before
                     EXCEPT ALL SELECT to_jsonb(changed) - 'last_used_at' FROM changed)
                ) AS differing (facts), jsonb_each_text(differing.facts) AS named
                WHERE named.key = ANY (TG_ARGV) AND named.value IS NOT NULL
            );
        ELSE
            ids := ARRAY(
                SELECT DISTINCT named.value FROM changed, jsonb_each_text(to_jsonb(changed)) AS named
                WHERE named.key = ANY (TG_ARGV) AND named.value IS NOT NULL
            );
        END IF;
        told := CASE WHEN cardinality(ids) > 100 THEN '*' ELSE array_to_string(ids, ' ') END;
    END IF;
    IF told = '' THEN
        RETURN NULL;
    END IF;
    PERFORM pg_notify('usergraph_changes', told);
    IF current_setting('usergraph.tell', true) = 'on' THEN
        RAISE NOTICE USING ERRCODE = 'UG001', MESSAGE = told;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER "users_tell_update" AFTER UPDATE ON "users" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "users_tell_delete" AFTER DELETE ON "users" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "users_tell_truncate" AFTER TRUNCATE ON "users" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "passwords_tell_insert" AFTER INSERT ON "passwords" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "passwords_tell_update" AFTER UPDATE ON "passwords" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "passwords_tell_delete" AFTER DELETE ON "passwords" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "passwords_tell_truncate" AFTER TRUNCATE ON "passwords" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "emails_tell_insert" AFTER INSERT ON "emails" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "emails_tell_update" AFTER UPDATE ON "emails" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "emails_tell_delete" AFTER DELETE ON "emails" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "emails_tell_truncate" AFTER TRUNCATE ON "emails" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "phone_numbers_tell_insert" AFTER INSERT ON "phone_numbers" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "phone_numbers_tell_update" AFTER UPDATE ON "phone_numbers" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "phone_numbers_tell_delete" AFTER DELETE ON "phone_numbers" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "phone_numbers_tell_truncate" AFTER TRUNCATE ON "phone_numbers" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "oauth_identities_tell_insert" AFTER INSERT ON "oauth_identities" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "oauth_identities_tell_update" AFTER UPDATE ON "oauth_identities" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "oauth_identities_tell_delete" AFTER DELETE ON "oauth_identities" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "oauth_identities_tell_truncate" AFTER TRUNCATE ON "oauth_identities" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "organizations_tell_update" AFTER UPDATE ON "organizations" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "organizations_tell_delete" AFTER DELETE ON "organizations" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "organizations_tell_truncate" AFTER TRUNCATE ON "organizations" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "memberships_tell_insert" AFTER INSERT ON "memberships" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "memberships_tell_update" AFTER UPDATE ON "memberships" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "memberships_tell_delete" AFTER DELETE ON "memberships" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('user_id');
CREATE TRIGGER "memberships_tell_truncate" AFTER TRUNCATE ON "memberships" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "shares_tell_insert" AFTER INSERT ON "shares" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('grantor_id', 'grantee_id');
CREATE TRIGGER "shares_tell_update" AFTER UPDATE ON "shares" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('grantor_id', 'grantee_id');
CREATE TRIGGER "shares_tell_delete" AFTER DELETE ON "shares" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('grantor_id', 'grantee_id');
CREATE TRIGGER "shares_tell_truncate" AFTER TRUNCATE ON "shares" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "sessions_tell_insert" AFTER INSERT ON "sessions" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "sessions_tell_update" AFTER UPDATE ON "sessions" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "sessions_tell_delete" AFTER DELETE ON "sessions" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "sessions_tell_truncate" AFTER TRUNCATE ON "sessions" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "api_tokens_tell_insert" AFTER INSERT ON "api_tokens" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "api_tokens_tell_update" AFTER UPDATE ON "api_tokens" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "api_tokens_tell_delete" AFTER DELETE ON "api_tokens" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id', 'user_id');
CREATE TRIGGER "api_tokens_tell_truncate" AFTER TRUNCATE ON "api_tokens" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();

CREATE TRIGGER "oauth_clients_tell_update" AFTER UPDATE ON "oauth_clients" REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "oauth_clients_tell_delete" AFTER DELETE ON "oauth_clients" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changes('id');
CREATE TRIGGER "oauth_clients_tell_truncate" AFTER TRUNCATE ON "oauth_clients" FOR EACH STATEMENT EXECUTE FUNCTION tell_changes();
