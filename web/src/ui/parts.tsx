/* The small parts every page is made of. Native elements wherever the browser has one. */
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, pageIsLeft } from '../core/api';
import { copyText } from '../core/clipboard';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { changed, closeDialog, openDialog, openDialogs } from '../core/router';
import { language, nowMs } from './state';

declare const ICON_SPRITE: string;
export function Icon({ name, big, flip, class: extra }: { name: string; big?: boolean; flip?: boolean; class?: string }) {
    return (
        <svg class={`icon${big ? ' big' : ''}${flip ? ' flip' : ''}${extra ? ` ${extra}` : ''}`} aria-hidden="true" focusable="false">
            <use href={`${ICON_SPRITE}#${name}`} />
        </svg>
    );
}
export function Logo() {
    return (
        <svg viewBox="0 0 32 32" aria-hidden="true" width="24" height="24">
            <rect width="32" height="32" rx="8" fill="#0b7a5f" />
            <path d="M16 6c3.8 4.6 6.4 7.9 6.4 11.6a6.4 6.4 0 0 1-12.8 0C9.6 13.9 12.2 10.6 16 6z" fill="#fff" />
            <path d="M16 21.5a3.7 3.7 0 0 0 3.7-3.7" stroke="#0b7a5f" stroke-width="1.8" fill="none" stroke-linecap="round" />
        </svg>
    );
}

type ButtonProps = Omit<JSX.HTMLAttributes<HTMLButtonElement>, 'icon'> & { icon?: string; kind?: 'primary' | 'danger' | 'ghost'; small?: boolean; busy?: boolean; label?: string; type?: 'button' | 'submit'; disabled?: boolean; solid?: boolean; form?: string };
export function Button({ icon, kind, small, busy, label, solid, children, class: extra, type = 'button', ...rest }: ButtonProps) {
    const classes = ['button', kind, small && 'small', solid && 'solid', busy && 'busy', !children && 'icon-only', extra].filter(Boolean).join(' ');
    return (
        <button {...rest} type={type} class={classes} aria-label={label} title={label} aria-busy={busy || undefined} disabled={rest.disabled || busy}>
            {busy ? <Icon name="loader-circle" /> : icon ? <Icon name={icon} flip={icon.startsWith('arrow') || icon.startsWith('chevron')} /> : null}
            {children}
        </button>
    );
}
/* Runs work once at a time and shows a failure as a toast; the page keeps its content. */
export function useWork(): [boolean, (work: () => Promise<unknown>) => void] {
    const [busy, setBusy] = useState(false);
    const run = (work: () => Promise<unknown>): void => {
        if (busy) return;
        setBusy(true);
        work()
            .catch(showError)
            .finally(() => setBusy(false));
    };
    return [busy, run];
}

