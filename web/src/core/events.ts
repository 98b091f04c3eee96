/* One event stream per browser. Tabs elect a leader with Web Locks; the leader holds the only
 * EventSource and passes events on through a BroadcastChannel. Without Web Locks (plain http) a tab
 * holds its own stream while it is visible, and lets go 30 s after it was hidden. */
import { Emitter } from './emitter';

export interface ServerEvent {
    kind: string; // first part of the type: enrollment, message, batch …
    type: string;
    data: Record<string, unknown>;
}
export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'offline';
export interface Link {
    state: LinkState;
    since: number; // ms, when this state began
}
type Packet = { event: ServerEvent } | { link: LinkState } | { hello: true };

export const KINDS = ['sequence', 'enrollment', 'message', 'contact', 'opt_out', 'batch', 'channel', 'template', 'settings', 'clock', 'stats', 'queue', 'user', 'key', 'alert', 'webhook', 'event', 'counters'];
const OFFLINE_AFTER_MS = 20_000;

export class EventHub {
    readonly events = new Emitter<ServerEvent>();
    readonly link = new Emitter<Link>();
    current: Link = { state: 'connecting', since: Date.now() };
    private source: EventSource | null = null;
    private channel: BroadcastChannel | null = null;
    private leader = false;
    private stopped = true;
    private retry: ReturnType<typeof setTimeout> | undefined;
    private hide: ReturnType<typeof setTimeout> | undefined;
    private lost: ReturnType<typeof setTimeout> | undefined;
    private release: (() => void) | null = null;
    private abort: AbortController | null = null;

    constructor(private readonly url: string) {}

    start(): void {
        if (!this.stopped) return;
        this.stopped = false;
        if ('BroadcastChannel' in self) {
            this.channel = new BroadcastChannel('dripline-events');
            this.channel.onmessage = message => this.receive(message.data as Packet);
        }
        if (this.channel && navigator.locks) this.standForLeader();
        else {
            document.addEventListener('visibilitychange', this.visibility);
            this.visibility();
        }
    }
    stop(): void {
        this.stopped = true;
        this.abort?.abort();
        this.release?.();
        this.close();
        this.channel?.close();
        this.channel = null;
        document.removeEventListener('visibilitychange', this.visibility);
    }
    /* A request just failed or worked; no need to wait for the stream to notice. */
    hint(reachable: boolean): void {
        if (!reachable && this.current.state === 'live') this.change('reconnecting');
        else if (reachable && this.leader && this.source?.readyState === EventSource.CLOSED) this.open();
    }

    private standForLeader(): void {
        this.abort = new AbortController();
        this.channel?.postMessage({ hello: true } satisfies Packet);
        navigator.locks
            .request('dripline-events', { signal: this.abort.signal }, () => {
                if (this.stopped) return Promise.resolve();
                this.leader = true;
                this.open();
                return new Promise<void>(resolve => (this.release = resolve));
            })
            .catch(() => undefined);
    }
    private readonly visibility = (): void => {
        clearTimeout(this.hide);
        if (document.visibilityState === 'visible') {
            this.leader = true;
            if (!this.source) this.open();
        } else this.hide = setTimeout(() => this.close(), 30_000);
    };
    private open(): void {
        this.close();
        const source = new EventSource(this.url);
        this.source = source;
        source.onopen = () => this.change('live');
        source.onerror = () => {
            this.change('reconnecting');
            if (source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.open(), 2_000);
        };
        const take = (message: MessageEvent<string>): void => {
            let data: Record<string, unknown> = {};
            try {
                data = JSON.parse(message.data) as Record<string, unknown>;
            } catch {
                return;
            }
            const type = typeof data['type'] === 'string' ? data['type'] : message.type;
            const event = { kind: type.split('.')[0] ?? type, type, data };
            this.events.emit(event);
            this.channel?.postMessage({ event } satisfies Packet);
        };
        source.onmessage = take;
        for (const kind of KINDS) if (kind !== 'message') source.addEventListener(kind, take as EventListener);
    }
    private close(): void {
        clearTimeout(this.retry);
        this.source?.close();
        this.source = null;
    }
    private receive(packet: Packet): void {
        if ('event' in packet) this.events.emit(packet.event);
        else if ('link' in packet && !this.leader) this.change(packet.link);
        else if ('hello' in packet && this.leader) this.channel?.postMessage({ link: this.current.state } satisfies Packet);
    }
    private change(state: LinkState): void {
        if (this.leader) this.channel?.postMessage({ link: state } satisfies Packet);
        if (state === 'reconnecting' && this.current.state === 'offline') return;
        if (state === this.current.state) return;
        const since = state === 'offline' ? this.current.since : Date.now();
        this.current = { state, since };
        clearTimeout(this.lost);
        if (state === 'reconnecting') this.lost = setTimeout(() => this.change('offline'), OFFLINE_AFTER_MS);
        this.link.emit(this.current);
    }
}
