import { demoAccounts } from '../demo/people.ts';

const signsIn = new Set(['admin', 'ada', 'grace']);

/** The accounts of the demo that a visitor can sign in to by password. */
export const openAccounts = demoAccounts.filter(({ login }) => signsIn.has(login));

/** The rest of them, which show what else an account can be. */
export const otherAccounts = demoAccounts.filter(({ login }) => !signsIn.has(login));

/** The same for every account of the demo. */
export { demoPassword } from '../demo/people.ts';