export function Field({ label, hint, error, children }: { label: string; hint?: ComponentChildren; error?: string | null; children: (props: { id: string; 'aria-invalid'?: 'true'; 'aria-describedby'?: string }) => ComponentChildren }) {
    const id = useId();
    const described = [error ? `${id}e` : '', hint ? `${id}h` : ''].filter(Boolean).join(' ');
    return (
        <div class="field">
            <label for={id}>{label}</label>
            {children({ id, 'aria-invalid': error ? 'true' : undefined, 'aria-describedby': described || undefined })}
            {error ? (
                <span class="error" id={`${id}e`}>
                    <Icon name="circle-alert" /> {error}
                </span>
            ) : null}
            {hint ? (
                <span class="hint" id={`${id}h`}>
                    {hint}
                </span>
            ) : null}
        </div>
    );
}
type InputProps = { label: string; hint?: ComponentChildren; error?: string | null; value: string; onValue: (value: string) => void } & Omit<JSX.HTMLAttributes<HTMLInputElement>, 'value' | 'label'> & { type?: string; placeholder?: string; required?: boolean; autocomplete?: string; maxLength?: number; min?: string | number; max?: string | number; inputMode?: string; name?: string; autofocus?: boolean; readOnly?: boolean; list?: string; disabled?: boolean };
export function TextField({ label, hint, error, value, onValue, ...rest }: InputProps) {
    return (
        <Field label={label} hint={hint} error={error}>
            {props => <input class="input" {...(rest as object)} {...props} value={value} onInput={event => onValue(event.currentTarget.value)} />}
        </Field>
    );
}
export function SelectField({ label, hint, error, value, onValue, options, disabled }: { label: string; hint?: ComponentChildren; error?: string | null; value: string; onValue: (value: string) => void; options: readonly (readonly [string, string])[]; disabled?: boolean }) {
    return (
        <Field label={label} hint={hint} error={error}>
            {props => (
                <select class="select" {...props} value={value} disabled={disabled} onChange={event => onValue(event.currentTarget.value)}>
                    {options.map(([code, text]) => (
                        <option key={code} value={code}>
                            {text}
                        </option>
                    ))}
                </select>
            )}
        </Field>
    );
}
export function PasswordField({ label, hint, error, value, onValue, autocomplete, autofocus, inputRef }: { label: string; hint?: string; error?: string | null; value: string; onValue: (value: string) => void; autocomplete: string; autofocus?: boolean; inputRef?: { current: HTMLInputElement | null } }) {
    const [shown, setShown] = useState(false);
    return (
        <Field label={label} hint={hint} error={error}>
            {props => (
                <div class="password">
                    <input ref={inputRef} class="input" {...props} type={shown ? 'text' : 'password'} name="password" value={value} autocomplete={autocomplete} autofocus={autofocus} required onInput={event => onValue(event.currentTarget.value)} />
                    <button type="button" class="linklike" aria-pressed={shown} onClick={() => setShown(!shown)}>
                        {shown ? t('Hide') : t('Show')}
                        <span class="visually-hidden"> {t('password')}</span>
                    </button>
                </div>
            )}
        </Field>
    );
}
export function Check({ label, hint, checked, onValue, disabled }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onValue: (value: boolean) => void; disabled?: boolean }) {
    return (
        <label class="check">
            <input type="checkbox" checked={checked} disabled={disabled} onChange={event => onValue(event.currentTarget.checked)} />
            <span>
                {label}
                {hint ? <span class="hint small muted"> {hint}</span> : null}
            </span>
        </label>
    );
}
export function Segmented<T extends string>({ label, value, onValue, options }: { label: string; value: T; onValue: (value: T) => void; options: readonly (readonly [T, string])[] }) {
    return (
        <div class="segmented" role="group" aria-label={label}>
            {options.map(([code, text]) => (
                <button key={code} type="button" aria-pressed={code === value} onClick={() => onValue(code)}>
                    {text}
                </button>
            ))}
        </div>
    );
}
export function SearchField({ label, value, onValue, wait = 120 }: { label: string; value: string; onValue: (value: string) => void; wait?: number }) {
    const [typed, setTyped] = useState(value);
    const timer = useRef<ReturnType<typeof setTimeout>>();
    // What was told from here comes back a moment later, when more may have been typed.
    const told = useRef(value);
    useEffect(() => {
        if (value === told.current) return;
        told.current = value;
        clearTimeout(timer.current);
        setTyped(value);
    }, [value]);
    return (
        <div class="search">
            <Icon name="search" />
            <input
                class="input small"
                type="search"
                value={typed}
                aria-label={label}
                placeholder={label}
                onInput={event => {
                    const text = event.currentTarget.value;
                    setTyped(text);
                    clearTimeout(timer.current);
                    timer.current = setTimeout(() => {
                        told.current = text;
                        onValue(text);
                    }, wait);
                }}
            />
        </div>
    );
}

export function Dialog({ title, onClose, children, footer, wide, onSubmit }: { title: string; onClose: () => void; children: ComponentChildren; footer?: ComponentChildren; wide?: boolean; onSubmit?: () => void }) {
    const ref = useRef<HTMLDialogElement>(null);
    const id = useId();
    useEffect(() => {
        const dialog = ref.current;
        if (dialog && !dialog.open) dialog.showModal();
        return () => dialog?.close();
    }, []);
    const inner = (
        <>
            <div class="dialog-head">
                <h2 id={id}>{title}</h2>
                <Button icon="x" kind="ghost" small label={t('Close')} onClick={onClose} />
            </div>
            <div class="dialog-body">{children}</div>
            {footer ? <div class="dialog-foot">{footer}</div> : null}
        </>
    );
    return (
        <dialog
            ref={ref}
            class={`dialog${wide ? ' wide' : ''}`}
            aria-labelledby={id}
            onCancel={event => {
                event.preventDefault();
                onClose();
            }}
        >
            {onSubmit ? (
                <form
                    noValidate
                    onSubmit={event => {
                        event.preventDefault();
                        onSubmit();
                    }}
                >
                    {inner}
                </form>
            ) : (
                inner
            )}
        </dialog>
    );
}

