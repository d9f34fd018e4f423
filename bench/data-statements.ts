/** The statements that fill a database: one for each table, each row computed from its number. */

const firstNames =
  'Amara,Bela,Chidi,Dana,Emil,Farah,Goran,Hana,Ines,Jonas,Kaito,Leila,Mateo,Noor,Olga,Priya,Quentin,Rosa,Sven,Thandi,' +
  'Uma,Viktor,Wanda,Ximena,Yusuf,Zara,Anna,Bruno,Clara,David,Elena,Felix,Greta,Hugo,Irene,Jakob,Karla,Lukas,Maria,' +
  'Nikolai,Oscar,Paula,Rafael,Sofia,Tomas,Ursula,Vera,William,Xavier,Yara,Zoltan,Aisha,Björn,Chloé,Dmitri,Esther';
const nameStarts =
  'Ander,Berg,Carl,Dun,Eriks,Fair,Green,Hamil,Ivers,Jans,Kings,Linde,Mar,Nor,Oster,Peters,Quim,Rosen,Sand,Thorn,' +
  'Under,Van,Wester,Young,Zimmer,Ash,Black,Cour,Drum,Elm';
const nameEnds =
  'son,berg,ton,mann,sen,feld,ley,ström,wood,well,by,quist,dale,man,ford,bach,land,holm,stone,ridge,shaw,worth,' +
  'mark,hurst,gaard,field,lund,brook,combe,thwaite';
const companies = 'Acme,Babel,Cobalt Works,Dune Analytics,Evergreen Labs,Fjord Systems,Granite,Harbor & Sons';
const jobTitles = 'Engineer,Designer,Analyst,Researcher,Product Manager,Support Lead';

/** A number in [0, 1) that depends on nothing but the row and what it is for. */
const chance = (seed: number) => `((hashint8extended(n, ${seed}) & 1073741823) / 1073741824.0)`;
/** One of a list; a skew above 1 makes the first ones common and the last ones rare. */
function pick(list: string, seed: number, skew = 1): string {
  const names = `string_to_array('${list}', ',')`;
  return `(${names})[1 + floor(power(${chance(seed)}, ${skew}) * ${list.split(',').length})::int]`;
}

/** UUIDs that grow with the time, as version 7 does; the rest of the bits comes from a hash. */
const uuid = (time: string, salt: string) =>
  `(lpad(to_hex((extract(epoch FROM ${time}) * 1000)::bigint), 12, '0') || '7' || substr(md5('${salt}' || n), 1, 3) ||
    '8' || substr(md5('${salt}' || n), 4, 15))::uuid`;

const start = "timestamptz '2024-01-01T00:00:00Z'";
const twoYears = 2 * 365 * 24 * 60 * 60 * 1000;

/** Rows of users by number: those of the numbers 1 to 4 of each hundred are no people. */
function numbered(users: number): string {
  return `CREATE TEMPORARY TABLE bench_users ON COMMIT DROP AS
    SELECT n, at, ${uuid('at', 'user')} AS id, kind,
      ${pick(firstNames, 1, 1.5)} AS first_name,
      ${pick(nameStarts, 2, 1.5)} || ${pick(nameEnds, 3, 2)} AS last_name
    FROM (
      SELECT n, ${start} + (n::bigint * ${twoYears} / ${users}) * interval '1 millisecond' AS at,
        CASE WHEN n % 100 BETWEEN 1 AND 3 THEN 'MANAGED' WHEN n % 100 = 4 THEN 'SERVICE_ACCOUNT' ELSE 'HUMAN' END AS kind
      FROM generate_series(0, ${users - 1}) AS n
    ) AS numbers`;
}

/** ASCII only, and unique by the number. */
const login = `CASE WHEN u.n = 0 THEN 'admin'
  ELSE translate(lower(u.first_name || '.' || u.last_name), 'öé', 'oe') || '.' || u.n END`;

