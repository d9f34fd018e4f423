/** What the tests of ZenML's pages have in common. */
import type { RestAnswer } from '../../setup/app.ts';

/** The model of an account, in its order. */
export const keysOfUser = [
  'password',
  'password_expired',
  'name',
  'avatar_url',
  'company',
  'job_title',
  'metadata',
  'id',
  'username',
  'email',
  'oauth_provider',
  'oauth_id',
  'is_active',
  'is_superuser',
  'is_service_account',
  'organization_id',
  'is_onboarded',
];

/** The class of the exception that an answer names. */
export const nameOf = ({ body }: RestAnswer): string => {
  const [name, message] = body.detail as [string, string];
  if (typeof message !== 'string' || message === '') throw new Error(`no message: ${JSON.stringify(body)}`);
  return name;
};

/** The fields that a 422 complains of. */
export const rejectedFields = ({ status, body, text }: RestAnswer): string[] => {
  if (status !== 422) throw new Error(`${status} instead of 422: ${text}`);
  return (body.detail as { loc: string[] }[]).map(({ loc }) => loc.join('.'));
};

const long = 'x'.repeat(51);
/** Each a character longer than it may be. */
export const overlong = { name: long, company: long, job_title: long, username: long };
