/** The people of the demo: a few with a role, and many so that pages and filters have something to show. */

export const demoPassword = 'usergraph-demo';

export interface DemoAccount {
  readonly login: string;
  /** Null for accounts that do not sign in by password. */
  readonly password: string | null;
  readonly role: string;
}

/** What a newcomer is told. */
export const demoAccounts: readonly DemoAccount[] = [
  { login: 'admin', password: demoPassword, role: 'superuser; the reserved administrator' },
  {
    login: 'ada',
    password: demoPassword,
    role: 'owner of Acme, member of Babel; manages Kit and Robin Vega',
  },
  { login: 'grace', password: demoPassword, role: 'owner of Babel; shares data and profile with ada' },
  { login: 'linus@example.com', password: null, role: 'OAuth2 account (github), no password' },
  { login: 'margaret', password: demoPassword, role: 'suspended, so signing in is refused' },
  { login: 'ci', password: null, role: 'service account of Acme; uses API tokens' },
];

/** The people with a role; each has an e-mail address at example.com, by its key. */
export const namedPeople = {
  admin: { username: 'admin', name: 'Administrator', isSuperuser: true, isOnboarded: true },
  ada: {
    username: 'ada',
    name: 'Ada Lovelace',
    firstName: 'Ada',
    lastName: 'Lovelace',
    bio: 'Writes programs for engines that are not built yet.',
    company: 'Acme',
    jobTitle: 'Analyst',
    avatarUrl: 'https://example.com/avatars/ada.png',
    metadata: { team: 'engines', favoriteNumber: 7 },
    locale: 'en-GB',
    timeZone: 'Europe/London',
    isOnboarded: true,
  },
  grace: {
    username: 'grace',
    name: 'Grace Hopper',
    firstName: 'Grace',
    lastName: 'Hopper',
    company: 'Babel',
  },
  linus: { username: 'linus@example.com', name: 'Linus Torvalds', firstName: 'Linus', lastName: 'Torvalds' },
  margaret: {
    username: 'margaret',
    name: 'Margaret Hamilton',
    firstName: 'Margaret',
    lastName: 'Hamilton',
    status: 'SUSPENDED',
  },
} as const;

const firstNames = [
  'Amara',
  'Bela',
  'Chidi',
  'Dana',
  'Emil',
  'Farah',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kaito',
  'Leila',
  'Mateo',
  'Noor',
  'Olga',
  'Priya',
  'Quentin',
  'Rosa',
  'Sven',
  'Thandi',
];
const lastNames = [
  'Abara',
  'Berg',
  'Costa',
  'Dvořák',
  'Eriksen',
  'Fontaine',
  'García',
  'Haddad',
  'Ito',
  'Jansen',
];
const companies = ['Acme', 'Babel', 'Cobalt Works', 'Dune Analytics', 'Evergreen Labs'];
const jobTitles = ['Engineer', 'Designer', 'Analyst', 'Researcher', 'Product Manager', 'Support Lead'];
const places = [
  { locale: 'en-US', timeZone: 'America/New_York' },
  { locale: 'de-DE', timeZone: 'Europe/Berlin' },
  { locale: 'pt-BR', timeZone: 'America/Sao_Paulo' },
  { locale: 'ja-JP', timeZone: 'Asia/Tokyo' },
  { locale: 'en-ZA', timeZone: 'Africa/Johannesburg' },
];

export interface Person {
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly name: string;
  readonly company: string;
  readonly jobTitle: string;
  readonly locale: string;
  readonly timeZone: string;
  readonly status: 'ACTIVE' | 'PENDING' | 'SUSPENDED';
}

/** The same 200 people every time. */
export const generatedPeople: readonly Person[] = firstNames.flatMap((firstName, row) =>
  lastNames.map((lastName, column) => person(firstName, lastName, row * lastNames.length + column)),
);

function person(firstName: string, lastName: string, index: number): Person {
  const username = `${firstName}.${lastName}`
    .normalize('NFD')
    .replace(/[^a-zA-Z.]/g, '')
    .toLowerCase();
  return {
    username,
    email: `${username}@example.org`,
    firstName,
    lastName,
    name: `${firstName} ${lastName}`,
    company: pick(companies, index),
    jobTitle: pick(jobTitles, index),
    ...pick(places, index),
    status: index % 20 === 7 ? 'SUSPENDED' : index % 25 === 3 ? 'PENDING' : 'ACTIVE',
  };
}

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
