import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Whether a program of this name can be run. */
export function commandExists(name: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