/** The managers of a thousand accounts are its people number 5, 6 and 7: ten accounts each. */
const insertUsers =
  `INSERT INTO users (id, kind, status, username, name, first_name, last_name, bio, company, job_title,
    locale, time_zone, is_superuser, is_onboarded, manager_id, organization_id, created_at, updated_at)
  SELECT u.id, u.kind::user_kind,
    (CASE u.n % 100 WHEN 50 THEN 'SUSPENDED' WHEN 51 THEN 'PENDING' ELSE 'ACTIVE' END)::user_status,
    CASE WHEN u.kind <> 'MANAGED' THEN ${login} END,
    CASE WHEN u.n = 0 THEN 'Administrator' WHEN u.n % 10 <> 9 THEN u.first_name || ' ' || u.last_name END,
    u.first_name, u.last_name, CASE WHEN u.n % 4 = 0 THEN 'Writes about ' || ${pick(jobTitles, 4)} || 's.' END,
    ${pick(companies, 5)}, ${pick(jobTitles, 6)}, 'en-US', 'Europe/London', u.n = 0, u.n % 3 <> 0,
    m.id, o.id, u.at,
    u.at + floor(${chance(7)} * 20000000) * interval '1 second'
  FROM bench_users u
  LEFT JOIN bench_users m ON u.kind = 'MANAGED' AND m.n = u.n / 1000 * 1000 + 4 + u.n % 100
  LEFT JOIN bench_organizations o ON u.kind = 'SERVICE_ACCOUNT' AND o.n = u.n / 100`.replaceAll(
    '(n, ',
    '(u.n, ',
  );

/** Two organizations for everybody; the first one is large: every twentieth person is in it. */
const insertMemberships = (
  organizations: number,
) => `INSERT INTO memberships (organization_id, user_id, role, created_at)
  SELECT o.id, j.id, (CASE WHEN row_number() OVER (PARTITION BY j.o ORDER BY j.n) = 1 THEN 'OWNER' ELSE 'MEMBER' END)::membership_role,
    j.at + j.place * interval '1 second'
  FROM (
    SELECT n, id, at, n % ${organizations} AS o, 1 AS place FROM bench_users WHERE kind = 'HUMAN'
    UNION ALL
    SELECT n, id, at, CASE WHEN n % 20 = 10 AND n % ${organizations} <> 0 THEN 0
      ELSE (n + 1 + n / ${organizations} % ${organizations - 1}) % ${organizations} END, 2
    FROM bench_users WHERE kind = 'HUMAN'
  ) AS j JOIN bench_organizations o ON o.n = j.o`;

/** All statements, in the order in which they must run, for a transaction without triggers. */
export function fillStatements(users: number): string[] {
  const organizations = Math.max(2, Math.floor(users / 100));
  return [
    numbered(users),
    `CREATE TEMPORARY TABLE bench_organizations ON COMMIT DROP AS
       SELECT n, ${uuid(start, 'organization')} AS id FROM generate_series(0, ${organizations - 1}) AS n`,
    'ANALYZE bench_users',
    `INSERT INTO organizations (id, name, sub_domain, created_at, updated_at)
       SELECT id, 'Organization ' || n, 'organization-' || n, ${start}, ${start} FROM bench_organizations`,
    insertUsers,
    insertMemberships(organizations),
    `INSERT INTO emails (id, user_id, address, is_default, verified_at, created_at, updated_at)
       SELECT ${uuid('at', 'email')}, id, ${login} || '@example.com', true, at, at, at FROM bench_users u WHERE kind = 'HUMAN'`,
    `INSERT INTO oauth_identities (id, user_id, provider, subject, name, email, created_at, updated_at)
       SELECT ${uuid('at', 'identity')}, id,
         CASE WHEN n % 3000 = 300 THEN 'gitlab' WHEN n % 2 = 0 THEN 'github' ELSE 'google' END, (5000000 + n)::text,
         u.first_name, ${login} || '@example.com', at, at
       FROM bench_users u WHERE kind = 'HUMAN' AND n % 3 = 0 AND n > 0`,
    `INSERT INTO login_names (name, user_id)
       SELECT username, id FROM users WHERE username IS NOT NULL UNION ALL SELECT address, user_id FROM emails`,
    `INSERT INTO shares (id, grantor_id, grantee_id, scopes, created_at)
       SELECT ${uuid('g.at', 'share').replaceAll(' n)', ' g.n)')}, g.id, m.id, '{data:read,profile}', g.at
       FROM bench_users g JOIN bench_users m ON m.n = g.n / 1000 * 1000 + 5 WHERE g.n % 1000 IN (20, 21)`,
  ];
}
