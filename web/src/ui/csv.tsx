/* The link beside a table that downloads all of it. */
import { t } from '../core/i18n';
import { Icon } from './parts';

export function DownloadCsv({ path, query = {} }: { path: string; query?: Record<string, string | undefined> }) {
    const wanted = Object.entries(query).filter((one): one is [string, string] => Boolean(one[1]));
    return (
        <a class="button small ghost" href={`${path}?${new URLSearchParams([...wanted, ['format', 'csv']]).toString()}`} download>
            <Icon name="download" />
            {t('Download CSV')}
        </a>
    );
}
