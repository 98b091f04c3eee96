/* The API client: typed calls, one kind of error, sign-in dialogs in the middle of work. Knows
 * nothing of the framework. */
import createClient from 'openapi-fetch';
import type { components, paths } from '../api/schema';
import { Emitter } from './emitter';
import { uuid } from './uuid';
import { fieldSaid, problemSaid } from './said';

export type Schemas = components['schemas'];
export type Sequence = Schemas['Sequence'];
export type SequenceSummary = Schemas['SequenceSummary'];
export type SequenceInput = Schemas['SequenceInput'];
export type StepInput = Schemas['StepInput'];
export type Enrollment = Schemas['Enrollment'];
export type Message = Schemas['Message'];
export type Batch = Schemas['Batch'];
export type Channel = Schemas['Channel'];
export type Me = Schemas['Me'];

export interface FieldError {
    field: string;
    code: string;
    message: string;
}

/* status 0 means that the server could not be reached. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        readonly title: string,
        message: string,
        readonly errors: FieldError[] = [],
        readonly requestId: string | null = null,
        readonly retryAfter: number | null = null,
    ) {
        super(message);
    }
    fieldError(field: string): string | null {
        return this.errors.find(error => error.field === field)?.message ?? null;
    }
}

/* Called when the session has ended; resolves after a new sign-in, and the request is repeated. */
let reauthenticate: (() => Promise<boolean>) | null = null;
export function onUnauthorized(handler: (() => Promise<boolean>) | null): void {
    reauthenticate = handler;
}
let csrfToken: string | null = null;
export function setCsrfToken(token: string | null): void {
    csrfToken = token;
}
/* True after an answer, false after a failure to reach the server. */
export const reachable = new Emitter<boolean>();
function unreachable(): ApiError {
    reachable.emit(false);
    return new ApiError(0, 'unreachable', 'No connection', 'The server could not be reached.');
}
/* Parts of this program that are fetched when they are needed fail like any request. */
export function loadPart<T>(part: Promise<T>): Promise<T> {
    return part.catch(() => {
        throw unreachable();
    });
}

/* The browser breaks off what a page asked for when the page is left. Nobody waits for those answers. */
let left = false;
export function pageIsLeft(): boolean {
    return left;
}
if (typeof addEventListener === 'function') {
    addEventListener('pagehide', () => (left = true));
    addEventListener('pageshow', () => (left = false));
}

const QUIET = new Set(['/api/login', '/api/setup', '/api/logout', '/api/me']);
/* Statuses whose answer has no body, by the Fetch standard. */
const BODILESS = new Set([204, 205, 304]);

export async function apiFetch(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const again = request.clone();
    if (csrfToken && request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken);
    let response: Response;
    try {
        // The body too: a connection may break in the middle of it.
        const answer = await fetch(request);
        const body = BODILESS.has(answer.status) ? null : await answer.arrayBuffer();
        response = new Response(body, { status: answer.status, statusText: answer.statusText, headers: answer.headers });
    } catch (cause) {
        if ((cause as Error).name === 'AbortError') throw cause;
        throw unreachable();
    }
    reachable.emit(true);
    if (response.status === 401 && !QUIET.has(path) && reauthenticate && (await reauthenticate())) return apiFetch(again);
    return response;
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: apiFetch });
api.use({
    onRequest({ request }) {
        if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) request.headers.set('Idempotency-Key', uuid());
        return request;
    },
});

export function toApiError(response: Response, body: unknown): ApiError {
    const problem = (typeof body === 'object' && body ? body : {}) as Partial<Schemas['Problem']>;
    const retry = Number(response.headers.get('Retry-After'));
    return new ApiError(
        response.status,
        problem.code ?? `http_${response.status}`,
        problem.title ?? response.statusText,
        problemSaid(problem.code ?? '', problem.detail ?? problem.title ?? `HTTP ${response.status}`),
        ((problem.errors ?? []) as FieldError[]).map(error => ({ ...error, message: fieldSaid(error) })),
        problem.request_id ?? response.headers.get('X-Request-Id'),
        retry > 0 ? retry : null,
    );
}

/* Waits for a call and returns its data, or throws an ApiError. */
export async function call<T>(promise: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Exclude<T, string>> {
    const { data, error, response } = await promise;
    if (!response.ok) throw toApiError(response, error);
    return data as Exclude<T, string>;
}

/* For bodies that openapi-fetch does not carry: files and pasted text, with progress. */
export async function send(method: string, path: string, query: Record<string, string | undefined>, body: BodyInit | null, contentType: string | null, signal?: AbortSignal): Promise<{ status: number; data: unknown }> {
    const url = new URL(path, location.origin);
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') url.searchParams.set(name, value);
    const headers = new Headers({ Accept: 'application/json' });
    if (contentType) headers.set('Content-Type', contentType);
    if (method === 'POST') headers.set('Idempotency-Key', uuid());
    const response = await apiFetch(new Request(url, { method, headers, body, signal }));
    const data: unknown = response.status === 204 ? null : await response.json().catch(() => null);
    if (!response.ok) throw toApiError(response, data);
    return { status: response.status, data };
}
