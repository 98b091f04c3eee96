/* What somebody should look at: the bell in the head of every page, and the list it opens. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { said } from '../core/said';
import { Button, Empty, Failure, Icon, Menu, showError, Skeleton, Time, toast } from './parts';
import { useResource, type Resource } from './resource';
import { can, hub, language } from './state';

type Item = Schemas['Alert'];
type Page = { data: Item[]; next_cursor: string | null };
const LOOK: Record<Item['severity'], { icon: string; tone: string; word: () => string }> = {
    critical: { icon: 'circle-alert', tone: 'bad', word: () => t('Urgent') },
    warning: { icon: 'triangle-alert', tone: 'warn', word: () => t('Warning') },
    info: { icon: 'info', tone: 'info', word: () => t('Note') },
};
export function useAlerts(status: 'open' | 'closed'): Resource<Page> {
    return useResource(`alerts ${status}`, () => call(api.GET('/api/alerts', { params: { query: { status, limit: 100 } } })), { on: ['alert', 'channel', 'batch'] });
}
export function Bell() {
    void language.value;
    const open = useAlerts('open');
    const unread = (open.data?.data ?? []).filter(one => !one.acknowledged_at && !one.muted_until);
    const label = unread.length ? plural('{n} alert', '{n} alerts', unread.length, format.number(unread.length)) : t('Alerts');
    return (
        <a class="button ghost small icon-only bell" href="/alerts" aria-label={label} title={label}>
            <Icon name="bell" />
            {unread.length ? (
                <span class={`badge${unread.some(one => one.severity === 'critical') ? ' bad' : ''}`} aria-hidden="true">
                    {unread.length > 99 ? '99+' : unread.length}
                </span>
            ) : null}
        </a>
    );
}
export function AlertList({ alerts, status }: { alerts: Resource<Page>; status: 'open' | 'closed' }) {
    const [busy, setBusy] = useState<string | null>(null);
    if (!alerts.data) return <div class="card-body">{alerts.error ? <Failure error={alerts.error} retry={alerts.reload} /> : <Skeleton />}</div>;
    if (!alerts.data.data.length)
        return (
            <Empty icon="bell-off" title={status === 'open' ? t('Nothing to look at') : t('No earlier alerts')}>
                {status === 'open' ? t('Alerts open and close by themselves.') : null}
            </Empty>
        );
    const act = (id: string, work: Promise<unknown>, text: string): void => {
        setBusy(id);
        work.then(() => {
            toast(text);
            alerts.reload();
            hub.events.emit({ kind: 'alert', type: 'alert.changed', data: {} }); // the bell counts anew
        }, showError).finally(() => setBusy(null));
    };
    return (
        <ul class="timeline">
            {alerts.data.data.map(one => {
                const look = LOOK[one.severity];
                const path = { id: one.id };
                return (
                    <li key={one.id} class="message-item row top alert-item">
                        <span class={`status ${look.tone}`} title={look.word()}>
                            <Icon name={look.icon} big />
                            <span class="visually-hidden">{look.word()}</span>
                        </span>
                        <div class="grow stack tight">
                            <a class="title" href={one.link} dir="auto">
                                {said(one.title)}
                            </a>
                            <div class="small soft" dir="auto">
                                {said(one.advice)}
                            </div>
                            <div class="small muted">
                                {t('since')} <Time at={one.since} style="moment" />
                                {one.closed_at ? (
                                    <>
                                        {' '}
                                        · {t('over since')} <Time at={one.closed_at} style="moment" />
                                    </>
                                ) : null}
                                {one.acknowledged_at ? ` · ${t('seen by {name}', { name: one.acknowledged_by || '–' })}` : ''}
                                {one.muted_until ? (
                                    <>
                                        {' '}
                                        · {t('silent until')} <Time at={one.muted_until} style="moment" />
                                    </>
                                ) : null}
                            </div>
                        </div>
                        {status === 'open' && can('write') ? (
                            <span class="row">
                                {!one.acknowledged_at ? (
                                    <Button small busy={busy === one.id} icon="check" onClick={() => act(one.id, call(api.POST('/api/alerts/{id}/acknowledge', { params: { path } })), t('Marked as seen.'))}>
                                        {t('Seen')}
                                    </Button>
                                ) : null}
                                <Menu
                                    label={t('More for “{name}”', { name: said(one.title) })}
                                    items={[
                                        ...(['2h', '1d', '7d'] as const).map(time => ({ label: { '2h': t('Silent for 2 hours'), '1d': t('Silent for a day'), '7d': t('Silent for a week') }[time], icon: 'bell-off', run: () => act(one.id, call(api.POST('/api/alerts/{id}/mute', { params: { path }, body: { for: time } })), t('Silenced.')) })),
                                        Boolean(one.muted_until) && { label: t('Not silent any more'), icon: 'bell', run: () => act(one.id, call(api.POST('/api/alerts/{id}/mute', { params: { path }, body: { for: '0s' } })), t('It speaks again.')) },
                                    ]}
                                />
                            </span>
                        ) : null}
                    </li>
                );
            })}
        </ul>
    );
}
