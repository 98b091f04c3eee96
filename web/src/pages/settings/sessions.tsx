/* Where oneself is signed in, and signing out there. */
import { api, call, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { ask, Button, Card, Failure, showError, Skeleton, Time, toast } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { Table } from '../../ui/table';

type Session = Schemas['Session'];

/* "Firefox on Linux" of what browsers say of themselves; their own words when they are unknown. */
export function browserName(agent: string): string {
    const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : '';
    const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS X/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : '';
    if (browser && system) return t('{browser} on {system}', { browser, system });
    return browser || agent.slice(0, 60) || t('Unknown browser');
}

const end = (session: Session): Promise<unknown> => call(api.DELETE('/api/me/sessions/{id}', { params: { path: { id: session.id } } }));

export function Sessions() {
    const sessions = useResource('sessions', () => call(api.GET('/api/me/sessions')));
    const others = sessions.data?.data.filter(session => !session.current) ?? [];
    const endAll = async (list: Session[]): Promise<void> => {
        for (const session of list) await end(session);
        toast(t('Signed out there.'));
        sessions.reload();
    };
    const endOthers = async (): Promise<void> => {
        if (await ask({ title: t('Sign out everywhere else?'), body: <p>{t('Unsaved work there is kept in those browsers.')}</p>, action: t('Sign out'), danger: true })) await endAll(others);
    };
    if (!sessions.data) return sessions.error ? <Failure error={sessions.error} retry={sessions.reload} /> : <Skeleton />;
    return (
        <Card
            title={t('Where you are signed in')}
            actions={
                others.length ? (
                    <Button small onClick={() => void endOthers().catch(showError)}>
                        {t('Sign out everywhere else')}
                    </Button>
                ) : null
            }
        >
            <Table columns={[t('Browser'), t('Address'), t('Last seen')]} tools>
                {sessions.data.data.map(session => (
                    <tr key={session.id}>
                        <td class="words">
                            {browserName(session.agent)} {session.current ? <span class="chip">{t('this one')}</span> : null}
                        </td>
                        <td class="soft" dir="ltr">
                            {session.address}
                        </td>
                        <td class="muted">
                            <Time at={session.last_seen_at} />
                        </td>
                        <td class="tools">
                            {session.current ? null : (
                                <Button small onClick={() => void endAll([session]).catch(showError)}>
                                    {t('Sign out')}
                                </Button>
                            )}
                        </td>
                    </tr>
                ))}
            </Table>
        </Card>
    );
}
