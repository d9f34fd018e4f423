export function encodeId(prefix: string, uuid: string): string;
export function decodeId(id: string): string;
