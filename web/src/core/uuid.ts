/* crypto.randomUUID does not exist on plain http by host name; getRandomValues does. */
export function uuid(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
