/* One event stream per browser. Tabs elect a leader with Web Locks; the leader holds the only
 * EventSource and passes events on through a BroadcastChannel. Without Web Locks (plain http) a tab
 * holds its own stream while it is visible, and lets go 30 s after it was hidden.
 *
 * Each tab knows its position: the newest event that what it reads from the server already knows of,
 * then the newest it was told. A stream begins there, so that nothing between reading and listening
 * is lost and nothing needs to be read twice; where that cannot be said, the link tells it. */
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
    missed: boolean; // events may have been: what is shown is to be read anew
}
/* With the position of the tab that holds the stream. */
type Packet = { event: ServerEvent; at: number } | { link: LinkState; at: number | null } | { hello: true };

export const KINDS = ['sequence', 'enrollment', 'message', 'contact', 'opt_out', 'batch', 'channel', 'template', 'settings', 'clock', 'stats', 'queue', 'user', 'key', 'alert', 'webhook', 'event', 'counters'];
const OFFLINE_AFTER_MS = 20_000;

export class EventHub {
    readonly events = new Emitter<ServerEvent>();
    readonly link = new Emitter<Link>();
    current: Link = { state: 'connecting', since: Date.now(), missed: false };
    private position: number | null = null;
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

    /* `position`: the newest event when the first answer was made. */
    start(position: number): void {
        if (!this.stopped) return;
        this.stopped = false;
        this.position = position;
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
        this.leader = false;
        this.change('connecting');
        clearTimeout(this.hide);
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
        } else
            this.hide = setTimeout(() => {
                this.close();
                this.position = null; // it may be a day until someone looks again: then all is read anew
                this.change('connecting');
            }, 30_000);
    };
    private open(): void {
        this.close();
        const position = this.position;
        const source = new EventSource(position === null ? this.url : `${this.url}?last_event_id=${position}`);
        this.source = source;
        source.onopen = () => this.change('live', position);
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
            const at = Number(message.lastEventId);
            this.reached(at);
            this.events.emit(event);
            this.channel?.postMessage({ event, at } satisfies Packet);
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
        if ('event' in packet) {
            this.reached(packet.at);
            this.events.emit(packet.event);
        } else if ('link' in packet && !this.leader) this.change(packet.link, packet.at);
        else if ('hello' in packet && this.leader) this.channel?.postMessage({ link: this.current.state, at: this.position } satisfies Packet);
    }
    /* Until the link stands, another tab's stream may have told something before we listened. */
    private reached(at: number): void {
        if (this.current.state !== 'connecting' && at > (this.position ?? 0)) this.position = at;
    }
    /* `told`: everything after this event comes, or came, by this link. */
    private change(state: LinkState, told: number | null = null): void {
        if (this.leader) this.channel?.postMessage({ link: state, at: this.position } satisfies Packet);
        if (state === 'reconnecting' && this.current.state === 'offline') return;
        if (state === this.current.state) return;
        const since = state === 'offline' ? this.current.since : Date.now();
        const seamless = this.current.state === 'connecting' && typeof told === 'number' && this.position !== null && told <= this.position;
        this.current = { state, since, missed: state === 'live' && !seamless };
        if (typeof told === 'number') this.reached(told);
        clearTimeout(this.lost);
        if (state === 'reconnecting') this.lost = setTimeout(() => this.change('offline'), OFFLINE_AFTER_MS);
        this.link.emit(this.current);
    }
}
