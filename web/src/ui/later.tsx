/* Parts of a page below the first screen: each is drawn in a task of its own once the first screen
 * stands, so that no click has to wait for all of it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const waiting: (() => void)[] = [];
let running = false;

function next(): void {
    const draw = waiting.shift();
    running = draw !== undefined;
    if (!draw) return;
    draw();
    setTimeout(next);
}
function enqueue(draw: () => void): () => void {
    waiting.push(draw);
    if (!running) {
        running = true;
        setTimeout(next);
    }
    return () => {
        const at = waiting.indexOf(draw);
        if (at >= 0) waiting.splice(at, 1);
    };
}
export function Later({ children }: { children: () => ComponentChildren }) {
    const [due, setDue] = useState(false);
    useEffect(() => enqueue(() => setDue(true)), []);
    return <>{due ? children() : null}</>;
}
