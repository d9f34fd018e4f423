/** The product, as it ships: built, with its log in a file and its limits on. */
import { plainAnswer } from './answers.ts';
import { type Peer, type WorkName, workNames } from './peer.ts';
import { productDirectory, startNode } from './processes.ts';
import { productCall } from './works.ts';

/** Only for the secret of a database that lasts as long as a run. */
export const productSettings = {
  HOST: '127.0.0.1',
  USERGRAPH_SECRET: 'a secret that only the benchmark uses',
  RATE_LIMIT_PER_MINUTE: '10000000',
};

export function createContender(name = 'Usergraph', settings: NodeJS.ProcessEnv = {}): Peer {
  return {
    name,
    works: workNames,
    start: ({ env, ...options }) =>
      startNode({
        ...options,
        name,
        script: ['--enable-source-maps', 'dist/cli/usergraph.js', 'start'],
        cwd: productDirectory,
        readyPath: '/readyz',
        env: { ...productSettings, ...settings, ...env },
      }),
    call: productCall,
    normalize: (work, body) => plainAnswer(work.name, body),
  };
}

/** Work that a request of the product's own is made of, to be told apart by name. */
export const isKnownWork = (name: string): name is WorkName =>
  (workNames as readonly string[]).includes(name);
