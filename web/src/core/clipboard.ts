/* Copies text, also on plain http where navigator.clipboard does not exist. */
export async function copyText(text: string): Promise<boolean> {
    try {
        if (navigator.clipboard && window.isSecureContext) {
            await navigator.clipboard.writeText(text);
            return true;
        }
    } catch {
        // Falls through to the old way.
    }
    const area = document.createElement('textarea');
    area.value = text;
    area.readOnly = true;
    area.className = 'visually-hidden';
    const host = document.querySelector('dialog[open]') ?? document.body;
    const focused = document.activeElement as HTMLElement | null;
    host.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return done;
}
