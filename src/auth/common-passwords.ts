import { dictionary } from '@zxcvbn-ts/language-common';

/** The passwords that attackers try first, from leaked lists (OWASP ASVS 5, 6.2.4). */
const common = new Set<string>(dictionary['passwords-common']);

export function isCommonPassword(password: string): boolean {
  return common.has(password.toLowerCase());
}
