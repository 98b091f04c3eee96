/* Reads the API document for the documentation page: operations by tag, schemas made readable. */
export interface Schema {
    $ref?: string;
    type?: string | string[];
    description?: string;
    enum?: unknown[];
    const?: unknown;
    items?: Schema;
    properties?: Record<string, Schema>;
    required?: string[];
    oneOf?: Schema[];
    anyOf?: Schema[];
    allOf?: Schema[];
    additionalProperties?: boolean | Schema;
    example?: unknown;
    default?: unknown;
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    pattern?: string;
    format?: string;
}
export interface Parameter {
    $ref?: string;
    name: string;
    in: 'query' | 'path' | 'header';
    description?: string;
    required?: boolean;
    schema?: Schema;
    example?: unknown;
}
export interface Media {
    schema?: Schema;
    example?: unknown;
    examples?: Record<string, { value?: unknown; $ref?: string; summary?: string }>;
}
export interface Operation {
    operationId: string;
    summary: string;
    description?: string;
    tags: string[];
    parameters?: Parameter[];
    requestBody?: { required?: boolean; content: Record<string, Media> };
    responses: Record<string, { $ref?: string; description?: string; content?: Record<string, Media> }>;
    security?: unknown[];
    'x-scope'?: string;
}
export interface Document {
    info: { title: string; version: string; description?: string };
    tags: { name: string; description?: string }[];
    paths: Record<string, Record<string, Operation> & { parameters?: Parameter[] }>;
    components: Record<string, Record<string, unknown>>;
}
export interface Entry {
    id: string;
    method: string;
    path: string;
    operation: Operation;
    parameters: Parameter[];
}
const METHODS = ['get', 'post', 'put', 'delete'];

export function resolve<T extends { $ref?: string }>(document: Document, value: T | undefined): T | undefined {
    let current = value;
    for (let depth = 0; current?.$ref && depth < 10; depth++) {
        const [, , group = '', name = ''] = current.$ref.split('/');
        current = document.components[group]?.[name] as T | undefined;
    }
    return current;
}
export function refName(schema: Schema | undefined): string | null {
    return schema?.$ref?.split('/').pop() ?? null;
}
export function entries(document: Document): Entry[] {
    const list: Entry[] = [];
    for (const [path, item] of Object.entries(document.paths))
        for (const method of METHODS) {
            const operation = item[method] as Operation | undefined;
            if (!operation) continue;
            const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(parameter => resolve(document, parameter)).filter((one): one is Parameter => Boolean(one));
            list.push({ id: operation.operationId, method: method.toUpperCase(), path, operation, parameters });
        }
    return list;
}
/* "string | null", "Step[]", "date-time": one short word for a schema. */
export function typeWord(document: Document, schema: Schema | undefined): string {
    if (!schema) return '';
    const name = refName(schema);
    if (name) {
        const target = resolve(document, schema);
        const simple = target && !target.properties && !target.allOf && !target.enum && target.type;
        return simple ? typeWord(document, target) : name;
    }
    const alternatives = schema.oneOf ?? schema.anyOf;
    if (alternatives) return alternatives.map(one => typeWord(document, one)).join(' | ');
    if (schema.allOf) return 'object';
    if (schema.type === 'array') return `${typeWord(document, schema.items)}[]`;
    const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? '');
    return schema.format && type.startsWith('string') ? type.replace('string', schema.format) : type;
}
export function propertiesOf(document: Document, schema: Schema | undefined): { name: string; schema: Schema; required: boolean }[] {
    const target = resolve(document, schema);
    if (!target) return [];
    const own = Object.entries(target.properties ?? {}).map(([name, value]) => ({ name, schema: value, required: target.required?.includes(name) ?? false }));
    const parts = (target.allOf ?? []).flatMap(part => propertiesOf(document, part));
    return [...parts, ...own];
}
/* A believable value from the examples, for the body of "try it" and of the samples. */
export function exampleOf(document: Document, media: Media | undefined): unknown {
    if (!media) return undefined;
    if (media.example !== undefined) return media.example;
    const first = Object.values(media.examples ?? {})[0];
    const found = first && (first.value ?? (resolve(document, first as { $ref?: string }) as { value?: unknown } | undefined)?.value);
    return found ?? sampleOf(document, media.schema, 0);
}
export function sampleOf(document: Document, schema: Schema | undefined, depth: number): unknown {
    const target = resolve(document, schema);
    if (!target || depth > 6) return null;
    if (schema && 'example' in schema) return schema.example;
    if (target.example !== undefined) return target.example;
    if (target.default !== undefined) return target.default;
    if (target.const !== undefined) return target.const;
    if (target.enum) return target.enum[0];
    const alternative = (target.oneOf ?? target.anyOf)?.[0];
    if (alternative) return sampleOf(document, alternative, depth + 1);
    const type = Array.isArray(target.type) ? target.type[0] : target.type;
    if (type === 'array') return [sampleOf(document, target.items, depth + 1)];
    if (type === 'object' || target.allOf || target.properties) return Object.fromEntries(propertiesOf(document, target).map(one => [one.name, sampleOf(document, one.schema, depth + 1)]));
    return type === 'integer' || type === 'number' ? (target.minimum ?? 0) : type === 'boolean' ? false : type === 'null' ? null : 'text';
}
