import { existsSync } from 'node:fs';
import { type Config, loadConfig } from '../config.ts';

/** The configuration of a command: the environment, completed by the file `.env` of the working directory. */
export function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}
