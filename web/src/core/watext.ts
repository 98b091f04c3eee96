/* WhatsApp's text formatting, as the phone shows it. Never makes HTML: it answers a tree of plain
 * nodes, so a name like <img> is text everywhere. A marker counts only at the edge of a word, so
 * 2*3*4 and snake_case stay as they are. */
export type Inline =
    | { kind: 'text'; text: string }
    | { kind: 'link'; text: string; href: string }
    | { kind: 'mono'; text: string }
    | { kind: 'bold' | 'italic' | 'strike'; children: Inline[] };
export type Block =
    | { kind: 'line'; children: Inline[] }
    | { kind: 'quote'; children: Inline[] }
    | { kind: 'bullet'; children: Inline[] }
    | { kind: 'number'; number: string; children: Inline[] }
    | { kind: 'code'; text: string };

const MARKS: Record<string, 'bold' | 'italic' | 'strike'> = { '*': 'bold', _: 'italic', '~': 'strike' };
const WORD = /[\p{L}\p{N}\p{M}]/u;
const LINK = /^(https?:\/\/[^\s<>"']+|www\.[^\s<>"']+\.[^\s<>"']+)/i;

function before(text: string, at: number): string {
    const low = text.charCodeAt(at - 1);
    return low >= 0xdc00 && low <= 0xdfff ? text.slice(at - 2, at) : text.slice(at - 1, at);
}
function after(text: string, at: number): string {
    return String.fromCodePoint(text.codePointAt(at) ?? 32);
}
function opens(text: string, at: number): boolean {
    const next = text[at + 1];
    return next !== undefined && !/\s/.test(next) && next !== text[at] && (at === 0 || !WORD.test(before(text, at)));
}
function closes(text: string, at: number): boolean {
    return !/\s/.test(text[at - 1] ?? ' ') && (at + 1 >= text.length || !WORD.test(after(text, at + 1)));
}
function findClose(text: string, mark: string, from: number): number {
    for (let at = from + 1; at < text.length; at++) if (text[at] === mark && closes(text, at)) return at;
    return -1;
}

export function parseInline(text: string): Inline[] {
    const nodes: Inline[] = [];
    let plain = '';
    const flush = (): void => {
        if (plain) nodes.push({ kind: 'text', text: plain });
        plain = '';
    };
    for (let at = 0; at < text.length; ) {
        const mark = text[at] as string;
        if (mark === '`') {
            const end = text.indexOf('`', at + 1);
            if (end > at + 1) {
                flush();
                nodes.push({ kind: 'mono', text: text.slice(at + 1, end) });
                at = end + 1;
                continue;
            }
        }
        const kind = MARKS[mark];
        if (kind && opens(text, at)) {
            const end = findClose(text, mark, at + 1);
            if (end > 0) {
                flush();
                nodes.push({ kind, children: parseInline(text.slice(at + 1, end)) });
                at = end + 1;
                continue;
            }
        }
        const link = (at === 0 || !WORD.test(before(text, at))) && LINK.exec(text.slice(at));
        if (link) {
            const shown = link[0].replace(/[.,;:!?)\]*_~]+$/, '');
            flush();
            nodes.push({ kind: 'link', text: shown, href: shown.startsWith('www.') ? `https://${shown}` : shown });
            at += shown.length;
            continue;
        }
        plain += mark;
        at++;
    }
    flush();
    return nodes;
}

export function parseWhatsAppText(text: string): Block[] {
    const blocks: Block[] = [];
    const pieces = text.split(/```([\s\S]*?)```/);
    pieces.forEach((piece, index) => {
        if (index % 2 === 1) {
            blocks.push({ kind: 'code', text: piece.replace(/^\n|\n$/g, '') });
            return;
        }
        if (piece === '' && pieces.length > 1) return;
        const body = pieces.length > 1 ? piece.replace(/^\n|\n$/g, '') : piece;
        if (body === '' && pieces.length > 1) return;
        for (const line of body.split('\n')) {
            const quote = /^> (.*)$/.exec(line);
            const bullet = /^[*-] (.*)$/.exec(line);
            const number = /^(\d{1,3})\. (.*)$/.exec(line);
            if (quote) blocks.push({ kind: 'quote', children: parseInline(quote[1] ?? '') });
            else if (bullet) blocks.push({ kind: 'bullet', children: parseInline(bullet[1] ?? '') });
            else if (number) blocks.push({ kind: 'number', number: number[1] ?? '', children: parseInline(number[2] ?? '') });
            else blocks.push({ kind: 'line', children: parseInline(line) });
        }
    });
    return blocks;
}
