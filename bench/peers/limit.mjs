/** The limit: node:http and pg with nothing between, one prepared statement for the token and the data together. */
import { createServer } from 'node:http';
import pg from 'pg';
import { graphAnswers } from './limit/graph.mjs';
import { restAnswers } from './limit/rest.mjs';
import { hashOfToken } from './shared/tokens.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });

/** The work of a query is told by a word that only this query has: nothing is parsed here. */
function workOf(query) {
  if (query.includes('updateMe')) return graphAnswers.updateMe;
  if (query.includes('node(')) return graphAnswers.node;
  return query.includes('users(') ? graphAnswers.users : graphAnswers.me;
}

async function answer(request, response, body) {
  const { query, variables } = body === null ? {} : JSON.parse(body);
  const work = query === undefined ? restAnswers[request.url] : workOf(query);
  const hash = hashOfToken(request.headers.authorization);
  if (work === undefined || hash === null) return send(response, work ? 401 : 404, '{}');
  const values = [hash, ...(work.values?.(variables) ?? [])];
  const { rows } = await pool.query({ name: work.name, text: work.text, values });
  if (rows.length === 0) return send(response, 401, '{}');
  send(response, 200, JSON.stringify(work.answer(rows)));
}

function send(response, status, text) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const failed = (response) => (error) => {
  process.stderr.write(`${error.stack}\n`);
  send(response, 500, '{}');
};

createServer((request, response) => {
  if (request.method !== 'POST') return answer(request, response, null).catch(failed(response));
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => answer(request, response, Buffer.concat(chunks)).catch(failed(response)));
}).listen(Number(process.env.PORT), '127.0.0.1');
