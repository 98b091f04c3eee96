/* How one's own software enrolls people: this sequence's address and working samples. */
import { useState } from 'preact/hooks';
import type { Sequence } from '../../core/api';
import { t } from '../../core/i18n';
import { curl, javascript, python, type Call } from '../../core/snippets';
import { Card, Check, Code, CopyButton, Segmented } from '../../ui/parts';

export function ApiPanel({ sequence }: { sequence: Sequence }) {
    const [language, setLanguage] = useState<'curl' | 'javascript' | 'python'>('curl');
    const [many, setMany] = useState(false);
    const url = `${location.origin}/api/sequences/${sequence.id}/enroll${many ? '/bulk' : ''}`;
    const person = { phone: '919876543210', name: 'Asha Rao', custom_fields: { city: 'Pune' } };
    const request: Call = { method: 'POST', url, key: 'sk_YOUR_KEY', body: many ? { enrollments: [person, { phone: '5511987654321', name: 'João Silva' }] } : person };
    const text = { curl, javascript, python }[language](request);
    return (
        <Card>
            <div class="card-body stack loose">
                <p class="soft">{t('Your own software enrolls people with one call. Calling it twice for the same person does no harm.')}</p>
                <div class="field">
                    <span class="label">{t('Address for this sequence')}</span>
                    <div class="copy-line">
                        <code>POST {url}</code>
                        <CopyButton text={url} small={false} />
                    </div>
                </div>
                <div class="row wrap wide">
                    <Segmented
                        label={t('Language')}
                        value={language}
                        onValue={setLanguage}
                        options={[
                            ['curl', 'curl'],
                            ['javascript', 'JavaScript'],
                            ['python', 'Python'],
                        ]}
                    />
                    <Check label={t('Several people in one call')} checked={many} onValue={setMany} />
                </div>
                <Code text={text} label={t('Sample')} />
                <p class="small soft">
                    {t('Replace sk_YOUR_KEY by a key with the scope “enroll”.')} <a href="/settings/keys">{t('Create a key')}</a> · <a href="/docs">{t('Full API documentation')}</a>
                </p>
            </div>
        </Card>
    );
}
