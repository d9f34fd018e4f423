/** A command that was given something that cannot be used; its message says what. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
