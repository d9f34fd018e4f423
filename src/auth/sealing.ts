/** What is derived from the server's secret: a key for each purpose, so that none can stand for another. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

export interface Sealing {
  /** Encrypts (AES-256-GCM); what is sealed for one name does not open for another. */
  seal(plain: string, name: string): Uint8Array<ArrayBuffer>;
  /** @throws when it was sealed with another secret, for another name, or was changed since */
  open(sealed: Uint8Array, name: string): string;
  /** 256 bits that nobody can compute without the secret (HMAC-SHA256). */
  mac(
    purpose: 'code' | 'refresh' | 'state' | 'limit' | 'acknowledgement',
    text: string,
  ): Uint8Array<ArrayBuffer>;
  /** 256 bits for a library that encrypts by itself. */
  key(purpose: 'state'): Uint8Array<ArrayBuffer>;
}

const ivBytes = 12;
const tagBytes = 16;

export function createSealing(secret: string, randomBytes: (size: number) => Uint8Array): Sealing {
  const derive = (purpose: string) =>
    new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `usergraph:${purpose}`, 32));
  const keys = {
    seal: derive('seal'),
    code: derive('code'),
    refresh: derive('refresh'),
    state: derive('state'),
    limit: derive('limit'),
    acknowledgement: derive('acknowledgement'),
  };
  return {
    seal(plain, name) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', keys.seal, iv).setAAD(Buffer.from(name));
      const sealed = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return new Uint8Array(sealed);
    },
    open(sealed, name) {
      const iv = sealed.subarray(0, ivBytes);
      const decipher = createDecipheriv('aes-256-gcm', keys.seal, iv, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(-tagBytes));
      const text = decipher.update(sealed.subarray(ivBytes, -tagBytes));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    },
    mac: (purpose, text) => new Uint8Array(createHmac('sha256', keys[purpose]).update(text).digest()),
    key: (purpose) => keys[purpose],
  };
}
