/** A client of Bird's Accounts API. */

export interface BirdProfile {
  readonly id: string;
  readonly status: 'pending' | 'active' | 'banned';
  readonly name: string;
  readonly bio?: string;
  readonly activeSessions: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly defaultEmail?: string;
  readonly avatarUrl?: string;
  readonly phoneNumber?: string;
  readonly locale?: string;
  readonly timezone?: string;
}

export interface BirdSession {
  readonly userId: string;
  readonly tokenId: string;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

type ProfileUpdate = {
  readonly [Key in 'name' | 'bio' | 'avatarUrl' | 'locale' | 'timezone']?: string | null;
};

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly field: string; readonly code: string; readonly message: string }[];
}

export class BirdError extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(`${status} ${body.code}: ${body.message}`);
    this.status = status;
    this.body = body;
  }
}

/** @param scheme whether the word Bearer stands before the token: clients of both kinds are about */
export function createBirdClient(baseUrl: string, token: string | null, scheme: 'bare' | 'bearer' = 'bare') {
  async function send(method: string, path: string, wanted: number, json?: unknown): Promise<string> {
    const response = await fetch(baseUrl + path, {
      method,
      headers: {
        'user-agent': 'bird-client',
        ...(token !== null && { authorization: scheme === 'bare' ? token : `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      body: json === undefined ? null : JSON.stringify(json),
    });
    const text = await response.text();
    if (response.status === wanted) return text;
    throw new BirdError(response.status, JSON.parse(text) as ErrorBody);
  }

  return {
    profile: async () => JSON.parse(await send('GET', '/me', 200)) as BirdProfile,
    update: async (update: ProfileUpdate) =>
      JSON.parse(await send('PATCH', '/me', 200, update)) as BirdProfile,
    /** The account goes; what remains of it goes on going after the answer, which has nothing to say. */
    async deleteProfile(): Promise<void> {
      const text = await send('DELETE', '/me', 202);
      if (text !== '') throw new Error(`a deletion answered ${text}`);
    },
    sessions: async () => JSON.parse(await send('GET', '/me/sessions', 200)) as BirdSession[],
    session: async (id: string) => JSON.parse(await send('GET', `/me/sessions/${id}`, 200)) as BirdSession,
    async endSession(id: string): Promise<void> {
      const text = await send('DELETE', `/me/sessions/${id}`, 204);
      if (text !== '') throw new Error(`ending a session answered ${text}`);
    },
  };
}
