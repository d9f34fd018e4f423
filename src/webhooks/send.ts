/** Sends to an address that others chose: to what is public alone, whatever its name stands for at this moment. */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { createNetworkTest } from '../auth/networks.ts';
import { hostOf, isPublicAddress, webhookUrlProblem } from '../domain/webhook-urls.ts';

/** In all: for the name, the connection and the answer; in milliseconds. */
const timeout = 10_000;
/** How much of an answer is read; nothing of it is kept. */
const mostRead = 64 * 1024;

export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The status of the answer, or why there was none. */
export type Outcome = { readonly status: number } | { readonly status: null; readonly reason: string };

/** What is sent to may not be sent to. */
class RefusedTargetError extends Error {
  override readonly name = 'RefusedTargetError';
}

/** Sends once and follows no redirect. Never throws: a failure is an outcome. */
export async function send(
  outgoing: Outgoing,
  { allowedNetworks, stop }: { allowedNetworks: readonly string[]; stop: AbortSignal },
): Promise<Outcome> {
  const late = AbortSignal.timeout(timeout);
  const signal = AbortSignal.any([late, stop]);
  try {
    const url = checkedUrl(outgoing.url, allowedNetworks);
    const targets = await orAborted(resolve(url, allowedNetworks), signal);
    const response = await post(url, outgoing, { ...targets, signal });
    await readSome(response);
    return { status: response.statusCode ?? 0 };
  } catch (error) {
    return { status: null, reason: late.aborted ? 'gave no answer within 10 seconds' : reasonOf(error) };
  }
}

function checkedUrl(text: string, allowedNetworks: readonly string[]): URL {
  if (webhookUrlProblem(text, allowedNetworks) !== null) throw new RefusedTargetError();
  return new URL(text);
}

interface Targets {
  readonly addresses: readonly LookupAddress[];
  /** Those of them that the operator let in although they are private. */
  readonly inside: readonly string[];
}

/** The addresses of a host that may be sent to. What is connected to is one of these: no later answer counts. */
async function resolve(url: URL, allowedNetworks: readonly string[]): Promise<Targets> {
  const host = hostOf(url);
  const family = isIP(host);
  const found = family === 0 ? await lookup(host, { all: true }) : [{ address: host, family }];
  const isInside = createNetworkTest(allowedNetworks);
  const addresses = found.filter(
    ({ address }) => isInside(address) || (url.protocol === 'https:' && isPublicAddress(address)),
  );
  if (addresses.length === 0) throw new RefusedTargetError();
  return { addresses, inside: addresses.map(({ address }) => address).filter(isInside) };
}

function post(
  url: URL,
  { headers, body }: Outgoing,
  { addresses, inside, signal }: Targets & { signal: AbortSignal },
): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const options = { allowIPAddressList: [...inside], keepAlive: false };
  const pinned: RequestOptions['lookup'] = (_host, { all }, callback) => {
    const [first] = addresses;
    if (all) (callback as (error: null, found: readonly LookupAddress[]) => void)(null, addresses);
    else callback(null, first?.address ?? '', first?.family);
  };
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: isSecure ? new RequestFilteringHttpsAgent(options) : new RequestFilteringHttpAgent(options),
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinned,
      signal,
    });
    outgoing.once('response', resolve).on('error', reject).end(body);
  });
}

/** Lets the other side finish its answer, as far as that is short; what counts of it has come already. */
async function readSome(response: IncomingMessage): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of response) {
      size += (chunk as Buffer).length;
      if (size > mostRead) break;
    }
  } catch {
    // It has answered: how its body ends changes nothing.
  } finally {
    response.destroy();
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** In words of ours: what a stranger's server says is repeated nowhere. */
function reasonOf(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === 'RefusedTargetError' || /is not allowed/.test(message)) return 'is at no public address';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has a name without an address';
  return `could not be reached (${/^[A-Z0-9_]{3,50}$/.test(code ?? '') ? code : 'no reason'})`;
}
