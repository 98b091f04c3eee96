/* One message of the sequence: closed as a line of text, open as an editor. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schemas, StepInput } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { BUILT_IN, misspelt } from '../../core/placeholders';
import { said } from '../../core/said';
import { characters, limitOf } from '../../core/steps';
import { Later } from '../../ui/later';
import { Alert, Button, Field, Icon, Menu, Segmented, SelectField, TextField } from '../../ui/parts';
import { ruleWord } from '../../ui/status';
import type { EditStep, Finding } from './model';
import { TemplateEditor } from './template';

const MARKS = [
    { mark: '*', icon: 'bold', label: () => t('Bold'), key: 'b' },
    { mark: '_', icon: 'italic', label: () => t('Italic'), key: 'i' },
    { mark: '~', icon: 'strikethrough', label: () => t('Strikethrough'), key: '' },
    { mark: '`', icon: 'code', label: () => t('Monospace'), key: '' },
];
export function MessageBox({ label, value, limit, error, knownFields, onValue, autofocus, rows = 4 }: { label: string; value: string; limit: number; error?: string | null; knownFields: string[]; onValue: (value: string) => void; autofocus?: boolean; rows?: number }) {
    const box = useRef<HTMLTextAreaElement>(null);
    const pending = useRef<[number, number] | null>(null);
    useEffect(() => {
        if (pending.current && box.current) {
            box.current.focus();
            box.current.setSelectionRange(...pending.current);
            pending.current = null;
        }
    }, [value]);
    useEffect(() => {
        if (autofocus) box.current?.focus();
    }, []);
    const surround = (mark: string): void => {
        const area = box.current;
        if (!area) return;
        const { selectionStart: from, selectionEnd: to } = area;
        const chosen = value.slice(from, to);
        pending.current = [from + 1, to + 1];
        onValue(value.slice(0, from) + mark + chosen + mark + value.slice(to));
    };
    const insert = (text: string): void => {
        const area = box.current;
        const from = area?.selectionStart ?? value.length;
        const to = area?.selectionEnd ?? value.length;
        pending.current = [from + text.length, from + text.length];
        onValue(value.slice(0, from) + text + value.slice(to));
    };
    const count = characters(value);
    const over = count > limit;
    const typos = misspelt(value, knownFields);
    const fields = [...BUILT_IN.filter(name => name !== 'opt_out_link'), ...knownFields];
    return (
        <Field label={label} error={error ?? (over ? t('Too long by {n} characters', { n: format.number(count - limit) }) : null)}>
            {props => (
                <div class="message-box">
                    <div class="message-tools" role="toolbar" aria-label={t('Formatting')}>
                        {MARKS.map(({ mark, icon, label: name }) => (
                            <Button key={mark} small kind="ghost" icon={icon} label={name()} onClick={() => surround(mark)} />
                        ))}
                        <Menu label={t('Insert a field')} icon="braces" items={fields.map(name => ({ label: `{${name}}`, run: () => insert(name === 'name' || name === 'first_name' ? `{${name}|${t('there')}}` : (BUILT_IN as readonly string[]).includes(name) ? `{${name}}` : `{${name}|${t('your {name}', { name })}}`) }))}>
                            {t('Field')}
                        </Menu>
                        <span class={`count tiny num${over ? ' danger-text' : ''}`}>
                            {format.number(count)} / {format.number(limit)}
                        </span>
                    </div>
                    <textarea
                        {...props}
                        aria-invalid={over || error ? 'true' : undefined}
                        ref={box}
                        class="textarea"
                        dir="auto"
                        rows={rows}
                        value={value}
                        onInput={event => onValue(event.currentTarget.value)}
                        onKeyDown={event => {
                            const mark = (event.ctrlKey || event.metaKey) && MARKS.find(one => one.key && one.key === event.key.toLowerCase());
                            if (!mark) return;
                            event.preventDefault();
                            surround(mark.mark);
                        }}
                    />
                    {typos.map(typo => (
                        <Alert
                            key={typo.name}
                            kind="warn"
                            action={
                                <Button small onClick={() => onValue(value.replaceAll(new RegExp(`\\{\\s*${typo.name}(?=[|}\\s])`, 'g'), `{${typo.suggestion}`))}>
                                    {t('Use {name}', { name: `{${typo.suggestion}}` })}
                                </Button>
                            }
                        >
                            {t('{name} is not a known field. Did you mean {suggestion}?', { name: `{${typo.name}}`, suggestion: `{${typo.suggestion}}` })}
                        </Alert>
                    ))}
                </div>
            )}
        </Field>
    );
}

export interface StepProps {
    step: EditStep;
    index: number;
    total: number;
    open: boolean;
    when: Schemas['PreviewMessage'] | undefined;
    findings: Finding[];
    fieldError: (field: string) => string | null;
    knownFields: string[];
    channelId: string | null;
    readOnly: boolean;
    focusText: boolean;
    /* Nobody asked for this card yet: it may be filled a moment after the page stands. */
    late: boolean;
    onOpen: () => void;
    onChange: (change: Partial<StepInput>) => void;
    onDay: (day: number) => void;
    onMove: (to: number) => void;
    onRemove: () => void;
    onDuplicate: () => void;
    drag: { start: () => void; over: () => void; end: () => void; active: boolean; target: boolean };
}
export function stepLabel(step: StepInput): string {
    if (step.type === 'template') return step.template?.name ? t('Template “{name}”', { name: step.template.name }) : t('Template');
    const text = (step.message ?? '').trim().split('\n')[0] ?? '';
    if (step.type === 'media') return text || step.filename || step.media_url || t('Media');
    return text || t('Empty message');
}
export function Schedule({ when }: { when: Schemas['PreviewMessage'] | undefined }) {
    if (!when) return null;
    const reasons = when.rules.filter(rule => !['enrollment_time', 'step_time', 'send_time', 'sequence_zone', 'server_zone', 'contact_zone', 'guessed_zone'].includes(rule.code));
    return (
        <span class="when" title={reasons.map(rule => said(rule.text)).join('\n') || undefined}>
            <Icon name="clock" />
            {when.local_time ? format.localMoment(when.local_time) : t('never')}
            {reasons.length ? <span class="chip">{ruleWord((when.rules.find(rule => rule.code === 'at_once') ?? reasons[0])?.code ?? '')}</span> : null}
        </span>
    );
}

