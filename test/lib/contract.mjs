// Holds every answer that a test gets against api/openapi.yaml: status, media type and schema.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

export const document = parse(readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8'), { merge: true });

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
addFormats(ajv);
ajv.addSchema(document, 'openapi');

const follow = (node) => {
  while (node?.$ref) node = node.$ref.slice(2).split('/').reduce((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  return node;
};

/** All operations: {path, method, operation, pattern}. */
export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'delete', 'patch'].filter((method) => item[method]).map((method) => ({
    path,
    method: method.toUpperCase(),
    operation: item[method],
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
  })));

export function findOperation(method, url) {
  const path = url.split('?')[0];
  const hits = operations.filter((entry) => entry.method === method && entry.pattern.test(path));
  return hits.sort((a, b) => (a.path.match(/\{/g) ?? []).length - (b.path.match(/\{/g) ?? []).length)[0];
}

const validators = new Map();
function validator(pointer) {
  if (!validators.has(pointer)) validators.set(pointer, ajv.compile({ $ref: `openapi#${pointer}` }));
  return validators.get(pointer);
}
const escape = (part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

/** Where the schema of one answer stands, with `$ref`s of the response object followed. */
function schemaPointer(entry, statusKey, mediaType) {
  const response = entry.operation.responses[statusKey];
  if (response.$ref) {
    const target = follow(response);
    return target.content?.[mediaType] ? `${response.$ref.slice(1)}/content/${escape(mediaType)}/schema` : null;
  }
  return response.content?.[mediaType]
    ? `/paths/${escape(entry.path)}/${entry.method.toLowerCase()}/responses/${statusKey}/content/${escape(mediaType)}/schema`
    : null;
}

/** Words for what is wrong with an answer, or null. `answer` = {status, mediaType, body}. */
export function violation(method, url, answer) {
  const entry = findOperation(method, url);
  if (!entry) return answer.status === 404 || answer.status === 405 ? null : `${method} ${url.split('?')[0]}: not in the contract`;
  if (answer.status === 304) return entry.method === 'GET' && answer.body === '' ? null : `${method} ${url}: 304 with a body`;
  const responses = entry.operation.responses;
  const key = responses[answer.status] ? String(answer.status) : 'default';
  const name = `${entry.operation.operationId} ${answer.status}`;
  if (!responses[key]) return `${name}: this status is not in the contract`;
  if (key === 'default' && answer.status < 400) return `${name}: a good status that is not in the contract`;
  const content = follow(responses[key]).content;
  if (!content) return answer.body === '' ? null : `${name}: a body where none is in the contract`;
  const pointer = schemaPointer(entry, key, answer.mediaType);
  if (!pointer) return `${name}: media type ${answer.mediaType} is not in the contract`;
  if (!answer.mediaType.includes('json')) return null;
  const check = validator(pointer);
  return check(answer.body) ? null : `${name}: ${ajv.errorsText(check.errors.slice(0, 4), { dataVar: 'answer' })}`;
}
