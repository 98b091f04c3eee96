/* Oneself: name, password, two-step sign-in, sessions, shortcuts. */
import { useState } from 'preact/hooks';
import { api, call } from '../../core/api';
import { t } from '../../core/i18n';
import { readPrefs, writePrefs } from '../../core/prefs';
import { useForm } from '../../ui/form';
import { Button, Card, Check, PasswordField, TextField, toast } from '../../ui/parts';
import { me, refreshMe } from '../../ui/state';
import { SecondFactor, WrongPassword } from './second_factor';
import { Sessions } from './sessions';

export function ProfilePage() {
    const user = me.value?.user;
    const [name, setName] = useState(user?.name ?? '');
    const [current, setCurrent] = useState('');
    const [next, setNext] = useState('');
    const [off, setOff] = useState(Boolean(readPrefs().shortcutsOff));
    const form = useForm();
    const save = (body: { name?: string; current_password?: string; new_password?: string }): void =>
        form.send(async () => {
            await call(api.PUT('/api/me', { body }));
            await refreshMe();
            setCurrent('');
            setNext('');
            toast(t('Saved.'));
        });
    return (
        <div class="stack loose">
            <WrongPassword error={form.error} />
            <Card title={t('You')}>
                <form
                    class="card-body stack"
                    noValidate
                    onSubmit={event => {
                        event.preventDefault();
                        save({ name: name.trim() });
                    }}
                >
                    <div class="fields">
                        <TextField label={t('Name')} autocomplete="name" value={name} onValue={setName} error={form.error?.fieldError('name')} />
                        <TextField label={t('E-mail address')} value={user?.email ?? ''} onValue={() => undefined} readOnly />
                    </div>
                    <div>
                        <Button type="submit" busy={form.busy}>
                            {t('Save')}
                        </Button>
                    </div>
                </form>
            </Card>
            <Card title={t('Password')}>
                <form
                    class="card-body stack"
                    noValidate
                    onSubmit={event => {
                        event.preventDefault();
                        save({ current_password: current, new_password: next });
                    }}
                >
                    <input type="text" class="visually-hidden" name="username" autocomplete="username" value={user?.email ?? ''} readOnly tabIndex={-1} aria-hidden="true" />
                    <div class="fields">
                        <PasswordField label={t('Current password')} value={current} onValue={setCurrent} autocomplete="current-password" error={form.error?.fieldError('current_password')} />
                        <PasswordField label={t('New password')} hint={t('At least 12 characters. A short sentence is good.')} value={next} onValue={setNext} autocomplete="new-password" error={form.error?.fieldError('new_password')} />
                    </div>
                    <div>
                        <Button type="submit" busy={form.busy} disabled={!current || !next}>
                            {t('Change password')}
                        </Button>
                    </div>
                </form>
            </Card>
            <SecondFactor />
            <Sessions />
            <Card title={t('Keyboard')}>
                <div class="card-body">
                    <Check
                        label={t('Single-key shortcuts')}
                        hint={t('like ? and / ; switch them off if you use speech input')}
                        checked={!off}
                        onValue={on => {
                            setOff(!on);
                            writePrefs({ shortcutsOff: !on });
                        }}
                    />
                </div>
            </Card>
        </div>
    );
}