interface Question {
    title: string;
    body: ComponentChildren;
    action: string;
    danger?: boolean;
    typed?: string;
    resolve: (yes: boolean) => void;
}
const question = signal<Question | null>(null);
export function ask(options: Omit<Question, 'resolve'>): Promise<boolean> {
    return new Promise(resolve => (question.value = { ...options, resolve }));
}
/* Not in the address, for nobody should find such a question in a link; but Back answers it with no. */
export function Questions() {
    const asked = question.value;
    const [typed, setTyped] = useState('');
    const answer = (yes: boolean): void => {
        question.value = null;
        setTyped('');
        asked?.resolve(yes);
    };
    useEffect(() => {
        if (!asked) return;
        openDialog({});
        const depth = openDialogs();
        const off = changed.on(() => openDialogs() < depth && answer(false));
        return () => {
            off();
            if (openDialogs() === depth) closeDialog([]);
        };
    }, [asked]);
    if (!asked) return null;
    const ready = asked.typed === undefined || typed.trim() === asked.typed.trim();
    return (
        <Dialog
            title={asked.title}
            onClose={() => answer(false)}
            onSubmit={() => ready && answer(true)}
            footer={
                <>
                    <Button onClick={() => answer(false)}>{t('Cancel')}</Button>
                    <Button type="submit" kind={asked.danger ? 'danger' : 'primary'} solid={asked.danger} disabled={!ready}>
                        {asked.action}
                    </Button>
                </>
            }
        >
            <div class="soft stack">{asked.body}</div>
            {asked.typed !== undefined ? <TextField label={t('Type “{name}” to confirm', { name: asked.typed })} value={typed} onValue={setTyped} autocomplete="off" /> : null}
        </Dialog>
    );
}

interface Toast {
    id: number;
    text: ComponentChildren;
    bad?: boolean;
    action?: { label: string; run: () => void };
}
const toasts = signal<Toast[]>([]);
let toastCount = 0;
const TOAST_MS = 6_000;
const UNDO_MS = 11_000;
export function toast(text: ComponentChildren, options: { bad?: boolean; action?: Toast['action'] } = {}): void {
    toasts.value = [...toasts.value.slice(-2), { id: ++toastCount, text, ...options }];
}
export function showError(error: unknown): void {
    if (pageIsLeft()) return;
    if (error instanceof ApiError) {
        toast(<ErrorText error={error} />, { bad: true });
        return;
    }
    console.error(error);
    toast(t('Something went wrong in this page. Reload it and try again.'), { bad: true });
}
export function ErrorText({ error }: { error: ApiError }) {
    const fields = error.errors.slice(0, 3).map(one => `${one.field}: ${one.message}`);
    return (
        <>
            {error.status === 0 ? t('The server could not be reached. Nothing was changed.') : error.message}
            {fields.length ? ` – ${fields.join('; ')}` : ''}
            {error.requestId ? (
                <>
                    {' '}
                    <span class="tiny">
                        ({t('request')} <code>{error.requestId}</code>)
                    </span>
                </>
            ) : null}
        </>
    );
}
function ToastItem({ item }: { item: Toast }) {
    const [held, setHeld] = useState(false);
    const close = (): void => {
        toasts.value = toasts.value.filter(one => one.id !== item.id);
    };
    useEffect(() => {
        if (held) return;
        const timer = setTimeout(close, item.action || item.bad ? UNDO_MS : TOAST_MS);
        return () => clearTimeout(timer);
    }, [held]);
    return (
        <div class={`toast${item.bad ? ' bad' : ''}`} onMouseEnter={() => setHeld(true)} onMouseLeave={() => setHeld(false)} onFocusCapture={() => setHeld(true)} onBlurCapture={() => setHeld(false)}>
            <span class="grow" role={item.bad ? 'alert' : undefined}>
                {item.text}
            </span>
            {item.action ? (
                <Button
                    small
                    onClick={() => {
                        item.action?.run();
                        close();
                    }}
                >
                    {item.action.label}
                </Button>
            ) : null}
            <Button small icon="x" label={t('Dismiss')} onClick={close} />
        </div>
    );
}
export function Toasts() {
    const ref = useRef<HTMLDivElement>(null);
    const count = toasts.value.length;
    useEffect(() => {
        // Shown again above whatever dialog was opened since.
        const box = ref.current;
        if (!box?.showPopover) return;
        if (box.matches(':popover-open')) box.hidePopover();
        if (count) box.showPopover();
    }, [count]);
    return (
        <div class="toasts" role="status" aria-live="polite" ref={ref} popover="manual">
            {toasts.value.map(item => (
                <ToastItem key={item.id} item={item} />
            ))}
        </div>
    );
}
/* Said to screen readers only. */
const said = signal('');
export function announce(text: string): void {
    said.value = '';
    setTimeout(() => (said.value = text), 30);
}
export function Announcer() {
    return (
        <div class="visually-hidden" role="status" aria-live="polite">
            {said.value}
        </div>
    );
}

