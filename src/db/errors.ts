/** A database that cannot be used as it is. The message says why, and what its operator can do. */
export class DatabaseStateError extends Error {
  override readonly name: string = 'DatabaseStateError';
}

/** An embedded database that another process has open. */
export class DirectoryLockedError extends DatabaseStateError {
  override readonly name: string = 'DirectoryLockedError';
}
