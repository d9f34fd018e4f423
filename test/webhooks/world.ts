/** The demo's people with webhooks to a program on this machine, which the operator allows. */
import { decodeId, encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { openReceiver, type Receiver } from './receiver.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

export interface MadeWebhook {
  readonly id: string;
  readonly uuid: string;
  readonly secret: string;
}

const creation = `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { __typename
  ... on CreateWebhookSuccess { secret webhook { id url } } ... on Error { code message path }
  ... on InvalidInputError { problems { path code message } } } }`;

export interface World {
  readonly app: TestApp;
  readonly receiver: Receiver;
  /** Has events sent to the receiver, or elsewhere; the operator's webhook unless the input names an organization. */
  webhook(input?: object, login?: string): Promise<MadeWebhook>;
  /** What came of `createWebhook`. */
  // biome-ignore lint/suspicious/noExplicitAny: a member of the union, which the test knows
  create(input: object, login?: string): Promise<any>;
  /** Changes the account of this login, as itself. */
  rename(login: string, name: string): Promise<void>;
  uuidOf(displayName: string): Promise<string>;
  organizationId(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function openWorld({ env = {} }: { env?: Record<string, string> } = {}): Promise<World> {
  const receiver = await openReceiver();
  const app = await openTestApp({ env: { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1', ...env } });
  await app.work(); // what the seed recorded is nobody's business here
  const create: World['create'] = async (input, login = 'admin') => {
    const client = await app.as(login);
    const all = { name: 'Receiver', url: receiver.url, ...input };
    const data = await client.run(creation, { input: all });
    return (data as { createWebhook: unknown }).createWebhook;
  };
  return {
    app,
    receiver,
    create,
    async webhook(input = {}, login) {
      const { secret, webhook, ...problem } = await create(input, login);
      if (secret === undefined) throw new Error(JSON.stringify(problem));
      return { id: webhook.id, uuid: decodeId(webhook.id).uuid, secret };
    },
    async rename(login, name) {
      const client = await app.as(login);
      const document = `mutation ($name: String) { updateMe(input: { name: $name }) { __typename } }`;
      await client.run(document, { name });
    },
    uuidOf: async (displayName) => decodeId(await app.idOf(displayName)).uuid,
    async organizationId(name) {
      const { id } = await app.database.prisma.organization.findFirstOrThrow({
        where: { name },
        select: { id: true },
      });
      return encodeId('Organization', id);
    },
    async close() {
      await app.close();
      await receiver.close();
    },
  };
}

const status = `query { webhooks(first: 5) { nodes { id deliveries(first: 100) { nodes {
  id eventId eventType occurredAt subjectId status attempts nextAttemptAt lastStatus lastError deliveredAt } } } } }`;

export interface ShownDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredAt: string;
  readonly subjectId: string;
  readonly status: 'PENDING' | 'DELIVERED' | 'DEAD';
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly deliveredAt: string | null;
}

/** The deliveries of an operator's webhook as its superusers see them, in the order of the events. */
export async function deliveriesOf({ app }: World, { id }: MadeWebhook): Promise<ShownDelivery[]> {
  const data = (await (await app.as('admin')).run(status)) as {
    webhooks: { nodes: { id: string; deliveries: { nodes: ShownDelivery[] } }[] };
  };
  const found = data.webhooks.nodes.find((webhook) => webhook.id === id);
  return [...(found?.deliveries.nodes ?? [])].sort((a, b) => a.occurredAt.localeCompare(b.occurredAt));
}

/** Runs a mutation on a webhook or a delivery as a superuser, and answers with the name of what came. */
export async function mutate({ app }: World, call: string, variables: object = {}, login = 'admin') {
  const [, name = ''] = /^(\w+)/.exec(call) ?? [];
  const document = `mutation { ${call} { __typename ... on Error { code } } }`;
  const client = await app.as(login);
  const data = (await client.run(document, variables)) as Record<
    string,
    { __typename: string; code?: string }
  >;
  return data[name]?.code ?? data[name]?.__typename;
}