export interface MenuItem {
    label: string;
    icon?: string;
    danger?: boolean;
    href?: string;
    download?: boolean;
    run?: () => void;
}
/* A menu button: arrows move, Escape closes and gives focus back (popover does both for free). */
export function Menu({ label, icon = 'ellipsis', items, children, kind = 'ghost', small = true, class: extra }: { label: string; icon?: string; items: (MenuItem | null | false)[]; children?: ComponentChildren; kind?: 'ghost' | 'primary'; small?: boolean; class?: string }) {
    const id = useId();
    const button = useRef<HTMLSpanElement>(null);
    const box = useRef<HTMLDivElement>(null);
    const [open, setOpen] = useState(false);
    const position = (): void => {
        const anchor = button.current?.getBoundingClientRect();
        const menu = box.current;
        if (!anchor || !menu) return;
        const width = menu.offsetWidth;
        const height = menu.offsetHeight;
        const rtl = document.documentElement.dir === 'rtl';
        const left = rtl ? anchor.left : anchor.right - width;
        menu.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, left))}px`;
        const below = anchor.bottom + 4;
        const above = anchor.top - height - 4;
        const lowest = innerHeight - height - 8; // a button out of sight does not take its menu with it
        menu.style.top = `${below + height <= innerHeight ? Math.max(8, below) : above > 0 ? Math.min(above, lowest) : Math.max(8, lowest)}px`;
    };
    // Not when the browser says that it is open: the items come a moment later, and with them its size. While it is
    // open it follows its button, which moves with the page, the window and all that still arrives above it.
    useLayoutEffect(() => {
        if (!open) return;
        position();
        box.current?.querySelector<HTMLElement>('button, a')?.focus();
        let frame = requestAnimationFrame(function follow(): void {
            position();
            frame = requestAnimationFrame(follow);
        });
        return () => cancelAnimationFrame(frame);
    }, [open]);
    const move = (event: KeyboardEvent): void => {
        if (!['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
        event.preventDefault();
        const all = [...(box.current?.querySelectorAll<HTMLElement>('button, a') ?? [])];
        const at = all.indexOf(document.activeElement as HTMLElement);
        const next = event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : (at + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length;
        all[next]?.focus();
    };
    const listed = items.filter(Boolean) as MenuItem[];
    return (
        <span class={`menu-anchor${extra ? ` ${extra}` : ''}`} ref={button}>
            <Button icon={icon} kind={kind === 'ghost' ? 'ghost' : 'primary'} small={small} label={children ? undefined : label} aria-haspopup="menu" aria-expanded={open} aria-controls={id} {...({ popovertarget: id } as object)}>
                {children}
            </Button>
            <div
                id={id}
                ref={box}
                class="menu"
                role="menu"
                aria-label={label}
                popover="auto"
                onKeyDown={move}
                onToggle={event => {
                    setOpen((event as unknown as ToggleEvent).newState === 'open');
                }}
            >
                {open
                    ? listed.map(item =>
                          item.href ? (
                              <a key={item.label} role="menuitem" href={item.href} download={item.download} class={item.danger ? 'danger' : ''} onClick={() => box.current?.hidePopover()}>
                                  {item.icon ? <Icon name={item.icon} /> : null}
                                  {item.label}
                              </a>
                          ) : (
                              <button
                                  key={item.label}
                                  type="button"
                                  role="menuitem"
                                  class={item.danger ? 'danger' : ''}
                                  onClick={() => {
                                      box.current?.hidePopover();
                                      item.run?.();
                                  }}
                              >
                                  {item.icon ? <Icon name={item.icon} /> : null}
                                  {item.label}
                              </button>
                          ),
                      )
                    : null}
            </div>
        </span>
    );
}

export function Time({ at, style = 'relative' }: { at: string | null | undefined; style?: 'relative' | 'moment' | 'date' | 'time' }) {
    void language.value;
    if (!at) return <span class="muted">–</span>;
    const shown = style === 'relative' ? format.relative(at, nowMs.value) : style === 'date' ? format.date(at) : style === 'time' ? format.time(at) : format.moment(at);
    return (
        <time dateTime={at} title={format.full(at)} class="nowrap">
            {shown}
        </time>
    );
}
export function Phone({ digits }: { digits: string | null | undefined }) {
    return (
        <bdi class="num nowrap" dir="ltr">
            {format.phone(digits)}
        </bdi>
    );
}
export function Avatar({ name, phone }: { name: string | null | undefined; phone?: string | null }) {
    const letters = (name ?? '')
        .trim()
        .split(/\s+/)
        .slice(0, 2)
        .map(word => Array.from(word)[0] ?? '')
        .filter(letter => /[\p{L}\p{N}]/u.test(letter))
        .join('');
    return (
        <span class="avatar" aria-hidden="true">
            {letters || (phone ?? '').slice(-2) || '?'}
        </span>
    );
}
/* A person in a table: picture, name and number, or the number alone. */
export function Person({ name, phone, href }: { name: string | null | undefined; phone: string | null | undefined; href: string }) {
    return (
        <div class="row">
            <Avatar name={name} phone={phone} />
            <div class="grow">
                <a class="title truncate block" href={href} dir="auto">
                    {name || <Phone digits={phone} />}
                </a>
                {name ? (
                    <div class="sub">
                        <Phone digits={phone} />
                    </div>
                ) : null}
            </div>
        </div>
    );
}
export function CopyButton({ text, label, small = true, bare }: { text: string; label?: string; small?: boolean; bare?: boolean }) {
    const [done, setDone] = useState(false);
    useEffect(() => {
        if (!done) return;
        const timer = setTimeout(() => setDone(false), 2_000);
        return () => clearTimeout(timer);
    }, [done]);
    return (
        <Button
            small={small}
            label={bare ? (done ? t('Copied') : t('Copy')) : undefined}
            icon={done ? /* icon */ 'check' : /* icon */ 'copy'}
            onClick={() => {
                void copyText(text).then(ok => {
                    setDone(ok);
                    announce(ok ? t('Copied') : t('Copying is not possible here. Select the text and copy it.'));
                });
            }}
        >
            {bare ? null : done ? t('Copied') : (label ?? t('Copy'))}
        </Button>
    );
}
export function Code({ text, label }: { text: string; label: string }) {
    return (
        <div class="code-box">
            <pre class="code" tabIndex={0} aria-label={label}>
                {text}
            </pre>
            <CopyButton text={text} bare />
        </div>
    );
}
export function Empty({ icon, title, level: Heading = 'h2', children, actions }: { icon: string; title: string; level?: 'h1' | 'h2'; children?: ComponentChildren; actions?: ComponentChildren }) {
    return (
        <div class="empty">
            <span class="glyph">
                <Icon name={icon} />
            </span>
            {Heading === 'h1' ? (
                <h1 id="page-title" tabIndex={-1}>
                    {title}
                </h1>
            ) : (
                <h2>{title}</h2>
            )}
            {children ? <p>{children}</p> : null}
            {actions ? <div class="actions">{actions}</div> : null}
        </div>
    );
}
export function Alert({ kind = 'info', children, action }: { kind?: 'info' | 'bad' | 'warn' | 'good'; children: ComponentChildren; action?: ComponentChildren }) {
    return (
        <div class={`alert ${kind}`} role={kind === 'bad' ? 'alert' : undefined}>
            {kind === 'bad' ? <Icon name="circle-alert" /> : kind === 'warn' ? <Icon name="triangle-alert" /> : kind === 'good' ? <Icon name="circle-check" /> : <Icon name="info" />}
            <div class="alert-text">{children}</div>
            {action}
        </div>
    );
}
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
    return (
        <Alert
            kind="bad"
            action={
                retry ? (
                    <Button small onClick={retry}>
                        {t('Try again')}
                    </Button>
                ) : undefined
            }
        >
            <ErrorText error={error} />
        </Alert>
    );
}
export function Skeleton({ lines = 4, height = 18 }: { lines?: number; height?: number }) {
    return (
        <div class="stack" aria-hidden="true">
            {Array.from({ length: lines }, (_, index) => (
                <div key={index} class="skeleton" style={{ height: `${height}px`, width: `${100 - ((index * 17) % 40)}%` }} />
            ))}
        </div>
    );
}
export function Card({ title, actions, children, class: extra, foot, id }: { title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; class?: string; foot?: ComponentChildren; id?: string }) {
    return (
        <section class={`card${extra ? ` ${extra}` : ''}`} id={id}>
            {title || actions ? (
                <div class="card-head">
                    <h2>{title}</h2>
                    {actions}
                </div>
            ) : null}
            {children}
            {foot ? <div class="card-foot">{foot}</div> : null}
        </section>
    );
}
