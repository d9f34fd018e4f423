/** An app that sends for real, and what its account does that sends a code. */
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import type { TestApp } from '../setup/app.ts';

/** A second app on the accounts of the first, which hands its messages to what `env` configures. */
export function openSender({ database }: TestApp, env: Record<string, string>) {
  const logged: string[] = [];
  const stream = { write: (line: string) => void logged.push(line) };
  const log = createLog({ logLevel: 'info', logFormat: 'json', stream });
  const app = createApp({ database, config: loadConfig(env), log });

  async function add(token: string | null, field: 'email' | 'phoneNumber', value: string): Promise<unknown> {
    const [mutation, name] = field === 'email' ? ['addEmail', 'address'] : ['addPhoneNumber', 'number'];
    const document = `mutation ($value: String!) {
      ${mutation}(input: { ${name}: $value }) { __typename ... on Error { message } } }`;
    const response = await app.fetch(
      new Request('http://usergraph.test/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: document, variables: { value } }),
      }),
    );
    const { data } = (await response.json()) as { data: Record<string, { __typename: string }> };
    return data[mutation]?.__typename;
  }

  return {
    logged,
    /** What the log says of messages that did not leave. */
    failures: () =>
      logged.map((line) => JSON.parse(line)).filter(({ channel }) => channel !== undefined) as {
        channel: string;
        reason?: string;
        text?: string;
        msg: string;
      }[],
    addEmail: (token: string | null, address: string) => add(token, 'email', address),
    addPhoneNumber: (token: string | null, number: string) => add(token, 'phoneNumber', number),
    close: () => app.close(),
  };
}
