import { type Delivery, DeliveryError } from './delivery.ts';

const timeout = 5_000;

/** Hands text messages to whoever sends them: `POST {"to", "text"}`. What stands before the @ of the URL signs in there. */
export function createSmsWebhook(address: string): Delivery {
  const { url, headers } = split(address);
  return {
    async deliver({ to, text }) {
      const status = await post(url, headers, { to, text });
      if (status < 200 || status > 299) throw new DeliveryError(`the webhook answered ${status}`);
    },
    close: () => {},
  };
}

async function post(url: string, headers: Record<string, string>, body: object): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    throw new DeliveryError(`the webhook: ${cause?.code ?? name}`);
  }
}

/** `fetch` refuses a URL with a password, and repeats it in its error. */
function split(address: string) {
  const url = new URL(address);
  const login = [url.username, url.password].map(decodeURIComponent).join(':');
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  return { url: url.href, headers: login === ':' ? {} : { authorization } };
}