/* Keeps what is being typed until it is a day: the page draws itself again while one types. */
function DayField({ day, error, onDay }: { day: number; error: string | null; onDay: (day: number) => void }) {
    const [typed, setTyped] = useState(String(day));
    useEffect(() => setTyped(String(day)), [day]);
    const take = (value: string): void => {
        if (value === String(day)) return;
        const number = Number(value);
        if (Number.isInteger(number) && number >= 1 && number <= 3650) onDay(number);
        else {
            setTyped(String(day));
            onDay(Number.NaN);
        }
    };
    return <TextField label={t('Day')} type="number" min={1} max={3650} value={typed} error={error} onValue={setTyped} onChange={event => take((event.currentTarget as HTMLInputElement).value)} />;
}
/* What an open card shows below its head. */
function StepBody(props: StepProps) {
    const { step, index, findings, fieldError, knownFields, onChange, onDay } = props;
    const at = `messages[${index}]`;
    return (
        <>
            <div class="row wrap wide top">
                <div class="step-when">
                    <DayField day={step.day} error={fieldError(`${at}.day`)} onDay={onDay} />
                    <Field label={t('Time')} error={fieldError(`${at}.time`)}>
                        {field => <input class="input" type="time" {...field} value={step.time ?? ''} onInput={event => onChange({ time: event.currentTarget.value || null })} />}
                    </Field>
                </div>
                <div class="field">
                    <span class="label" aria-hidden="true">
                        {t('Kind')}
                    </span>
                    <Segmented
                        label={t('Kind')}
                        value={step.type ?? 'text'}
                        onValue={type => onChange({ type, ...(type === 'media' && !step.media_type ? { media_type: 'image' as const } : {}) })}
                        options={[
                            ['text', t('Text')],
                            ['media', t('Media')],
                            ['template', t('Template')],
                        ]}
                    />
                </div>
            </div>
            {step.type === 'template' ? (
                <TemplateEditor template={step.template ?? null} channelId={props.channelId} knownFields={knownFields} error={fieldError(`${at}.template`) ?? fieldError(`${at}.template.name`)} fieldError={field => fieldError(`${at}.template.${field}`)} onValue={template => onChange({ template })} />
            ) : null}
            {step.type === 'media' ? (
                <div class="fields">
                    <SelectField
                        label={t('Kind of file')}
                        value={step.media_type ?? 'image'}
                        onValue={value => onChange({ media_type: value as 'image' })}
                        error={fieldError(`${at}.media_type`)}
                        options={[
                            ['image', t('Image')],
                            ['video', t('Video')],
                            ['document', t('Document')],
                            ['audio', t('Audio')],
                        ]}
                    />
                    <TextField label={t('Address of the file')} type="url" dir="ltr" placeholder="https://" value={step.media_url ?? ''} error={fieldError(`${at}.media_url`)} onValue={value => onChange({ media_url: value || null })} />
                    {step.media_type === 'document' ? <TextField label={t('File name people see')} value={step.filename ?? ''} error={fieldError(`${at}.filename`)} onValue={value => onChange({ filename: value || null })} /> : null}
                </div>
            ) : null}
            {step.type === 'media' && step.media_type === 'audio' ? null : step.type === 'template' ? (
                <details class="details" open={Boolean(step.message)}>
                    <summary>{t('Free text while the 24-hour window is open')}</summary>
                    <div class="stack">
                        <p class="muted small">{t('Who wrote to you in the last 24 hours gets this text instead of the template. Leave it empty to always send the template.')}</p>
                        <MessageBox label={t('Text')} value={step.message ?? ''} limit={limitOf(step)} knownFields={knownFields} error={fieldError(`${at}.message`)} onValue={message => onChange({ message })} />
                    </div>
                </details>
            ) : (
                <MessageBox label={step.type === 'media' ? t('Caption') : t('Text')} value={step.message ?? ''} limit={limitOf(step)} knownFields={knownFields} error={fieldError(`${at}.message`)} onValue={message => onChange({ message })} autofocus={props.focusText} rows={step.type === 'media' ? 2 : 4} />
            )}
            {findings.map((finding, place) => (
                <Alert key={place} kind={finding.severity === 'error' ? 'bad' : 'warn'}>
                    {said(finding.message)}
                    {finding.people ? <span class="muted"> · {plural('{n} person', '{n} people', finding.people, format.number(finding.people))}</span> : null}
                </Alert>
            ))}
        </>
    );
}
export function StepCard(props: StepProps) {
    const { step, index, total, open, when, findings, onOpen, onMove, onRemove, onDuplicate, drag, readOnly } = props;
    const late = props.late && (step.type ?? 'text') === 'text';
    const errors = findings.filter(finding => finding.severity === 'error').length;
    const move = (event: KeyboardEvent): void => {
        if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') || readOnly) return;
        event.preventDefault();
        onMove(index + (event.key === 'ArrowUp' ? -1 : 1));
    };
    return (
        <li
            class={`step${open ? ' open' : ''}${drag.active ? ' dragged' : ''}${drag.target ? ' target' : ''}`}
            onKeyDown={move}
            onDragOver={event => {
                event.preventDefault();
                drag.over();
            }}
        >
            <div class="step-day">
                <span class="step-word">{t('Day')}</span>
                <span class="num">{format.number(step.day)}</span>
            </div>
            <div class="step-card card">
                <div class="step-head">
                    {!readOnly ? (
                        <span class="grip" draggable onDragStart={drag.start} onDragEnd={drag.end} title={t('Drag to move')} aria-hidden="true">
                            <Icon name="grip-vertical" />
                        </span>
                    ) : null}
                    <button type="button" class="step-title" aria-expanded={open} onClick={onOpen} id={`step-${index}`}>
                        <Icon name={step.type === 'template' ? /* icon */ 'layout-template' : step.type === 'media' ? /* icon */ 'image' : /* icon */ 'message-square'} />
                        <span class="truncate" dir="auto">
                            {stepLabel(step)}
                        </span>
                        {errors ? (
                            <span class="chip bad">
                                <Icon name="circle-alert" />
                                {plural('{n} problem', '{n} problems', errors)}
                            </span>
                        ) : findings.length ? (
                            <span class="chip warn">
                                <Icon name="triangle-alert" />
                                {format.number(findings.length)}
                            </span>
                        ) : null}
                        <Schedule when={when} />
                    </button>
                    {!readOnly ? (
                        <span class="step-tools">
                            <Button small kind="ghost" icon="arrow-up" label={t('Move up')} disabled={index === 0} onClick={() => onMove(index - 1)} />
                            <Button small kind="ghost" icon="arrow-down" label={t('Move down')} disabled={index === total - 1} onClick={() => onMove(index + 1)} />
                            <Menu
                                label={t('More for day {n}', { n: step.day })}
                                items={[
                                    index > 0 && { label: t('Move up'), icon: 'arrow-up', run: () => onMove(index - 1) },
                                    index < total - 1 && { label: t('Move down'), icon: 'arrow-down', run: () => onMove(index + 1) },
                                    { label: t('Duplicate'), icon: 'copy', run: onDuplicate },
                                    { label: t('Remove'), icon: 'trash-2', danger: true, run: onRemove },
                                ]}
                            />
                        </span>
                    ) : null}
                </div>
                {open ? (
                    <fieldset class={`step-body${late ? ' awaited' : ''}`} disabled={readOnly}>
                        <legend class="visually-hidden">{t('Message of day {n}', { n: step.day })}</legend>
                        <Later now={!late}>{() => <StepBody {...props} />}</Later>
                    </fieldset>
                ) : null}
            </div>
        </li>
    );
}
