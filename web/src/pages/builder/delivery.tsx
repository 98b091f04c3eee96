/* When and how the sequence is sent: as one sentence, and as fields. */
import { useState } from 'preact/hooks';
import { api, call, type SequenceInput } from '../../core/api';
import * as format from '../../core/format';
import { t } from '../../core/i18n';
import { Button, Card, Check, Field, Icon, SelectField } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { me } from '../../ui/state';

export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/* Browsers list some zones by names that were replaced since. */
const RENAMED: Record<string, string> = {
    'Africa/Asmera': 'Africa/Asmara',
    'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
    'America/Catamarca': 'America/Argentina/Catamarca',
    'America/Coral_Harbour': 'America/Atikokan',
    'America/Cordoba': 'America/Argentina/Cordoba',
    'America/Godthab': 'America/Nuuk',
    'America/Indianapolis': 'America/Indiana/Indianapolis',
    'America/Jujuy': 'America/Argentina/Jujuy',
    'America/Louisville': 'America/Kentucky/Louisville',
    'America/Mendoza': 'America/Argentina/Mendoza',
    'Asia/Calcutta': 'Asia/Kolkata',
    'Asia/Katmandu': 'Asia/Kathmandu',
    'Asia/Rangoon': 'Asia/Yangon',
    'Asia/Saigon': 'Asia/Ho_Chi_Minh',
    'Atlantic/Faeroe': 'Atlantic/Faroe',
    'Europe/Kiev': 'Europe/Kyiv',
    'Pacific/Enderbury': 'Pacific/Kanton',
    'Pacific/Ponape': 'Pacific/Pohnpei',
    'Pacific/Truk': 'Pacific/Chuuk',
};
let known: string[] | null = null;
export function zones(): string[] {
    if (known) return known;
    let listed: string[] = [];
    try {
        listed = Intl.supportedValuesOf('timeZone');
    } catch {
        // An old browser lists none; the current value and UTC are still offered.
    }
    known = [...new Set(['UTC', ...listed.map(zone => RENAMED[zone] ?? zone)])].sort();
    return known;
}
export function ZoneField({ label, value, onValue, empty, error }: { label: string; value: string | null; onValue: (zone: string | null) => void; empty?: string; error?: string | null }) {
    const all = zones();
    return (
        <SelectField
            label={label}
            value={value ?? ''}
            error={error}
            onValue={zone => onValue(zone || null)}
            options={[...(empty !== undefined ? [['', empty] as const] : []), ...(value && !all.includes(value) ? [[value, value] as const] : []), ...all.map(zone => [zone, zone.replace(/_/g, ' ')] as const)]}
        />
    );
}
function days(list: readonly string[]): string {
    if (list.length === 7) return t('every day');
    const first = WEEK.indexOf(list[0] as (typeof WEEK)[number]);
    const run = list.length > 2 && list.every((day, index) => WEEK.indexOf(day as (typeof WEEK)[number]) === first + index);
    return run ? `${format.weekday(list[0] as string)} – ${format.weekday(list[list.length - 1] as string)}` : format.list(list.map(day => format.weekday(day)));
}
export function deliveryWords(document: SequenceInput): string[] {
    const words = [document.send_time ? t('Later days at {time}', { time: format.clockTime(document.send_time) }) : t('Later days at each person’s time of enrollment')];
    words.push(document.timezone ? t('in {zone} unless the person has a zone', { zone: document.timezone.replace(/_/g, ' ') }) : t('in the person’s own zone'));
    if (document.send_window) words.push(t('only {days}, {from} – {to}', { days: days(document.send_window.days), from: format.clockTime(document.send_window.from), to: document.send_window.to === '24:00' ? '24:00' : format.clockTime(document.send_window.to) }));
    words.push({ continue: t('replies change nothing'), pause: t('a reply pauses'), stop: t('a reply stops') }[document.on_reply ?? 'continue']);
    return words;
}
export function Delivery({ document, update, readOnly, fieldError }: { document: SequenceInput; update: (change: Partial<SequenceInput>) => void; readOnly: boolean; fieldError: (field: string) => string | null }) {
    const [open, setOpen] = useState(false);
    const channels = useResource('channels', () => call(api.GET('/api/channels')), { on: ['channel'] });
    const window = document.send_window;
    const late = document.late_policy ?? { action: 'skip', max_late: '3d' };
    return (
        <Card class="delivery">
            <button type="button" class="delivery-line" aria-expanded={open} onClick={() => setOpen(!open)}>
                <Icon name="calendar-clock" />
                <span class="grow">{deliveryWords(document).join(' · ')}</span>
                <span class="linklike">{open ? t('Close') : readOnly ? t('Show') : t('Change')}</span>
            </button>
            {open ? (
                <fieldset class="card-body stack loose" disabled={readOnly}>
                    <div class="fields">
                        <Field label={t('Time of day from Day 2')} hint={t('Empty: the time at which the person was enrolled.')} error={fieldError('send_time')}>
                            {props => <input type="time" class="input" {...props} value={document.send_time ?? ''} onInput={event => update({ send_time: event.currentTarget.value || null })} />}
                        </Field>
                        <ZoneField label={t('Time zone')} value={document.timezone ?? null} onValue={timezone => update({ timezone })} empty={t('The server’s: {zone}', { zone: me.value?.server.timezone ?? 'UTC' })} error={fieldError('timezone')} />
                        <SelectField label={t('Send from')} value={document.channel_id ?? ''} error={fieldError('channel_id')} onValue={id => update({ channel_id: id || null })} options={[['', t('The default number')], ...(channels.data?.data ?? []).map(channel => [channel.id, channel.display_phone ? `${channel.name} (${channel.display_phone})` : channel.name] as const)]} />
                    </div>
                    <div class="stack">
                        <Check label={t('Send only in these hours')} checked={Boolean(window)} onValue={on => update({ send_window: on ? { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '09:00', to: '19:00' } : null })} />
                        {window ? (
                            <div class="row wrap wide">
                                <div class="week" role="group" aria-label={t('Days')}>
                                    {WEEK.map(day => (
                                        <button
                                            key={day}
                                            type="button"
                                            aria-pressed={window.days.includes(day)}
                                            onClick={() => {
                                                const next = WEEK.filter(one => (one === day ? !window.days.includes(day) : window.days.includes(one)));
                                                if (next.length) update({ send_window: { ...window, days: next } });
                                            }}
                                        >
                                            {format.weekday(day)}
                                        </button>
                                    ))}
                                </div>
                                <div class="row">
                                    <input type="time" class="input auto" aria-label={t('From')} value={window.from} onInput={event => event.currentTarget.value && update({ send_window: { ...window, from: event.currentTarget.value } })} />
                                    –
                                    <input type="time" class="input auto" aria-label={t('To')} value={window.to} onInput={event => event.currentTarget.value && update({ send_window: { ...window, to: event.currentTarget.value } })} />
                                </div>
                                {fieldError('send_window') ? <span class="danger-text small">{fieldError('send_window')}</span> : null}
                            </div>
                        ) : null}
                    </div>
                    <div class="fields">
                        <SelectField
                            label={t('When someone replies')}
                            value={document.on_reply ?? 'continue'}
                            onValue={value => update({ on_reply: value as 'continue' })}
                            options={[
                                ['continue', t('Go on as planned')],
                                ['pause', t('Pause for that person')],
                                ['stop', t('Stop for that person')],
                            ]}
                        />
                        <SelectField
                            label={t('Enrolling someone again')}
                            value={document.reenroll ?? 'never'}
                            onValue={value => update({ reenroll: value as 'never' })}
                            options={[
                                ['never', t('Never')],
                                ['after_completion', t('After they finished')],
                                ['restart', t('Starts from Day 1')],
                            ]}
                        />
                        <SelectField
                            label={t('A message that is too late')}
                            value={late.action ?? 'skip'}
                            onValue={value => update({ late_policy: { ...late, action: value as 'skip' } })}
                            options={[
                                ['skip', t('Is skipped')],
                                ['send', t('Is sent all the same')],
                                ['stop', t('Stops for that person')],
                            ]}
                        />
                        <SelectField
                            label={t('Too late means')}
                            value={late.max_late ?? '3d'}
                            error={fieldError('late_policy.max_late')}
                            onValue={value => update({ late_policy: { ...late, max_late: value } })}
                            options={[...new Set(['6h', '12h', '1d', '2d', '3d', '7d', late.max_late ?? '3d'])].map(value => [value, durationWords(value)] as const)}
                        />
                    </div>
                    <div>
                        <Button small onClick={() => setOpen(false)}>
                            {t('Done')}
                        </Button>
                    </div>
                </fieldset>
            ) : null}
        </Card>
    );
}
export function durationWords(text: string): string {
    const match = /^(\d+)([mhdw])$/.exec(text);
    if (!match) return text;
    const unit = { m: 'minute', h: 'hour', d: 'day', w: 'week' }[match[2] as 'm'];
    try {
        return new Intl.NumberFormat(document.documentElement.lang || 'en', { style: 'unit', unit, unitDisplay: 'long' }).format(Number(match[1]));
    } catch {
        return text;
    }
}
