/** REST over a real socket: how bodies come in pieces, and what a client gets that breaks the rules. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { type HttpServer, listen } from '../../src/server.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { checkContract } from '../setup/contract.ts';

const config = loadConfig({ MAX_BODY_KIB: '4', LOG_LEVEL: 'silent' });
let kit: TestApp;
let server: HttpServer;
let token: string;
beforeAll(async () => {
  kit = await openTestApp();
  token = (await kit.as('ada')).token ?? '';
  const app = createApp({ database: kit.database, config, log: createLog(config) });
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await kit.close();
});

async function ask(method: string, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${token}`, ...(init.headers as object) };
  const response = await fetch(`${server.url}${path}`, { redirect: 'manual', ...init, method, headers });
  await checkContract(config.restMounts, { method, url: response.url }, response);
  return response;
}

/** A body without a length, in pieces. */
function chunked(...pieces: (string | Uint8Array)[]) {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece as string));
      controller.close();
    },
  });
  return { body, duplex: 'half' } as RequestInit;
}

const field = (name: string, value: string, more = '') =>
  `--B\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const login = { username: 'ada', password: 'usergraph-demo' };
const multipart = `${field('username', login.username)}${field('password', login.password)}--B--\r\n`;
const form = new URLSearchParams(login).toString();
const typed = (type: string, init: RequestInit) => ({ ...init, headers: { 'content-type': type } });
const isForm = 'application/x-www-form-urlencoded';
const isMultipart = 'multipart/form-data; boundary=B';

describe('a form is read', () => {
  it.each<[string, RequestInit]>([
    ['with a length', typed(isForm, { body: form })],
    ['in pieces', typed(isForm, chunked(form.slice(0, 7), form.slice(7)))],
    ['with a charset', typed(`${isForm}; charset=UTF-8`, { body: form })],
    ['as multipart', typed(isMultipart, { body: multipart })],
    ['as multipart in pieces', typed(isMultipart, chunked(multipart.slice(0, 50), multipart.slice(50)))],
    ['as multipart with a quoted boundary', typed('multipart/form-data; boundary="B"', { body: multipart })],
  ])('%s', async (_, init) => {
    const response = await ask('POST', '/auth/login', init);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ token_type: 'bearer' });
  });
});

describe('a form is refused', () => {
  it.each<[string, RequestInit, number]>([
    [
      'that has a file for a text',
      typed(isMultipart, { body: `${field('username', 'ada', '; filename="a"')}--B--\r\n` }),
      422,
    ],
    ['that breaks off', typed(isMultipart, { body: multipart.slice(0, -30) }), 422],
    [
      'that breaks off in pieces',
      typed(isMultipart, chunked(multipart.slice(0, 60), multipart.slice(60, -30))),
      422,
    ],
    ['that names no boundary', typed('multipart/form-data', { body: multipart }), 422],
    ['that names another boundary', typed('multipart/form-data; boundary=C', { body: multipart }), 422],
    ['that is empty', typed(isForm, { body: '' }), 400],
    ['that is JSON', typed('application/json', { body: JSON.stringify(login) }), 422],
    ['that is too large', typed(isForm, { body: `username=${'a'.repeat(5000)}` }), 413],
    [
      'that is too large, as multipart in pieces',
      typed(isMultipart, chunked('a'.repeat(3000), 'a'.repeat(3000))),
      413,
    ],
  ])('%s', async (_, init, status) => {
    expect((await ask('POST', '/auth/login', init)).status).toBe(status);
  });
});

describe('a body that is too large is refused in the words of', () => {
  const large = `{"name":"${'a'.repeat(5000)}"}`;
  it.each([
    ['zenml', 'PATCH', '/users/me', { detail: 'The request body is larger than 4 KiB.' }],
    ['sweatstack', 'POST', '/api/v1/users/', { detail: 'The request body is larger than 4 KiB.' }],
    ['bird', 'PATCH', '/me', { code: 'payload_too_large', details: [] }],
  ])('%s', async (_, method, path, body) => {
    for (const init of [{ body: large }, chunked(large.slice(0, 3000), large.slice(3000))]) {
      const response = await ask(method, path, typed('application/json', init));
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject(body);
    }
  });
});

it('JSON is read in pieces, also where a piece ends within a character', async () => {
  const bytes = Array.from(Buffer.from('{"bio":"Zoë 😀"}'), (byte) => Uint8Array.of(byte));
  const response = await ask('PATCH', '/me', typed('application/json', chunked(...bytes)));
  expect(await response.json()).toMatchObject({ bio: 'Zoë 😀' });
});

describe('JSON that cannot be read is refused, and changes nothing', () => {
  it.each<[string, BodyInit]>([
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0x62, 0x69, 0x6f, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['half a character', Buffer.from('{"bio":"😀"}').subarray(0, 11)],
    ['UTF-16', Buffer.from('{"bio":"x"}', 'utf16le')],
    ['half an object', '{"bio":"x"'],
    ['more than one object', '{"bio":"x"}{}'],
  ])('%s', async (_, body) => {
    const before = await (await ask('GET', '/me')).text();
    expect((await ask('PATCH', '/me', typed('application/json', { body }))).status).toBe(400);
    expect((await ask('PATCH', '/users/me', typed('application/json', { body }))).status).toBe(422);
    expect(await (await ask('GET', '/me')).text()).toBe(before);
  });
});

/** Sends bytes as they are, and answers everything that came until the server closed. */
function raw(lines: readonly string[], body = ''): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const received: Buffer[] = [];
    socket.on('data', (data) => received.push(data));
    socket.on('close', () => resolve(Buffer.concat(received).toString()));
    socket.on('error', reject);
    socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  });
}

describe('a raw request', () => {
  const bearer = () => `Authorization: Bearer ${token}`;

  it('with HEAD gets headers only, and no byte of a body', async () => {
    for (const path of ['/users/me', '/users/current', '/me', '/api/v1/users/', '/openapi/zenml.json']) {
      const answer = await raw([`HEAD ${path} HTTP/1.1`, 'Host: x', bearer()]);
      expect(answer).toMatch(/^HTTP\/1\.1 (200|404|405) /);
      expect(answer.split('\r\n\r\n')[1]).toBe('');
    }
  });

  it('that knows the content gets a 304 without content or its headers', async () => {
    const [, etag = ''] =
      /etag: (.+)\r\n/i.exec(await raw(['GET /users/me HTTP/1.1', 'Host: x', bearer()])) ?? [];
    for (const known of [etag, '*', `"a", ${etag}`, `W/${etag}`]) {
      const answer = await raw(['GET /users/me HTTP/1.1', 'Host: x', bearer(), `If-None-Match: ${known}`]);
      expect(answer).toMatch(/^HTTP\/1\.1 304 /);
      expect(answer).not.toMatch(/content-type|content-length|transfer-encoding/i);
      expect(answer).toMatch(/cache-control: private, no-cache/i);
      expect(answer.split('\r\n\r\n')[1]).toBe('');
    }
    for (const other of ['"a"', 'W/"a"', etag.slice(0, -2), '']) {
      const answer = await raw(['GET /users/me HTTP/1.1', 'Host: x', bearer(), `If-None-Match: ${other}`]);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  it.each([
    ['//evil.example/users/', 404],
    ['http://evil.example/users/', 404],
    ['/\\evil.example/users/', 404],
    ['/users//evil.example/', 404],
    ['/users/%2F%2Fevil.example/', 307],
    ['/users/', 307],
  ])('for %s is never sent to another origin', async (target, status) => {
    const answer = await raw([`GET ${target} HTTP/1.1`, 'Host: x']);
    expect(Number(answer.split(' ')[1])).toBe(status);
    const location = /location: (.*)\r\n/i.exec(answer)?.[1];
    if (status === 307) expect(new URL(location ?? '', `http://x${target}`).host).toBe('x');
    else expect(location).toBeUndefined();
  });

  it('with a GET that has a body is answered, and the next one on its connection too', async () => {
    const first = [
      'GET /me HTTP/1.1',
      'Host: x',
      bearer(),
      'Content-Length: 5000',
      '',
      'a'.repeat(5000),
    ].join('\r\n');
    const answers = await raw([`${first}GET /users/current HTTP/1.1`, 'Host: x', bearer()]);
    expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  });

  it.each([
    'GET /users/\u00e9 HTTP/1.1',
    'patch /me HTTP/1.1',
    'GET /me HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2',
  ])('that is no HTTP gets a 400: %j', async (line) => {
    expect(await raw([line, 'Host: x', bearer()])).toMatch(/^HTTP\/1\.1 400 /);
  });
});
