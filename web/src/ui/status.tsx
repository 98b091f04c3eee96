/* Every status as icon and word, never as colour alone. */
import type { Schemas } from '../core/api';
import { t } from '../core/i18n';
import { Icon } from './parts';

interface Look {
    icon: string;
    tone: '' | 'good' | 'warn' | 'bad' | 'info';
    word: () => string;
}
const SEQUENCE: Record<Schemas['SequenceStatus'], Look> = {
    draft: { icon: 'circle-dashed', tone: '', word: () => t('Draft') },
    active: { icon: 'circle-play', tone: 'good', word: () => t('Active') },
    paused: { icon: 'circle-pause', tone: 'warn', word: () => t('Paused') },
    archived: { icon: 'archive', tone: '', word: () => t('Archived') },
};
const ENROLLMENT: Record<Schemas['EnrollmentStatus'], Look> = {
    active: { icon: 'circle-play', tone: 'good', word: () => t('Active') },
    paused: { icon: 'circle-pause', tone: 'warn', word: () => t('Paused') },
    completed: { icon: 'circle-check', tone: 'info', word: () => t('Finished') },
    opted_out: { icon: 'user-x', tone: 'bad', word: () => t('Opted out') },
    stopped: { icon: 'circle-stop', tone: '', word: () => t('Stopped') },
    failed: { icon: 'circle-alert', tone: 'bad', word: () => t('Failed') },
};
const MESSAGE: Record<Schemas['MessageStatus'], Look> = {
    pending: { icon: 'clock', tone: '', word: () => t('Waiting') },
    sending: { icon: 'loader-circle', tone: 'info', word: () => t('Sending') },
    in_doubt: { icon: 'circle-help', tone: 'warn', word: () => t('In doubt') },
    held: { icon: 'hand', tone: 'warn', word: () => t('Held') },
    sent: { icon: 'check', tone: 'good', word: () => t('Sent') },
    delivered: { icon: 'check-check', tone: 'good', word: () => t('Delivered') },
    read: { icon: 'eye', tone: 'info', word: () => t('Read') },
    failed: { icon: 'circle-alert', tone: 'bad', word: () => t('Failed') },
    unknown: { icon: 'circle-help', tone: 'warn', word: () => t('Unknown') },
    cancelled: { icon: 'ban', tone: '', word: () => t('Cancelled') },
    skipped: { icon: 'skip-forward', tone: '', word: () => t('Skipped') },
};
const CHANNEL: Record<Schemas['ChannelState'], Look> = {
    connected: { icon: 'circle-check', tone: 'good', word: () => t('Connected') },
    untested: { icon: 'circle-dashed', tone: '', word: () => t('Not tested yet') },
    paused: { icon: 'circle-pause', tone: 'warn', word: () => t('Paused') },
    disabled: { icon: 'ban', tone: '', word: () => t('Switched off') },
    error: { icon: 'circle-alert', tone: 'bad', word: () => t('Needs attention') },
};
const VERDICT: Record<Schemas['Verdict'], Look> = {
    enrolled: { icon: 'circle-check', tone: 'good', word: () => t('New') },
    restarted: { icon: 'rotate-ccw', tone: 'good', word: () => t('Starts again') },
    already_active: { icon: 'circle-play', tone: '', word: () => t('Already inside') },
    already_completed: { icon: 'circle-check', tone: '', word: () => t('Already finished') },
    duplicate_in_file: { icon: 'copy', tone: 'warn', word: () => t('Twice in the list') },
    opted_out: { icon: 'user-x', tone: 'bad', word: () => t('Opted out') },
    invalid_phone: { icon: 'circle-alert', tone: 'bad', word: () => t('Not a valid number') },
    invalid_row: { icon: 'circle-alert', tone: 'bad', word: () => t('Row not understood') },
};
const BATCH: Record<Batch, Look> = {
    queued: { icon: 'clock', tone: '', word: () => t('Waiting') },
    running: { icon: 'loader-circle', tone: 'info', word: () => t('Running') },
    completed: { icon: 'circle-check', tone: 'good', word: () => t('Done') },
    cancelled: { icon: 'ban', tone: '', word: () => t('Cancelled') },
    failed: { icon: 'circle-alert', tone: 'bad', word: () => t('Failed') },
    undoing: { icon: 'undo-2', tone: 'warn', word: () => t('Being undone') },
    undone: { icon: 'undo-2', tone: '', word: () => t('Undone') },
};
type Batch = Schemas['Batch']['status'];

