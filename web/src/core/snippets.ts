/* Code samples for the API panel and the API pages. */
export interface Call {
    method: string;
    url: string;
    key: string;
    body?: unknown;
}
export function curl({ method, url, key, body }: Call): string {
    const lines = [`curl -X ${method} '${url}'`, `  -H 'Authorization: Bearer ${key}'`];
    if (body !== undefined) lines.push(`  -H 'Content-Type: application/json'`, `  -d '${JSON.stringify(body).replace(/'/g, `'\\''`)}'`);
    return lines.join(' \\\n');
}
export function javascript({ method, url, key, body }: Call): string {
    const headers = [`    Authorization: 'Bearer ${key}',`];
    if (body !== undefined) headers.push(`    'Content-Type': 'application/json',`);
    return [
        `const response = await fetch('${url}', {`,
        `  method: '${method}',`,
        `  headers: {`,
        ...headers,
        `  },`,
        ...(body !== undefined ? [`  body: JSON.stringify(${JSON.stringify(body, null, 2).replace(/\n/g, '\n  ')}),`] : []),
        `});`,
        `console.log(response.status, await response.json());`,
    ].join('\n');
}
export function python({ method, url, key, body }: Call): string {
    return [
        `import requests`,
        ``,
        `response = requests.request(`,
        `    '${method}',`,
        `    '${url}',`,
        `    headers={'Authorization': 'Bearer ${key}'},`,
        ...(body !== undefined ? [`    json=${pythonValue(body, 1)},`] : []),
        `)`,
        `print(response.status_code, response.json())`,
    ].join('\n');
}
function pythonValue(value: unknown, depth: number): string {
    const pad = '    '.repeat(depth + 1);
    const close = '    '.repeat(depth);
    if (value === null || value === undefined) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (Array.isArray(value)) return value.length ? `[\n${value.map(one => `${pad}${pythonValue(one, depth + 1)},\n`).join('')}${close}]` : '[]';
    if (typeof value === 'object') return `{\n${Object.entries(value).map(([key, one]) => `${pad}${JSON.stringify(key)}: ${pythonValue(one, depth + 1)},\n`).join('')}${close}}`;
    return JSON.stringify(value);
}
