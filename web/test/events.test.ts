/* The link of a tab: what it asks the stream for, and when it says that something may be missed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EventHub, type Link } from '../src/core/events';

class Stream {
    static readonly CLOSED = 2;
    static all: Stream[] = [];
    readyState = 0;
    onopen: () => void = () => undefined;
    onerror: () => void = () => undefined;
    onmessage: (message: { data: string; lastEventId: string; type: string }) => void = () => undefined;
    constructor(readonly url: string) {
        Stream.all.push(this);
    }
    addEventListener(): void {}
    close(): void {
        this.readyState = Stream.CLOSED;
    }
    tell(id: number): void {
        this.onmessage({ data: '{"type":"sequence.updated"}', lastEventId: String(id), type: 'message' });
    }
}
class Channel {
    static all: Channel[] = [];
    onmessage: (message: { data: unknown }) => void = () => undefined;
    constructor() {
        Channel.all.push(this);
    }
    postMessage(data: unknown): void {
        for (const other of Channel.all) if (other !== this) other.onmessage({ data: structuredClone(data) });
    }
    close(): void {
        Channel.all.splice(Channel.all.indexOf(this), 1);
    }
}
let queue: (() => Promise<unknown>)[] = [];
function grant(): void {
    const [next] = queue;
    if (next) void next().then(() => (queue = queue.filter(one => one !== next), grant()));
}
const listeners: (() => void)[] = [];
const page = { visibilityState: 'visible', addEventListener: (_kind: string, listener: () => void) => void listeners.push(listener), removeEventListener: () => undefined };

/* What waits for its time: it comes when the test says so. */
let timers: (() => void)[] = [];
const runTimers = (): void => timers.splice(0).forEach(timer => timer());

function browser(locks = true): void {
    timers = [];
    Stream.all = [];
    Channel.all = [];
    queue = [];
    listeners.length = 0;
    page.visibilityState = 'visible';
    const request = (_name: string, _options: object, run: () => Promise<unknown>): Promise<unknown> => {
        queue.push(run);
        if (queue.length === 1) grant();
        return new Promise(() => undefined);
    };
    const put = (name: string, value: unknown): void => void Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    put('self', globalThis);
    put('setTimeout', (timer: () => void) => timers.push(timer));
    put('clearTimeout', () => undefined);
    put('document', page);
    put('EventSource', Stream);
    put('BroadcastChannel', Channel);
    put('navigator', locks ? { locks: { request } } : {});
}
function tab(position: number): { hub: EventHub; links: Link[]; heard: () => number } {
    const hub = new EventHub('/api/events');
    const links: Link[] = [];
    let heard = 0;
    hub.link.on(link => void links.push(link));
    hub.events.on(() => void heard++);
    hub.start(position);
    return { hub, links, heard: () => heard };
}
const last = <T>(list: T[]): T => list[list.length - 1] as T;

test('the first stream begins where the page has read, and nothing is missed', () => {
    browser();
    const one = tab(7);
    assert.equal(last(Stream.all).url, '/api/events?last_event_id=7');
    last(Stream.all).onopen();
    assert.deepEqual([last(one.links).state, last(one.links).missed], ['live', false]);
    last(Stream.all).onerror();
    last(Stream.all).onopen();
    assert.deepEqual([last(one.links).state, last(one.links).missed], ['live', true]);
});

test('a stream that was given up is taken up at the newest event told', () => {
    browser();
    const one = tab(7);
    last(Stream.all).onopen();
    last(Stream.all).tell(9);
    last(Stream.all).readyState = Stream.CLOSED;
    last(Stream.all).onerror();
    runTimers();
    assert.deepEqual(Stream.all.map(stream => stream.url), ['/api/events?last_event_id=7', '/api/events?last_event_id=9']);
    assert.equal(one.heard(), 1);
});

test('a tab that only listens knows whether it came too late for an event', () => {
    browser();
    const holder = tab(7);
    last(Stream.all).onopen();
    last(Stream.all).tell(9);
    const later = tab(9); // has read what the holder was told
    assert.deepEqual([last(later.links).state, last(later.links).missed], ['live', false]);
    const early = tab(8); // read before 9 was made, listens since 9 was told
    assert.deepEqual([last(early.links).state, last(early.links).missed], ['live', true]);
    assert.equal(Stream.all.length, 1);
    last(Stream.all).tell(10);
    assert.deepEqual([holder.heard(), later.heard(), early.heard()], [2, 1, 1]);
});

test('who takes the stream over goes on where it stands', async () => {
    browser();
    const holder = tab(7);
    last(Stream.all).onopen();
    const second = tab(7);
    last(Stream.all).tell(8);
    holder.hub.stop();
    for (let turn = 0; turn < 10 && Stream.all.length < 2; turn++) await Promise.resolve();
    assert.equal(last(Stream.all).url, '/api/events?last_event_id=8');
    last(Stream.all).onopen();
    assert.equal(second.links.length, 1); // it was live all the time
    assert.equal(holder.hub.current.state, 'connecting');
    holder.hub.start(12);
    assert.equal(last(holder.links).missed, false);
});

test('a tab of an older version says no position: all is read anew', () => {
    browser();
    const old = new Channel();
    old.onmessage = ({ data }) => void ('hello' in (data as object) && old.postMessage({ link: 'live' }));
    queue.push(() => new Promise(() => undefined));
    const one = tab(7);
    assert.deepEqual([last(one.links).state, last(one.links).missed], ['live', true]);
});

test('a page that was long hidden reads all anew', () => {
    browser(false);
    const one = tab(7);
    last(Stream.all).onopen();
    last(Stream.all).tell(8);
    page.visibilityState = 'hidden';
    listeners.forEach(listener => listener());
    runTimers();
    assert.equal(one.hub.current.state, 'connecting');
    page.visibilityState = 'visible';
    listeners.forEach(listener => listener());
    assert.deepEqual(Stream.all.map(stream => stream.url), ['/api/events?last_event_id=7', '/api/events']);
    last(Stream.all).onopen();
    assert.deepEqual([last(one.links).state, last(one.links).missed], ['live', true]);
});
