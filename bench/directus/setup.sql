-- Makes the product's tables known to Directus, whose own tables stand beside them in a schema of their own.
SET search_path = directus, public;

-- Directus ignores tables without a primary key of one column: its kind of junction has a number, and holds the same rows.
CREATE TABLE members (
  id serial PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES public.users (id),
  organization_id uuid NOT NULL REFERENCES public.organizations (id),
  created_at timestamptz(3) NOT NULL
);
INSERT INTO members (user_id, organization_id, created_at)
  SELECT user_id, organization_id, created_at FROM public.memberships ORDER BY created_at;
CREATE INDEX ON members (user_id);

INSERT INTO directus_collections (collection) VALUES ('users'), ('emails'), ('organizations'), ('members');
INSERT INTO directus_fields (collection, field, special) VALUES
  ('users', 'organizations', 'm2m'),
  ('users', 'emails', 'o2m');
INSERT INTO directus_relations (many_collection, many_field, one_collection, one_field, junction_field) VALUES
  ('members', 'user_id', 'users', 'organizations', 'organization_id'),
  ('members', 'organization_id', 'organizations', NULL, 'user_id'),
  ('emails', 'user_id', 'users', 'emails', NULL);