function Show({ look }: { look: Look | undefined }) {
    if (!look) return <span class="status">–</span>;
    return (
        <span class={`status ${look.tone}`}>
            <Icon name={look.icon} />
            {look.word()}
        </span>
    );
}
export const SequenceState = ({ status }: { status: Schemas['SequenceStatus'] }) => <Show look={SEQUENCE[status]} />;
export const EnrollmentState = ({ status }: { status: Schemas['EnrollmentStatus'] }) => <Show look={ENROLLMENT[status]} />;
export const MessageState = ({ status }: { status: Schemas['MessageStatus'] }) => <Show look={MESSAGE[status]} />;
export const ChannelStatus = ({ state }: { state: Schemas['ChannelState'] }) => <Show look={CHANNEL[state]} />;
export const VerdictState = ({ verdict }: { verdict: Schemas['Verdict'] }) => <Show look={VERDICT[verdict]} />;
export const BatchState = ({ status }: { status: Batch }) => <Show look={BATCH[status]} />;
export const verdictWord = (verdict: Schemas['Verdict']): string => VERDICT[verdict].word();
export const enrollmentWord = (status: Schemas['EnrollmentStatus']): string => ENROLLMENT[status].word();
export const messageWord = (status: Schemas['MessageStatus']): string => MESSAGE[status].word();
export const ENROLLMENT_STATUSES = Object.keys(ENROLLMENT) as Schemas['EnrollmentStatus'][];
export const MESSAGE_STATUSES = Object.keys(MESSAGE) as Schemas['MessageStatus'][];

const REASONS: Record<string, () => string> = {
    late: () => t('Too late to be sent'),
    missing_field: () => t('A field had no value'),
    paused: () => t('Paused'),
    stopped: () => t('Stopped'),
    opted_out: () => t('Opted out'),
    edited: () => t('The sequence was changed'),
    operator: () => t('Cancelled by a person'),
    already_paused: () => t('Already paused'),
    already_active: () => t('Already active'),
    not_active: () => t('Not active'),
    not_paused: () => t('Not paused'),
    completed: () => t('Already finished'),
    already_stopped: () => t('Already stopped'),
    finished: () => t('Already finished'),
    ended: () => t('Already ended'),
    not_needed: () => t('Was already past this step'),
    sent_before: () => t('Sent elsewhere before'),
    template_gone: () => t('The template is gone'),
    replied: () => t('The person replied'),
    erased: () => t('The person was erased'),
    undone: () => t('The import was undone'),
    deleted: () => t('The sequence was deleted'),
    refused: () => t('Refused by WhatsApp'),
    tries_used_up: () => t('Every try was refused'),
    not_delivered: () => t('Could not be delivered'),
    too_long: () => t('The text is too long'),
    window_closed: () => t('The 24-hour window is closed'),
    no_address: () => t('No phone number'),
    no_channel: () => t('No number connected'),
    no_answer: () => t('WhatsApp did not answer'),
    connection_lost: () => t('The connection broke'),
    server_error: () => t('WhatsApp had a fault'),
    crash: () => t('The server stopped while sending'),
    grace_over: () => t('No proof came in time'),
    not_provable: () => t('Webhooks did not come in'),
    restored: () => t('Restored from a backup'),
    policy_hold: () => t('A person must decide'),
    rate_limit: () => t('Waits for speed'),
    pair_limit: () => t('This person just got a message'),
    tier_limit: () => t('Limit of people per 24 hours reached'),
    channel_paused: () => t('Number paused'),
    template_paused: () => t('The template is paused'),
    quiet_hours: () => t('Waits for the sending hours'),
    connection: () => t('WhatsApp could not be reached'),
    clock_suspect: () => t('The clock of the server jumped'),
    disk_full: () => t('The disk is nearly full'),
    stop_word: () => t('Wrote a stop word'),
    already_completed: () => t('Already finished'),
};
export function reasonWord(reason: string): string {
    return REASONS[reason]?.() ?? reason.replace(/_/g, ' ');
}

const RULES: Record<string, () => string> = {
    at_once: () => t('at once'),
    next_day: () => t('next day'),
    send_window: () => t('waits for the sending hours'),
    quiet_hours: () => t('waits for the end of quiet hours'),
    spacing: () => t('kept apart from the one before'),
    clock_gap: () => t('clock change'),
    clock_overlap: () => t('clock change'),
    shifted: () => t('moved by a pause'),
    late: () => t('late'),
    unknown_zone: () => t('unknown time zone'),
    retry: () => t('another try'),
};
export function ruleWord(code: string): string {
    return RULES[code]?.() ?? code.replace(/_/g, ' ');
}
const SOURCES: Record<string, () => string> = {
    api: () => t('API'),
    csv: () => t('file'),
    paste: () => t('pasted list'),
    form: () => t('form'),
    import: () => t('move from elsewhere'),
    operator: () => t('entered by hand'),
};
export function enrolledBy(source: string): string {
    return SOURCES[source]?.() ?? source;
}
const RESULTS: Record<string, () => string> = {
    open: () => t('under way'),
    not_sent: () => t('not sent'),
    rejected: () => t('refused'),
    doubt: () => t('no clear answer'),
    accepted: () => t('accepted'),
};
export function attemptWord(result: string): string {
    return RESULTS[result]?.() ?? result;
}
