import type { NonSharedBuffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { AssetGroup } from './assets.ts';

type Texts = typeof import('@graphql-yoga/render-graphiql/graphiql');

let bundle: Promise<AssetGroup> | undefined;

/** GraphiQL as separate files, loaded when the first browser asks for it: 9 MB that a pure API server never reads. */
export function loadGraphiqlBundle(): Promise<AssetGroup> {
  bundle ??= readTexts()
    .then((texts) => new AssetGroup(splitFiles(texts)))
    .catch((error: unknown) => {
      bundle = undefined;
      throw error;
    });
  return bundle;
}

/** A short-lived thread parses the module, so that requests are not held up and its 9 MB of source can be freed. */
async function readTexts(): Promise<Texts> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     parentPort.postMessage({ ...require(workerData) });`,
    {
      eval: true,
      execArgv: [],
      workerData: createRequire(import.meta.url).resolve('@graphql-yoga/render-graphiql/graphiql'),
    },
  );
  const [texts] = (await once(worker, 'message')) as [Texts];
  return texts;
}

function splitFiles(texts: Texts): Map<string, NonSharedBuffer> {
  const embedded = new Map<string, NonSharedBuffer>();
  const style = texts.css.replace(dataUrl, (_, extension: string, data: string) => {
    const body = Buffer.from(data, 'base64');
    const name = `${createHash('sha256').update(body).digest('hex').slice(0, 12)}.${extension}`;
    embedded.set(name, body);
    return `url(${name})`;
  });
  return new Map([
    ['graphiql.js', Buffer.from(texts.js)],
    ['graphiql.css', Buffer.from(style)],
    ['editor.worker.js', Buffer.from(texts.editorWorkerService)],
    ['graphql.worker.js', Buffer.from(texts.graphqlWorker)],
    ['json.worker.js', Buffer.from(texts.jsonWorker)],
    ...embedded,
  ]);
}

/** A font or an image inside the style sheet: as a file of its own it is fetched only when it is used. */
const dataUrl = /url\(["']?data:(?:font|image)\/(\w+)[\w+]*;base64,([\w+/=]+)["']?\)/g;
