/* Shortcuts, the checklist again, and where the rest is written down. */
import { t } from '../core/i18n';
import { navigate } from '../core/router';
import { PageHead, usePage } from '../ui/page';
import { Button, Card } from '../ui/parts';
import { can, language, me } from '../ui/state';
import { setupAgain } from './dashboard';

export default function Help() {
    void language.value;
    usePage(t('Help'));
    const keys: [string[], string][] = [
        [['Ctrl', 'K'], t('Search and commands')],
        [['?'], t('This page')],
        [['/'], t('To the search field')],
        [['g', 'd'], t('Dashboard')],
        [['g', 's'], t('Sequences')],
        [['g', 'm'], t('Messages')],
        [['g', 'c'], t('Contacts')],
        [['Alt', '↑ ↓'], t('Move a message in the builder')],
        [['Ctrl', 'B'], t('Bold, in a message')],
        [['Ctrl', 'I'], t('Italic, in a message')],
    ];
    return (
        <div class="page narrow">
            <PageHead title={t('Help')} lead={t('Dripline {version}', { version: me.value?.server.version ?? '' })} />
            {can('write') ? (
                <Card title={t('Get started')}>
                    <div class="card-body stack">
                        <p class="soft">{t('The checklist of the first steps ticks itself as you go.')}</p>
                        <div>
                            <Button
                                onClick={() => {
                                    setupAgain();
                                    navigate('/');
                                }}
                            >
                                {t('Show the checklist on the dashboard')}
                            </Button>
                        </div>
                    </div>
                </Card>
            ) : null}
            <Card title={t('Keyboard')}>
                <table class="table">
                    <tbody>
                        {keys.map(([combination, what]) => (
                            <tr key={combination.join()}>
                                <td class="nowrap">
                                    {combination.map(key => (
                                        <>
                                            <kbd>{key}</kbd>{' '}
                                        </>
                                    ))}
                                </td>
                                <td>{what}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </Card>
            <Card title={t('How messages look')}>
                <div class="card-body">
                    <dl class="facts">
                        <dt>
                            <code>*text*</code>
                        </dt>
                        <dd>
                            <strong>{t('bold')}</strong>
                        </dd>
                        <dt>
                            <code>_text_</code>
                        </dt>
                        <dd>
                            <em>{t('italic')}</em>
                        </dd>
                        <dt>
                            <code>~text~</code>
                        </dt>
                        <dd>
                            <s>{t('struck through')}</s>
                        </dd>
                        <dt>
                            <code>{'{first_name|there}'}</code>
                        </dt>
                        <dd>{t('the first name, or “there” when it is not known')}</dd>
                        <dt>
                            <code>{'{city|your city}'}</code>
                        </dt>
                        <dd>{t('a field of your own, with a fallback')}</dd>
                        <dt>
                            <code>{'{{'}</code>
                        </dt>
                        <dd>{t('a real brace')}</dd>
                    </dl>
                </div>
            </Card>
            <p class="soft">
                <a href="/docs">{t('API documentation')}</a>
            </p>
        </div>
    );
}
