import { defineConfig } from 'prisma/config';

// Only `prisma migrate dev` and its kin read the URL; the product applies migrations itself (src/db/migrate.ts).
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost:5432/usergraph' },
});
