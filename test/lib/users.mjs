// Users, and their sessions as a browser has them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from './process.mjs';
import { client } from './server.mjs';

export const PASSWORD = 'a long first password';
/** What a browser says of a request of our own pages. */
export const OWN = { 'sec-fetch-site': 'same-origin' };
/** Lets a test speak as a proxy, so that each visitor has an address of their own. */
export const BEHIND = ['--trusted-proxies', '127.0.0.1'];

/** One statement on the database of a server, that runs or not. */
export async function sql(server, statement) {
  const answer = await run([join(server.data, 'dripline.db'), statement], { binary: 'sqlite3' });
  assert.equal(answer.code, 0, answer.stderr);
  return answer.stdout.trim();
}

let visitor = 0;
export const fromAfar = () => ({ 'x-forwarded-for': `203.0.${Math.floor(++visitor / 250) % 250}.${(visitor % 250) + 1}` });

export async function addUser(server, name, role = 'editor') {
  const email = `${name}@clinic.example`;
  const made = await server.api('POST', '/api/users', { email, role, password: PASSWORD });
  assert.equal(made.status, 201, made.text);
  return { email, id: made.body.id };
}

export const postLogin = (server, body, headers = {}) => client(server.base)('POST', '/api/login', body, { ...OWN, ...headers });

/** Signs in and returns call(method, path, body?, headers?) with the cookie; its .cookie and .setCookie are what came. */
export async function signIn(server, email, password = PASSWORD, headers = fromAfar()) {
  const answer = await postLogin(server, { email, password }, headers);
  assert.equal(answer.status, 200, answer.text);
  const cookie = answer.headers.get('set-cookie').split(';')[0];
  const api = client(server.base);
  const call = (method, path, body, more = {}) => api(method, path, body, { cookie, ...OWN, ...more });
  return Object.assign(call, { cookie, setCookie: answer.headers.get('set-cookie') });
}
