import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeId, encodeId, idPrefixes, isUuid, type NodeType } from '../../src/domain/ids.ts';
import { InvalidIdError } from '../../src/errors.ts';

const types = Object.keys(idPrefixes) as NodeType[];
const anyType = fc.constantFrom(...types);
/** A UUID of any version (RFC 9562): imported accounts keep the ids they have. */
const anyUuid = fc.uuid({ version: [1, 2, 3, 4, 5, 6, 7, 8] });

const codeOf = (id: string) => {
  try {
    return decodeId(id);
  } catch (error) {
    return error instanceof InvalidIdError ? error.code : error;
  }
};

describe('a global id', () => {
  it('of any type and any UUID says both again', () => {
    fc.assert(
      fc.property(anyType, anyUuid, (type, uuid) => {
        expect(decodeId(encodeId(type, uuid))).toEqual({ type, uuid });
      }),
    );
  });

  it('fits into a URL as it is', () => {
    fc.assert(
      fc.property(anyType, anyUuid, (type, uuid) => {
        const id = encodeId(type, uuid);
        expect(id).toMatch(/^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
        expect(encodeURIComponent(id)).toBe(id);
      }),
    );
  });

  it('sorts as its UUID does, so that by time', () => {
    fc.assert(
      fc.property(anyUuid, anyUuid, (a, b) => {
        expect(Math.sign(compare(encodeId('User', a), encodeId('User', b)))).toBe(Math.sign(compare(a, b)));
      }),
    );
  });

  it('is the one of the TypeID specification', () => {
    const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(encodeId('User', uuid)).toBe('user_01h455vb4pex5vsknk084sn02q');
    expect(encodeId('User', uuid.toUpperCase())).toBe('user_01h455vb4pex5vsknk084sn02q');
    const nil = '00000000-0000-0000-0000-000000000000';
    expect(encodeId('Organization', nil)).toBe('org_00000000000000000000000000');
    expect(decodeId('org_7zzzzzzzzzzzzzzzzzzzzzzzzz').uuid).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
  });

  it('has a prefix that no other type has', () => {
    expect(new Set(Object.values(idPrefixes)).size).toBe(types.length);
    for (const prefix of Object.values(idPrefixes)) expect(prefix).toMatch(/^[a-z]{1,63}$/);
  });
});

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const good = 'user_01h455vb4pex5vsknk084sn02q';

describe('what is no global id', () => {
  it.each([
    ['nothing', ''],
    ['a UUID', '01890a5d-ac96-774b-bcce-b302099a8057'],
    ['no prefix', '01h455vb4pex5vsknk084sn02q'],
    ['an empty prefix', '_01h455vb4pex5vsknk084sn02q'],
    ['a prefix of nothing here', 'alien_01h455vb4pex5vsknk084sn02q'],
    ['a property of every object', 'constructor_01h455vb4pex5vsknk084sn02q'],
    ['capital letters', good.toUpperCase()],
    ['capital letters after the prefix', 'user_01H455VB4PEX5VSKNK084SN02Q'],
    ['a character too few', good.slice(0, -1)],
    ['a character too many', `${good}0`],
    ['a letter that the alphabet leaves out', good.replace('v', 'u')],
    ['more than 128 bits', 'user_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
    ['spaces around it', ` ${good} `],
    ['a line break after it', `${good}\n`],
    ['two underscores', good.replace('_', '__')],
    ['another script', 'usér_01h455vb4pex5vsknk084sn02q'],
    ['U+0000', `${good.slice(0, -1)}\u0000`],
  ])('is refused with INVALID_ID: %s', (_what, id) => {
    expect(codeOf(id)).toBe('INVALID_ID');
  });

  it('is refused whatever it is, and what is accepted has this one form', () => {
    const near = fc
      .tuple(anyType, fc.stringMatching(/^[0-9a-z]{26}$/))
      .map(([type, suffix]) => `${idPrefixes[type]}_${suffix}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (id) => {
        const result = codeOf(id);
        if (result === 'INVALID_ID') return;
        const { type, uuid } = decodeId(id);
        expect(encodeId(type, uuid)).toBe(id);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isUuid', () => {
  it('knows every UUID, and nothing else', () => {
    fc.assert(fc.property(anyUuid, (uuid) => isUuid(uuid) && isUuid(uuid.toUpperCase())));
    fc.assert(
      fc.property(
        anyUuid,
        fc.string({ minLength: 1 }),
        (uuid, more) => !isUuid(uuid + more) && !isUuid(more + uuid),
      ),
    );
    for (const text of ['', 'x', `${'0'.repeat(32)}`, '{01890a5d-ac96-774b-bcce-b302099a8057}'])
      expect(isUuid(text)).toBe(false);
  });
});
