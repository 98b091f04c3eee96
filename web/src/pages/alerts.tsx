/* Alerts, open and closed. */
import { api, call } from '../core/api';
import { t } from '../core/i18n';
import { AlertList, useAlerts } from '../ui/alerts';
import { DownloadCsv } from '../ui/csv';
import { PageHead, usePage } from '../ui/page';
import { Button, Card, useWork } from '../ui/parts';
import { can, language, place } from '../ui/state';

export default function Alerts() {
    void language.value;
    usePage(t('Alerts'));
    const status = place.value.query.get('status') === 'closed' ? 'closed' : 'open';
    const alerts = useAlerts(status);
    const [busy, run] = useWork();
    return (
        <div class="page narrow">
            <PageHead title={t('Alerts')} lead={t('Each says what is wrong, since when, and what to do. It closes by itself when the cause ends.')}>
                <DownloadCsv path="/api/alerts" query={{ status }} />
                {can('write') ? (
                    <Button busy={busy} icon="bell-ring" onClick={() => run(async () => (await call(api.POST('/api/alerts/test')), alerts.reload()))}>
                        {t('Test alert')}
                    </Button>
                ) : null}
            </PageHead>
            <nav class="tabs" aria-label={t('Alerts')}>
                <a href="/alerts" aria-current={status === 'open' ? 'page' : undefined}>
                    {t('Now')}
                </a>
                <a href="/alerts?status=closed" aria-current={status === 'closed' ? 'page' : undefined}>
                    {t('Earlier')}
                </a>
            </nav>
            <Card>
                <AlertList alerts={alerts} status={status} />
            </Card>
        </div>
    );
}
