/** The part of ZenML Pro's API that people and devices log in by. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { checkApiToken } from '../domain/api-tokens.ts';
import { deviceAnswer, redeemDeviceCode, startDeviceAuthorization } from '../domain/oauth/device.ts';
import { grantTypes } from '../domain/oauth/grants.ts';
import { scopes } from '../domain/policy.ts';
import { signIn } from '../domain/sessions.ts';
import { DomainError, OAuthError } from '../errors.ts';
import { type Route, route, type View } from './dialect.ts';

// What it accepts

const DeviceAuthorizationRequest = z.object({
  client_id: z.string().optional().describe('Any: the clients of this API are not registered.'),
});

const Login = z.object({
  grant_type: z
    .string()
    .optional()
    .describe(`\`${grantTypes.deviceCode}\` for a device that asks for its answer.`),
  username: z.string().optional(),
  password: z.string().optional().describe('The password; or, without a username, an API token.'),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  device_code: z.string().optional().describe('What `POST /auth/device_authorization` gave the device.'),
  audience: z.string().optional(),
});

// What it answers

const Token = z.object({
  access_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int32().min(0).describe('In seconds.'),
  device_id: z.null(),
  device_metadata: z.null(),
});

const DeviceAuthorization = z.object({
  device_code: z.string().describe('For the device alone: what it asks with.'),
  user_code: z.string().describe('For its user to type in.'),
  verification_uri: z.string().describe('Where to type it in.'),
  verification_uri_complete: z.string().describe('The same, with the code in it.'),
  expires_in: z.int32().min(0).describe('In seconds.'),
  interval: z.int32().min(0).describe('How many seconds to wait between two questions.'),
});

export const authSchemas = { Login, Token, DeviceAuthorizationRequest, DeviceAuthorization };

// Views

const tokenView = (secret: string, seconds: number): View<typeof Token> => ({
  access_token: secret,
  token_type: 'bearer',
  expires_in: seconds,
  device_id: null,
  device_metadata: null,
});

// Routes

const hour = 3600;

async function logIn(
  context: Context,
  { grant_type, username, password, device_code }: z.infer<typeof Login>,
): Promise<View<typeof Token>> {
  if (grant_type === grantTypes.deviceCode) return logInDevice(context, device_code);
  if (password === undefined)
    throw new DomainError('BAD_REQUEST', { message: 'A password or an API token is needed.' });
  if (username === undefined) {
    const expiresAt = await checkApiToken(context, password);
    const left = Math.floor((expiresAt.getTime() - context.now().getTime()) / 1000);
    return tokenView(password, Math.min(hour, left));
  }
  const { token } = await signIn(context, { login: username, password, lifetime: hour * 1000 }, () => ({
    select: { id: true },
  }));
  return tokenView(token, hour);
}

async function logInDevice(context: Context, deviceCode: string | undefined): Promise<View<typeof Token>> {
  if (deviceCode === undefined) throw new OAuthError('invalid_request', 'The device_code is missing.');
  const { secrets } = await redeemDeviceCode(context, { deviceCode, clientId: null });
  return tokenView(secrets.token ?? '', hour);
}

/** Clients are told apart by what they call themselves: their ids are their own, and mean nothing here. */
async function authorizeDevice(context: Context): Promise<View<typeof DeviceAuthorization>> {
  const clientName = context.client.userAgent;
  return deviceAnswer(await startDeviceAuthorization(context, { clientId: null, clientName, scopes }));
}

export const authRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/auth/login',
    operationId: 'login',
    summary: 'Log in',
    description:
      'Opens a session of an hour by username (or e-mail address) and password, or for a device that its user let in. An API token sent as the password alone is answered with itself, since it is a bearer token already.',
    evidence: 'observed',
    answersSecret: true,
    isOpen: true,
    form: Login,
    example: { username: 'ada', password: 'usergraph-demo' },
    success: { status: 200, description: 'A bearer token.', body: Token, evidence: 'observed' },
    failures: { 400: 'observed', 401: 'assumed', 403: 'assumed', 422: 'assumed' },
    async handle(context, { body }) {
      return await logIn(context, body);
    },
  }),
  route({
    method: 'POST',
    path: '/auth/device_authorization',
    operationId: 'authorizeDevice',
    summary: 'Log in on a device',
    description:
      'Begins a login on a device without a browser (RFC 8628): its user types the code in elsewhere, and the device asks `POST /auth/login` meanwhile.',
    evidence: 'observed',
    answersSecret: true,
    isOpen: true,
    form: DeviceAuthorizationRequest,
    example: { client_id: '01900000-0000-7000-8000-000000000000' },
    success: { status: 200, description: 'The codes.', body: DeviceAuthorization, evidence: 'observed' },
    failures: { 422: 'assumed' },
    handle: (context) => authorizeDevice(context),
  }),
];
