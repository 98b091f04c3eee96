/* The phone beside the editor. It follows typing at once with the reader's own rendering; times and
 * counts come from the server a moment later. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, call, type StepInput } from '../../core/api';
import { headerOf, type Format } from '../../core/header';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { parsePlaceholders, valueOf, type Sample } from '../../core/placeholders';
import { Later } from '../../ui/later';
import { Alert, Icon, showError, TextField } from '../../ui/parts';
import { Bubble, markMissing, PhoneFrame, type BubbleContent } from '../../ui/phone';
import { bodyTexts, splitNamed, useTemplates } from './template';
import type { EditStep, Preview } from './model';
import { me } from '../../ui/state';

export interface Persona {
    kind: 'sample' | 'nameless' | 'contact';
    phone: string;
    name: string;
    fields: Record<string, string>;
    timezone: string | null;
}
export function samplePersona(): Persona {
    return { kind: 'sample', phone: '919876543210', name: 'Asha Rao', fields: {}, timezone: null };
}
function render(source: string, sample: Sample): string {
    return parsePlaceholders(source)
        .map(piece => (piece.kind !== 'field' ? piece.text : (valueOf(piece.text, piece.fallback, sample) ?? markMissing(piece.text))))
        .join('');
}
export function PreviewPane({ steps, sequenceName, preview, selected, persona, onPersona, onSelect, channelId }: { steps: EditStep[]; sequenceName: string; preview: Preview | undefined; selected: number; persona: Persona; onPersona: (persona: Persona) => void; onSelect: (index: number) => void; channelId: string | null }) {
    const templates = useTemplates(channelId).data?.templates ?? [];
    const chat = useRef<HTMLDivElement>(null);
    const [phone, setPhone] = useState('');
    useEffect(() => {
        const box = chat.current?.parentElement;
        const bubble = chat.current?.querySelector<HTMLElement>(`[data-step="${selected}"]`);
        if (box && bubble) box.scrollTo({ top: bubble.offsetTop - box.offsetTop - 40, behavior: 'smooth' });
    }, [selected, steps.length]);
    const fields = (preview?.fields ?? []).filter(field => !field.built_in);
    const missing = (preview?.fields ?? []).filter(field => field.without_fallback && field.missing_count > 0 && preview && preview.contacts > 0);
    const headerText = (text: string, step: StepInput, sample: Sample): string => {
        const given = step.template ? headerOf(step.template, 'TEXT') : null;
        return given?.type === 'text' ? text.replace(/\{\{\s*\w+\s*\}\}/, () => render(given.text, sample)) : text;
    };
    const headerMedia = (step: StepInput, format: Exclude<Format, 'TEXT'>, sample: Sample): NonNullable<BubbleContent['media']> => {
        const given = step.template ? headerOf(step.template, format) : null;
        if (given?.type === 'location') return { type: 'location', url: null, filename: render([given.name, given.address].filter(Boolean).join(', ') || t('Place on the map'), sample) };
        return { type: format.toLowerCase(), url: given && 'url' in given ? render(given.url, sample) : null, filename: given && 'filename' in given ? (given.filename ?? null) : null };
    };
    const contents = steps.map((step, index): BubbleContent & { when: string; index: number } => {
        const when = preview?.messages.find(message => message.index === index);
        const sample: Sample = { name: persona.name, phone: persona.phone, day: step.day, sequence: sequenceName, fields: persona.fields };
        const template = step.type === 'template' ? templates.find(one => one.name === step.template?.name && one.language === step.template.language) : undefined;
        const texts = step.template ? bodyTexts(step.template) : [];
        const filled = template
            ? template.body.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, key: string) => {
                  const positional = texts[Number(key) - 1];
                  const named = texts.map(splitNamed).find(([name]) => name === key)?.[1];
                  const source = template.parameter_format === 'NAMED' ? named : positional;
                  return source === undefined ? whole : render(source, sample);
              })
            : step.template?.name
              ? t('Template “{name}”', { name: step.template.name })
              : '';
        const text = step.type === 'template' ? filled : render(step.message ?? '', sample);
        return {
            key: String(index),
            index,
            text,
            header: template?.header?.format === 'TEXT' ? headerText(template.header.text ?? '', step, sample) : null,
            footer: template?.footer,
            buttons: template?.buttons.map(button => button.text),
            media: template?.header && template.header.format !== 'TEXT' ? headerMedia(step, template.header.format, sample) : step.type === 'media' ? { type: step.media_type ?? 'image', url: step.media_url ?? null, filename: step.filename ?? null } : null,
            time: when?.local_time ? format.localTime(when.local_time) : step.time ? format.clockTime(step.time) : '',
            when: when?.local_time ? format.localMoment(when.local_time.slice(0, 10)) : t('Day {n}', { n: step.day }),
        };
    });
    const choose = async (kind: Persona['kind']): Promise<void> => {
        if (kind === 'sample') onPersona({ ...samplePersona(), fields: persona.fields });
        else if (kind === 'nameless') onPersona({ kind, phone: '919876543210', name: '', fields: {}, timezone: null });
        else onPersona({ ...persona, kind });
    };
    const find = async (): Promise<void> => {
        try {
            const contact = await call(api.GET('/api/contacts/{phone}', { params: { path: { phone: phone.trim() } } }));
            onPersona({ kind: 'contact', phone: contact.phone ?? phone, name: contact.name ?? '', timezone: contact.timezone, fields: Object.fromEntries(Object.entries(contact.custom_fields ?? {}).map(([name, value]) => [name, String(value)])) });
        } catch (error) {
            showError(error);
        }
    };
    return (
        <aside class="preview" aria-label={t('Preview')}>
            <div class="row between">
                <label class="field-label" for="preview-as">
                    {t('Preview as')}
                </label>
                <select id="preview-as" class="select small auto" value={persona.kind} onChange={event => void choose(event.currentTarget.value as Persona['kind'])}>
                    <option value="sample">{t('Sample person')}</option>
                    <option value="nameless">{t('Someone without a name')}</option>
                    <option value="contact">{t('A contact…')}</option>
                </select>
            </div>
            {persona.kind === 'contact' ? (
                <form
                    class="row"
                    onSubmit={event => {
                        event.preventDefault();
                        void find();
                    }}
                >
                    <input class="input small" aria-label={t('Phone number')} placeholder={t('Phone number')} inputMode="tel" dir="ltr" value={phone} onInput={event => setPhone(event.currentTarget.value)} />
                    <button type="submit" class="button small">
                        {t('Show')}
                    </button>
                </form>
            ) : null}
            <PhoneFrame title={me.value?.server.name ?? 'Dripline'}>
                <div ref={chat} class="chat">
                    {contents.map((content, index) => (
                        <div key={content.key} data-step={index} class="chat-item" onClick={() => onSelect(index)}>
                            <Later>
                                {() => (
                                    <>
                                        {index === 0 || contents[index - 1]?.when !== content.when ? <div class="chat-day">{content.when}</div> : null}
                                        <Bubble content={content} selected={index === selected} />
                                    </>
                                )}
                            </Later>
                        </div>
                    ))}
                    {contents.length === 0 ? <p class="chat-empty">{t('Your messages appear here.')}</p> : null}
                </div>
            </PhoneFrame>
            {preview ? (
                <p class="muted small">
                    <Icon name="globe" class="inline" /> {preview.timezone_source === 'guessed' ? t('{zone}, guessed from the number', { zone: preview.timezone.replace(/_/g, ' ') }) : preview.timezone.replace(/_/g, ' ')}
                </p>
            ) : null}
            {missing.map(field => (
                <Alert key={field.name} kind="warn">
                    {plural('{n} of {all} people inside has no {field}.', '{n} of {all} people inside have no {field}.', field.missing_count, format.number(field.missing_count), { all: format.number(preview?.contacts ?? 0), field: `{${field.name}}` })}
                </Alert>
            ))}
            {persona.kind === 'sample' && fields.length ? (
                <details class="details">
                    <summary class="small">{t('Sample values')}</summary>
                    <div class="stack tight">
                        <TextField label={t('Name')} value={persona.name} onValue={name => onPersona({ ...persona, name })} />
                        {fields.map(field => (
                            <TextField key={field.name} label={field.name} value={persona.fields[field.name] ?? ''} onValue={value => onPersona({ ...persona, fields: { ...persona.fields, [field.name]: value } })} />
                        ))}
                    </div>
                </details>
            ) : null}
        </aside>
    );
}
