// The route table as the code has it, read from the rows in src/api: the other side of what
// api/openapi.yaml says.
import { readdirSync, readFileSync } from 'node:fs';
import { document, operations } from './contract.mjs';

const FOLDER = new URL('../../src/api/', import.meta.url);
const SCOPES = { API_PUBLIC: 'public', API_READ: 'read', API_ENROLL: 'enroll', API_EDIT: 'write', API_ADMIN: 'admin', API_LOGGED_IN: 'any', API_LOCAL: 'local' };
const TABLE = /const struct api_route (\w+)\[\] = \{([^]*?)\n\};/g;
const ROW = /\{\s*"([A-Z]+)",\s*"([^"]+)",\s*"(\w+)",\s*(API_\w+),\s*([A-Z_|\s0]+),/g;

/** Every row of every table: {table, method, path, operationId, scope, flags[]}. */
export function routeRows() {
  const rows = [];
  for (const name of readdirSync(FOLDER)) {
    if (!name.endsWith('.c') || name.endsWith('_test.c')) continue;
    const text = readFileSync(new URL(name, FOLDER), 'utf8');
    for (const [, table, body] of text.matchAll(TABLE)) {
      const found = [...body.matchAll(ROW)];
      // A row that the pattern does not understand must not pass unseen.
      const begun = [...body.matchAll(/\{\s*"/g)].length;
      if (found.length !== begun) throw new Error(`${name}: ${begun} rows, ${found.length} understood`);
      for (const [, method, pattern, operationId, scope, flags] of found) {
        rows.push({
          table, method, operationId, scope: SCOPES[scope] ?? `unknown ${scope}`, path: pattern.replace(/:(\w+)/g, '{$1}'),
          flags: flags.split('|').map((word) => word.trim()).filter((word) => word !== '0'),
        });
      }
    }
  }
  return rows;
}

/** The tables that src/api/routes.c searches. */
export function listedTables() {
  const text = readFileSync(new URL('routes.c', FOLDER), 'utf8');
  const list = /\btables\[\] = \{([^]*?)\n\};/.exec(text)[1].replace(/\/\*[^]*?\*\//g, '');
  return [...list.matchAll(/\bAPI_\w+_ROUTES\b/g)].map(([name]) => name);
}

/** The scope that the contract names: "public" where no login is needed. */
export function contractScope(operation) {
  const security = operation.security ?? document.security;
  return security.length === 0 ? 'public' : (operation['x-scope'] ?? 'none named');
}

export const contractRows = () => operations.map(({ method, path, operation }) => ({ method, path, operationId: operation.operationId, scope: contractScope(operation) }));

/** Which scopes a key has when it was made with one word. */
export const HOLDS = { read: ['read'], enroll: ['enroll'], write: ['read', 'enroll', 'write'], admin: ['read', 'enroll', 'write', 'admin'] };
export const mayCall = (role, scope) => scope === 'public' || (role !== 'none' && (scope === 'any' || HOLDS[role].includes(scope)));
