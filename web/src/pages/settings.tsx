/* Settings: numbers, keys, users, the server, oneself. */
import type { FunctionComponent } from 'preact';
import { t } from '../core/i18n';
import { PageHead, usePage } from '../ui/page';
import { Empty } from '../ui/parts';
import { can, language, place } from '../ui/state';
import { Audit } from './settings/audit';
import { Channels } from './settings/channels';
import { Email } from './settings/email';
import { General } from './settings/general';
import { Keys } from './settings/keys';
import { ProfilePage } from './settings/profile';
import { Users } from './settings/users';
import { Webhooks } from './settings/webhooks';

const TABS: { code: string; label: () => string; admin: boolean; page: FunctionComponent }[] = [
    { code: 'channels', label: () => t('WhatsApp numbers'), admin: false, page: Channels },
    { code: 'general', label: () => t('General'), admin: false, page: General },
    { code: 'keys', label: () => t('API keys'), admin: true, page: Keys },
    { code: 'users', label: () => t('Users'), admin: true, page: Users },
    { code: 'webhooks', label: () => t('Webhooks'), admin: true, page: Webhooks },
    { code: 'email', label: () => t('E-mail'), admin: true, page: Email },
    { code: 'audit', label: () => t('Audit log'), admin: true, page: Audit },
    { code: 'profile', label: () => t('Profile'), admin: false, page: ProfilePage },
];
export default function Settings() {
    void language.value;
    const code = place.value.path.split('/')[2] ?? 'channels';
    const tab = TABS.find(one => one.code === code);
    usePage(tab?.label() ?? t('Settings'), tab ? [{ label: t('Settings'), href: '/settings' }] : []);
    const Page = tab?.page;
    return (
        <div class="page">
            <PageHead title={t('Settings')} />
            <div class="settings-body">
            <nav class="tabs" aria-label={t('Settings')}>
                {TABS.filter(one => !one.admin || can('admin')).map(one => (
                    <a key={one.code} href={`/settings/${one.code}`} aria-current={one === tab ? 'page' : undefined}>
                        {one.label()}
                    </a>
                ))}
            </nav>
            {!tab || !Page ? <Empty icon="map-pin-off" title={t('This page does not exist')} /> : tab.admin && !can('admin') ? <Empty icon="lock" title={t('Only administrators can see this')} /> : <Page />}
            </div>
        </div>
    );
}
