/* Counts lines of the paste box while typing. Whether a number is real is the server's word. */
export interface PasteCount {
    lines: number;
    people: number;
    repeated: number;
    suspicious: { line: number; text: string }[];
}
export function countPaste(text: string): PasteCount {
    const seen = new Set<string>();
    const result: PasteCount = { lines: 0, people: 0, repeated: 0, suspicious: [] };
    let line = 0;
    for (const raw of text.split(/\r\n?|\n/)) {
        line++;
        const trimmed = raw.trim();
        if (!trimmed) continue;
        result.lines++;
        const digits = (trimmed.split(/[,;\t]/)[0] ?? '').replace(/\D/g, '');
        if (digits.length < 7 || digits.length > 15) {
            if (result.suspicious.length < 5) result.suspicious.push({ line, text: trimmed.slice(0, 60) });
            else result.suspicious.push({ line, text: '' });
            continue;
        }
        if (seen.has(digits)) result.repeated++;
        else {
            seen.add(digits);
            result.people++;
        }
    }
    return result;
}
