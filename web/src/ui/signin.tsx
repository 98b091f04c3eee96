/* Signing in: as a page, and as a dialog over work that must not be lost. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, call } from '../core/api';
import { t } from '../core/i18n';
import { Alert, Button, Dialog, ErrorText, Logo, PasswordField, TextField } from './parts';
import { me, reauth, signedIn } from './state';

function useSignIn(done: () => void) {
    const [email, setEmail] = useState(me.value?.user?.email ?? '');
    const [password, setPassword] = useState('');
    const [code, setCode] = useState<string | null>(null); /* null: not asked for */
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, setBusy] = useState(false);
    const [wait, setWait] = useState(0);
    const field = useRef<HTMLInputElement>(null);
    useEffect(() => {
        if (wait <= 0) return;
        const timer = setTimeout(() => setWait(wait - 1), 1_000);
        return () => clearTimeout(timer);
    }, [wait]);
    const submit = async (): Promise<void> => {
        if (busy || wait > 0) return;
        setBusy(true);
        setError(null);
        try {
            const answer = await call(api.POST('/api/login', { body: { email: email.trim(), password, ...(code === null ? {} : { code }) } }));
            setPassword('');
            setCode(null);
            signedIn(answer);
            done();
        } catch (cause) {
            const failure = cause as ApiError;
            if (failure.code === 'second_factor_required') {
                setCode('');
                return;
            }
            setError(failure);
            if (failure.status === 429) setWait(failure.retryAfter ?? 30);
            field.current?.focus();
            field.current?.select();
        } finally {
            setBusy(false);
        }
    };
    const fields = (
        <>
            {error ? (
                <Alert kind="bad">
                    {error.code === 'second_factor_wrong' ? (
                        t('This code is wrong or was used already.')
                    ) : error.status === 401 ? (
                        t('This e-mail address and password do not belong together.')
                    ) : error.status === 429 ? (
                        wait > 0 ? (
                            t('Too many tries. Wait {n} seconds and try again.', { n: wait })
                        ) : (
                            t('You can try again now.')
                        )
                    ) : (
                        <ErrorText error={error} />
                    )}
                </Alert>
            ) : null}
            <TextField label={t('E-mail address')} type="email" name="email" autocomplete="username" required autofocus={!email} value={email} onValue={setEmail} inputMode="email" />
            <PasswordField label={t('Password')} autocomplete="current-password" value={password} onValue={setPassword} inputRef={field} autofocus={Boolean(email)} />
            {code === null ? null : <TextField label={t('Code')} hint={t('From your authenticator app, or a recovery code.')} value={code} onValue={setCode} name="code" autocomplete="one-time-code" inputMode="numeric" dir="ltr" maxLength={40} autofocus required />}
        </>
    );
    return { submit, fields, busy: busy || wait > 0 };
}

export function SignInPage() {
    const { submit, fields, busy } = useSignIn(() => undefined);
    useEffect(() => {
        document.title = `${t('Sign in')} – Dripline`;
    }, []);
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
                <h1>{t('Sign in')}</h1>
                {fields}
                <Button kind="primary" type="submit" busy={busy}>
                    {t('Sign in')}
                </Button>
            </form>
        </main>
    );
}
export function SignInDialog() {
    const pending = reauth.value;
    if (!pending) return null;
    return <Inner resolve={pending.resolve} />;
}
function Inner({ resolve }: { resolve: (ok: boolean) => void }) {
    const { submit, fields, busy } = useSignIn(() => resolve(true));
    return (
        <Dialog
            title={t('Sign in again')}
            onClose={() => resolve(false)}
            onSubmit={() => void submit()}
            footer={
                <Button kind="primary" type="submit" busy={busy}>
                    {t('Sign in')}
                </Button>
            }
        >
            <p class="soft">{t('Your session has ended. Nothing you typed is lost: it is saved as soon as you are back.')}</p>
            {fields}
        </Dialog>
    );
}
