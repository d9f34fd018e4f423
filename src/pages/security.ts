type Policy = Readonly<Record<string, string>>;

const lockedDown: Policy = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

const everyResponse = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** The headers of everything that a browser may be shown; `allowed` lists what the page may load beyond nothing. */
export function securityHeaders(allowed: Policy = {}): Record<string, string> {
  const policy = Object.entries({ ...lockedDown, ...allowed });
  const text = policy.map(([directive, sources]) => `${directive} ${sources}`).join('; ');
  return { ...everyResponse, 'content-security-policy': text };
}
