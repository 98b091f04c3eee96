/* First run: the one-time link of the log makes the first administrator. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type ApiError } from '../core/api';
import { t } from '../core/i18n';
import { navigate } from '../core/router';
import { Alert, Button, ErrorText, Logo, PasswordField, TextField } from './parts';
import { phase, place, signedIn } from './state';

export function SetupPage() {
    const given = place.value.query.get('token') ?? new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
    const [token, setToken] = useState(given);
    const [name, setName] = useState('');
    const [email, setEmail] = useState('');
    const [password, setPassword] = useState('');
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        document.title = `${t('Create the first administrator')} – Dripline`;
    }, []);
    const submit = async (): Promise<void> => {
        setBusy(true);
        setError(null);
        try {
            const answer = await call(api.POST('/api/setup', { body: { token: token.trim(), email: email.trim(), name: name.trim() || undefined, password } }));
            signedIn(answer);
            navigate('/', { replace: true });
        } catch (cause) {
            setError(cause as ApiError);
        } finally {
            setBusy(false);
        }
    };
    const wrongToken = error?.status === 403;
    return (
        <main class="centre">
            <form
                class="centre-card"
                noValidate
                onSubmit={event => {
                    event.preventDefault();
                    void submit();
                }}
            >
                <div class="brand">
                    <Logo /> Dripline
                </div>
                <div>
                    <h1>{t('Create the first administrator')}</h1>
                    <p class="soft">{t('This server is new. Make your own account; you can invite others later.')}</p>
                </div>
                {error && !wrongToken && error.errors.length === 0 ? (
                    <Alert kind="bad">
                        <ErrorText error={error} />
                        {error.status === 409 ? (
                            <button type="button" class="linklike" onClick={() => (phase.value = 'login')}>
                                {t('Sign in')}
                            </button>
                        ) : null}
                    </Alert>
                ) : null}
                {!given || wrongToken ? (
                    <TextField
                        label={t('Setup token')}
                        hint={t('The server printed it when it started: look for the line with the setup link.')}
                        error={wrongToken ? t('This is not the token of this server, or it was used already.') : error?.fieldError('token')}
                        value={token}
                        onValue={setToken}
                        autocomplete="off"
                        required
                        autofocus
                    />
                ) : null}
                <TextField label={t('Your name')} value={name} onValue={setName} autocomplete="name" autofocus={Boolean(given)} error={error?.fieldError('name')} />
                <TextField label={t('E-mail address')} type="email" value={email} onValue={setEmail} autocomplete="username" inputMode="email" required error={error?.fieldError('email')} />
                <PasswordField label={t('Password')} hint={t('At least 12 characters. A short sentence is good.')} value={password} onValue={setPassword} autocomplete="new-password" error={error?.fieldError('password')} />
                <Button kind="primary" type="submit" busy={busy}>
                    {t('Create account')}
                </Button>
            </form>
        </main>
    );
}
