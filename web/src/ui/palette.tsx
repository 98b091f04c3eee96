/* Ctrl+K: go anywhere, open or pause a sequence by typing part of its name. */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api, call, type SequenceSummary } from '../core/api';
import { t } from '../core/i18n';
import { readPrefs } from '../core/prefs';
import { navigate } from '../core/router';
import { Icon, showError, toast } from './parts';
import { SequenceState } from './status';

export const paletteOpen = signal(false);

interface Choice {
    key: string;
    icon: string;
    label: string;
    sequence?: SequenceSummary;
    run: () => void;
}
export function Palette() {
    useEffect(() => {
        let go = 0;
        const onKey = (event: KeyboardEvent): void => {
            if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
                event.preventDefault();
                paletteOpen.value = true;
                return;
            }
            const target = event.target as HTMLElement;
            if (readPrefs().shortcutsOff || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, dialog, [contenteditable]')) return;
            if (event.key === '?') navigate('/help');
            else if (event.key === '/') {
                const search = document.querySelector<HTMLInputElement>('main input[type=search]');
                if (search) {
                    event.preventDefault();
                    search.focus();
                }
            } else if (event.key === 'g') go = Date.now();
            else if (Date.now() - go < 1_000) {
                const to = { d: '/', s: '/sequences', c: '/contacts', m: '/messages', b: '/batches', o: '/settings' }[event.key];
                if (to) navigate(to);
                go = 0;
            }
        };
        document.addEventListener('keydown', onKey);
        return () => document.removeEventListener('keydown', onKey);
    }, []);
    return paletteOpen.value ? <Open /> : null;
}
/* What is to be done with a sequence when the text begins with a verb, in the reader's language or in English. */
function command(text: string): { action: 'pause' | 'resume' | null; rest: string } {
    const typed = text.trimStart();
    const verbs = { pause: ['pause', t('Pause')], resume: ['resume', t('Resume')] };
    for (const action of ['pause', 'resume'] as const)
        for (const verb of verbs[action]) if (typed.toLowerCase().startsWith(`${verb.toLowerCase()} `)) return { action, rest: typed.slice(verb.length + 1) };
    return { action: null, rest: text };
}
function Open() {
    const dialog = useRef<HTMLDialogElement>(null);
    const [text, setText] = useState('');
    const [at, setAt] = useState(0);
    const [sequences, setSequences] = useState<SequenceSummary[]>([]);
    // At once, not after the next frame: what is typed right after the shortcut belongs here.
    useLayoutEffect(() => dialog.current?.showModal(), []);
    useEffect(() => {
        call(api.GET('/api/sequences', { params: { query: { limit: 200 } } })).then(page => setSequences(page.data), showError);
    }, []);
    const close = (): void => {
        dialog.current?.close();
        paletteOpen.value = false;
    };
    const { action, rest } = command(text);
    const wanted = rest.trim().toLowerCase();
    const act = async (sequence: SequenceSummary, action: 'pause' | 'resume'): Promise<void> => {
        try {
            const result = await call(action === 'pause' ? api.POST('/api/sequences/{id}/pause', { params: { path: { id: sequence.id } }, body: {} }) : api.POST('/api/sequences/{id}/resume', { params: { path: { id: sequence.id } }, body: {} }));
            toast(action === 'pause' ? t('“{name}” is paused.', { name: result.sequence.name }) : t('“{name}” is running.', { name: result.sequence.name }));
        } catch (error) {
            showError(error);
        }
    };
    const places: Choice[] = [
        { key: 'd', icon: 'layout-dashboard', label: t('Dashboard'), run: () => navigate('/') },
        { key: 's', icon: 'list-ordered', label: t('Sequences'), run: () => navigate('/sequences') },
        { key: 'm', icon: 'messages-square', label: t('Messages'), run: () => navigate('/messages') },
        { key: 'c', icon: 'users', label: t('Contacts'), run: () => navigate('/contacts') },
        { key: 'b', icon: 'layers', label: t('Batches'), run: () => navigate('/batches') },
        { key: 'l', icon: 'bell', label: t('Alerts'), run: () => navigate('/alerts') },
        { key: 'o', icon: 'settings', label: t('Settings'), run: () => navigate('/settings') },
        { key: 'a', icon: 'code', label: t('API'), run: () => navigate('/docs') },
        { key: 'h', icon: 'circle-help', label: t('Help'), run: () => navigate('/help') },
    ];
    const choices: Choice[] = [
        ...sequences
            .filter(sequence => sequence.name.toLowerCase().includes(wanted))
            .slice(0, 8)
            .map(sequence => ({
                key: sequence.id,
                icon: action ? 'circle-pause' : 'list-ordered',
                label: action ? `${action === 'pause' ? t('Pause') : t('Resume')} “${sequence.name}”` : sequence.name,
                sequence,
                run: () => (action ? void act(sequence, action) : navigate(`/sequences/${sequence.id}`)),
            })),
        ...(action ? [] : places.filter(place => place.label.toLowerCase().includes(wanted))),
    ];
    const chosen = Math.min(at, choices.length - 1);
    const pick = (choice: Choice | undefined): void => {
        if (!choice) return;
        close();
        choice.run();
    };
    return (
        <dialog ref={dialog} class="dialog palette" aria-label={t('Search and commands')} onClose={() => (paletteOpen.value = false)} onClick={event => event.target === dialog.current && close()}>
            <div class="palette-head">
                <Icon name="search" />
                <input
                    value={text}
                    placeholder={t('Go to a sequence or page, or “{verb} …”', { verb: t('Pause').toLowerCase() })}
                    aria-label={t('Search and commands')}
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant={choices[chosen] ? `palette-${choices[chosen].key}` : undefined}
                    onInput={event => {
                        setText(event.currentTarget.value);
                        setAt(0);
                    }}
                    onKeyDown={event => {
                        if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, choices.length - 1));
                        else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
                        else if (event.key === 'Enter') pick(choices[chosen]);
                        else return;
                        event.preventDefault();
                    }}
                />
                <kbd>Esc</kbd>
            </div>
            <div class="palette-list" id="palette-list" role="listbox" aria-label={t('Results')}>
                {choices.map((choice, index) => (
                    <div key={choice.key} id={`palette-${choice.key}`} role="option" aria-selected={index === chosen} onMouseMove={() => setAt(index)} onClick={() => pick(choice)}>
                        <Icon name={choice.icon} />
                        <span class="grow truncate">{choice.label}</span>
                        {choice.sequence ? <SequenceState status={choice.sequence.status} /> : null}
                    </div>
                ))}
                {choices.length === 0 ? <p class="muted">{t('Nothing fits.')}</p> : null}
            </div>
        </dialog>
    );
}
