/* Parts of a page that are not seen first: each is drawn in a task and a frame of its own once the
 * first screen stands, so that no click has to wait for all of it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const waiting: (() => void)[] = [];
let running = false;
const LONGEST_FRAME_MS = 100;

/* After the next frame, so that what was drawn is also laid out by itself; a page in a hidden tab has none. */
function afterFrame(run: () => void): void {
    let done = false;
    const go = (): void => {
        if (done) return;
        done = true;
        clearTimeout(timer);
        run();
    };
    const timer = setTimeout(go, LONGEST_FRAME_MS);
    requestAnimationFrame(() => setTimeout(go));
}
function next(): void {
    const draw = waiting.shift();
    running = draw !== undefined;
    if (!draw) return;
    draw();
    afterFrame(next);
}
function enqueue(draw: () => void): () => void {
    waiting.push(draw);
    if (!running) {
        running = true;
        afterFrame(next);
    }
    return () => {
        const at = waiting.indexOf(draw);
        if (at >= 0) waiting.splice(at, 1);
    };
}
export function Later({ children, now }: { children: () => ComponentChildren; now?: boolean }) {
    const [due, setDue] = useState(Boolean(now));
    useEffect(() => (due ? undefined : enqueue(() => setDue(true))), []);
    return <>{due || now ? children() : null}</>;
}
