/* Two-step sign-in: switching it on with an authenticator app, and off. The QR code is drawn here, so
 * that the seed goes to nobody else. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, loadPart, type ApiError, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { Alert, Button, Card, CopyButton, Dialog, Failure, PasswordField, showError, TextField, toast, useWork } from '../../ui/parts';
import { me, refreshMe } from '../../ui/state';

type Seed = Schemas['SecondFactorSeed'];

/* The library is fetched when somebody gets here: few ever do. */
function QrCode({ text }: { text: string }) {
    const [dots, setDots] = useState<boolean[][]>([]);
    useEffect(() => {
        loadPart(import('qr')).then(({ encodeQR }) => setDots(encodeQR(text, 'raw', { border: 4 })), showError);
    }, [text]);
    const path = dots.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
    return (
        <svg class="qr-code" viewBox={`0 0 ${dots.length || 1} ${dots.length || 1}`} role="img" aria-label={t('QR code for your authenticator app')} shape-rendering="crispEdges">
            <path d={path} />
        </svg>
    );
}

function CodeField({ value, onValue, error, hint }: { value: string; onValue: (value: string) => void; error?: string | null; hint?: string }) {
    return <TextField label={t('Code')} hint={hint} value={value} onValue={onValue} error={error} name="code" autocomplete="one-time-code" inputMode="numeric" dir="ltr" maxLength={40} autofocus />;
}

function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
    const text = codes.join('\n');
    return (
        <Dialog
            title={t('Keep these recovery codes')}
            onClose={onClose}
            footer={
                <Button kind="primary" onClick={onClose}>
                    {t('I have kept them')}
                </Button>
            }
        >
            <Alert kind="warn">{t('Each of them signs you in once when you do not have your phone. They are shown only now.')}</Alert>
            <div class="copy-line">
                <code class="recovery-codes">{text}</code>
                <CopyButton text={text} small={false} />
            </div>
        </Dialog>
    );
}

function SwitchOn({ onClose }: { onClose: () => void }) {
    const [password, setPassword] = useState('');
    const [code, setCode] = useState('');
    const [seed, setSeed] = useState<Seed | null>(null);
    const [codes, setCodes] = useState<string[] | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, run] = useWork();
    const close = (): void => {
        void refreshMe();
        onClose();
    };
    const step = async (): Promise<void> => {
        setError(null);
        try {
            if (!seed) {
                setSeed(await call(api.POST('/api/me/second-factor', { body: { current_password: password } })));
                setPassword('');
            } else {
                setCodes((await call(api.POST('/api/me/second-factor/confirm', { body: { code } }))).recovery_codes);
            }
        } catch (cause) {
            setError(cause as ApiError);
        }
    };
    if (codes) return <RecoveryCodes codes={codes} onClose={close} />;
    return (
        <Dialog
            title={t('Switch on two-step sign-in')}
            onClose={onClose}
            onSubmit={() => run(step)}
            footer={
                <>
                    <Button onClick={onClose}>{t('Cancel')}</Button>
                    <Button kind="primary" type="submit" busy={busy} disabled={seed ? !code.trim() : !password}>
                        {seed ? t('Switch on') : t('Continue')}
                    </Button>
                </>
            }
        >
            <WrongPassword error={error} />
            {seed ? (
                <>
                    <p>{t('Scan this with your authenticator app, then type the code it shows.')}</p>
                    <QrCode text={seed.uri} />
                    <div class="copy-line">
                        <code>{seed.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
                        <CopyButton text={seed.secret} small={false} />
                    </div>
                    <CodeField value={code} onValue={setCode} error={error?.fieldError('code') ? t('This code is not right. Is the clock of your phone right?') : null} />
                </>
            ) : (
                <PasswordField label={t('Current password')} value={password} onValue={setPassword} autocomplete="current-password" autofocus />
            )}
        </Dialog>
    );
}

export function WrongPassword({ error }: { error: ApiError | null }) {
    if (!error || error.errors.length) return null;
    return error.status === 403 ? <Alert kind="bad">{t('The current password is not right.')}</Alert> : <Failure error={error} />;
}

function SwitchOff({ onClose }: { onClose: () => void }) {
    const [password, setPassword] = useState('');
    const [code, setCode] = useState('');
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, run] = useWork();
    const submit = async (): Promise<void> => {
        setError(null);
        try {
            await call(api.POST('/api/me/second-factor/remove', { body: { current_password: password, code } }));
            await refreshMe();
            toast(t('Two-step sign-in is off.'));
            onClose();
        } catch (cause) {
            setError(cause as ApiError);
        }
    };
    return (
        <Dialog
            title={t('Switch off two-step sign-in')}
            onClose={onClose}
            onSubmit={() => run(submit)}
            footer={
                <>
                    <Button onClick={onClose}>{t('Cancel')}</Button>
                    <Button kind="danger" type="submit" busy={busy} disabled={!password || !code.trim()}>
                        {t('Switch off')}
                    </Button>
                </>
            }
        >
            <WrongPassword error={error} />
            <PasswordField label={t('Current password')} value={password} onValue={setPassword} autocomplete="current-password" autofocus />
            <CodeField value={code} onValue={setCode} hint={t('From your authenticator app, or a recovery code.')} error={error?.fieldError('code') ? t('This code is wrong or was used already.') : null} />
        </Dialog>
    );
}

export function SecondFactor() {
    const [open, setOpen] = useState(false);
    const on = Boolean(me.value?.user?.second_factor);
    return (
        <Card title={t('Two-step sign-in')}>
            <div class="card-body stack">
                <p>{on ? t('It is on: signing in asks for a code of your authenticator app.') : t('Signing in then asks for a code of an authenticator app on your phone, too. A stolen password alone opens nothing.')}</p>
                <div>
                    <Button kind={on ? 'danger' : undefined} onClick={() => setOpen(true)}>
                        {on ? t('Switch off') : t('Switch on')}
                    </Button>
                </div>
            </div>
            {open ? on ? <SwitchOff onClose={() => setOpen(false)} /> : <SwitchOn onClose={() => setOpen(false)} /> : null}
        </Card>
    );
}
