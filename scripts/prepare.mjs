// Makes what start and test need, and only what is stale:
//   node scripts/prepare.mjs [generate] [compile] [snapshot] [reference]     (all of them by default)
// Each result is built under a temporary name and then renamed into place, so nobody ever sees half of one, also when
// two of these run at once.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceTree } from './file-tree.mjs';
import { hashOf, isDeployed, isFresh, record } from './freshness.mjs';
import { binOf, folderOf } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => path.join(root, ...parts);
const temporary = at('.cache', `prepare-${process.pid}`);

const STEPS = {
  generate: {
    does: 'generated the database client',
    inputs: ['prisma/schema.prisma', 'prisma.config.ts', 'scripts/prepare.mjs'],
    packages: ['prisma', '@prisma/client', '@pothos/plugin-prisma'],
    outputs: ['src/generated/prisma/client.ts', 'src/generated/pothos-types.ts'],
    make: generate,
  },
  compile: {
    does: 'compiled src to dist',
    inputs: ['src', 'tsconfig.json', 'tsconfig.build.json', 'scripts/prepare.mjs'],
    packages: ['typescript'],
    outputs: ['dist/main.js', 'dist/cli/usergraph.js'],
    make: compile,
  },
  snapshot: {
    does: 'made an empty embedded database',
    inputs: ['prisma/migrations', 'src/db', 'scripts/build-snapshot.ts', 'scripts/prepare.mjs'],
    packages: ['@electric-sql/pglite', 'tsx'],
    outputs: [],
    make: snapshot,
  },
  reference: {
    does: 'copied the viewer of the API reference',
    inputs: ['scripts/prepare.mjs'],
    packages: ['@scalar/api-reference', '@scalar/components'],
    outputs: ['.cache/reference/scalar.js'],
    make: reference,
  },
};

/** The types of the database client, from a copy of the schema, whose relative outputs so land beside the copy. */
async function generate() {
  const copy = path.join(temporary, 'generate');
  const schema = path.join(copy, 'prisma/schema.prisma');
  cpSync(at('prisma/schema.prisma'), schema);
  await run([binOf('prisma'), 'generate', '--no-hints', '--schema', schema], {
    // Any existing file will do: `generate` would download a missing engine, and never runs the one it has.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
  replaceTree(path.join(copy, 'src/generated'), at('src/generated'));
  return [];
}

async function compile() {
  const output = path.join(temporary, 'dist');
  await run([binOf('typescript', 'tsc'), '--project', at('tsconfig.build.json'), '--outDir', output]);
  replaceTree(output, at('dist'));
  return [];
}

async function snapshot() {
  const printed = await run(['--import', 'tsx', at('scripts/build-snapshot.ts')]);
  const file = path.relative(root, printed.trim());
  for (const name of readdirSync(at('.cache'))) {
    const isOlder = /^embedded-.*\.tar\.gz$/.test(name) && name !== path.basename(file);
    if (isOlder) rmSync(at('.cache', name), { force: true });
  }
  return [file];
}

/** The one file of Scalar that a browser needs: a deployment does without its 190 packages. */
async function reference() {
  const output = path.join(temporary, 'reference');
  const bundle = readFileSync(path.join(folderOf('@scalar/api-reference'), 'dist/browser/standalone.js'));
  // Its license goes with every copy, and only the sibling packages carry the text.
  const license = readFileSync(path.join(folderOf('@scalar/components'), 'LICENSE'), 'utf8');
  mkdirSync(output, { recursive: true });
  writeFileSync(path.join(output, 'scalar.js'), `/*!\n${license.trim()}\n*/\n${bundle}`);
  replaceTree(output, at('.cache/reference'));
  return [];
}

/** Runs Node with these arguments and answers what it printed; a failure carries all of its output. */
function run(args, env = {}) {
  const PATH = [at('node_modules/.bin'), process.env.PATH].join(path.delimiter); // Prisma starts generators by name
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, PATH, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output.stdout);
      else reject(new Error(`${output.stdout}${output.stderr}`.trim() || `exit code ${code}`));
    });
  });
}

async function prepare(name) {
  const step = STEPS[name];
  if (isDeployed(root, name, step)) return;
  const hash = hashOf(root, step);
  if (isFresh(root, name, step, hash)) return;
  const started = performance.now();
  mkdirSync(temporary, { recursive: true });
  record(root, name, hash, await step.make());
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`prepare: ${step.does} (${seconds} s)\n`);
}

/** Answers whether all of these steps, one after the other, could be made. */
async function prepareInOrder(names) {
  for (const name of names) {
    try {
      await prepare(name);
    } catch (error) {
      process.stderr.write(`prepare: ${name} failed\n${error.message}\n`);
      return false;
    }
  }
  return true;
}

/** What a killed prepare left behind. */
function removeLeftovers() {
  for (const name of existsSync(at('.cache')) ? readdirSync(at('.cache')) : []) {
    const pid = /^prepare-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(at('.cache', name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(STEPS, name));
if (unknown.length > 0) {
  process.stderr.write(
    `prepare: no step ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}\n`,
  );
  process.exit(2);
}
const isAsked = (name) => asked.length === 0 || asked.includes(name);
removeLeftovers();
try {
  // The snapshot and the reference need nothing of the others, so they are made beside them.
  const made = await Promise.all([
    prepareInOrder(['generate', 'compile'].filter(isAsked)),
    prepareInOrder(['snapshot'].filter(isAsked)),
    prepareInOrder(['reference'].filter(isAsked)),
  ]);
  if (made.includes(false)) process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
