/* A template step: pick an approved template, fill its parameters. */
import { api, call, type Schemas } from '../../core/api';
import { emptyHeader, wireHeader } from '../../core/header';
import { t } from '../../core/i18n';
import { BUILT_IN } from '../../core/placeholders';
import { Alert, Button, Field, Menu, Skeleton, TextField } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { HeaderEditor } from './header';

type StepTemplate = Schemas['StepTemplate'];
type Template = Schemas['Template'];

/* "name=value" of named parameters. */
export function splitNamed(text: string): [string | null, string] {
    const match = /^([a-z_][a-z0-9_]*)=([\s\S]*)$/.exec(text);
    return match ? [match[1] as string, match[2] as string] : [null, text];
}
export function bodyTexts(template: StepTemplate): string[] {
    return (template.body ?? []).map(one => (typeof one === 'string' ? one : (one as unknown as { text: string }).text));
}
export function useTemplates(channelId: string | null) {
    return useResource(`templates ${channelId ?? 'default'}`, async () => {
        const channels = (await call(api.GET('/api/channels'))).data;
        const channel = channels.find(one => one.id === channelId) ?? channels.find(one => one.default) ?? channels[0];
        if (!channel) return { channel: null, templates: [] as Template[] };
        return { channel, templates: (await call(api.GET('/api/channels/{id}/templates', { params: { path: { id: channel.id } } }))).data };
    }, { on: ['template', 'channel'] });
}
export function TemplateEditor({ template, channelId, knownFields, error, fieldError, onValue }: { template: StepTemplate | null; channelId: string | null; knownFields: string[]; error: string | null; fieldError: (field: string) => string | null; onValue: (template: StepTemplate) => void }) {
    const list = useTemplates(channelId);
    if (!list.data && list.loading) return <Skeleton lines={2} />;
    const templates = list.data?.templates ?? [];
    const chosen = templates.find(one => one.name === template?.name && one.language === template.language);
    const value = template ? `${template.name} ${template.language}` : '';
    const texts = template ? bodyTexts(template) : [];
    const pick = (key: string): void => {
        const found = templates.find(one => `${one.name} ${one.language}` === key);
        if (!found) return;
        onValue({
            name: found.name,
            language: found.language,
            header: found.header ? wireHeader(emptyHeader(found.header.format, found.header.text, found.parameter_format === 'NAMED', `{first_name|${t('there')}}`)) : null,
            body: found.parameters.map(name => (found.parameter_format === 'NAMED' ? `${name}={first_name|${t('there')}}` : `{first_name|${t('there')}}`)),
            buttons: found.buttons.flatMap((button, index): NonNullable<StepTemplate['buttons']> => (button.type === 'URL' && button.url?.includes('{{') ? [{ index, type: 'url' as const, text: '' }] : button.type === 'COPY_CODE' ? [{ index, type: 'copy_code' as const, text: '' }] : [])),
        });
    };
    const setBody = (index: number, name: string | null, text: string): void => {
        if (!template) return;
        const body = texts.map((old, at) => (at === index ? (name ? `${name}=${text}` : text) : old));
        onValue({ ...template, body });
    };
    return (
        <div class="stack">
            {templates.length === 0 ? (
                <>
                    <Alert kind="warn" action={<Button small onClick={list.reload}>{t('Look again')}</Button>}>
                        {list.data?.channel ? t('This number has no templates yet, or they were not fetched. You can type the name by hand.') : t('No number is connected yet. You can type the template’s name by hand.')}
                    </Alert>
                    <div class="fields">
                        <TextField label={t('Template name')} dir="ltr" value={template?.name ?? ''} error={error} onValue={name => onValue({ ...(template ?? { language: 'en', body: [] }), name })} />
                        <TextField label={t('Language')} dir="ltr" value={template?.language ?? 'en'} onValue={language => onValue({ ...(template ?? { name: '', body: [] }), language })} />
                    </div>
                </>
            ) : (
                <Field label={t('Template')} error={error}>
                    {props => (
                        <select class="select" {...props} value={value} onChange={event => pick(event.currentTarget.value)}>
                            {!chosen ? <option value={value}>{template ? t('{name} (not in the list)', { name: template.name }) : t('Choose a template')}</option> : null}
                            {templates.map(one => (
                                <option key={`${one.name} ${one.language}`} value={`${one.name} ${one.language}`} disabled={one.status !== 'APPROVED'}>
                                    {one.name} · {one.language} · {one.status === 'APPROVED' ? one.category.toLowerCase() : one.status.toLowerCase()}
                                </option>
                            ))}
                        </select>
                    )}
                </Field>
            )}
            {template && chosen ? <HeaderEditor template={template} approved={chosen} error={fieldError} onValue={header => onValue({ ...template, header: wireHeader(header) })} /> : null}
            {template && texts.length ? (
                <fieldset class="stack tight">
                    <legend class="field-label">{t('Parameters')}</legend>
                    {texts.map((text, index) => {
                        const [name, inner] = chosen?.parameter_format === 'POSITIONAL' ? [null, text] : splitNamed(text);
                        const label = name ?? `{{${index + 1}}}`;
                        return (
                            <div class="row parameter" key={index}>
                                <code>{label}</code>
                                <input class="input" dir="auto" aria-label={t('Parameter {name}', { name: label })} value={inner} onInput={event => setBody(index, name, event.currentTarget.value)} />
                                <Menu label={t('Insert a field')} icon="braces" items={[...BUILT_IN, ...knownFields].map(field => ({ label: `{${field}}`, run: () => setBody(index, name, `${inner}{${field}}`) }))} />
                            </div>
                        );
                    })}
                </fieldset>
            ) : null}
            {template && template.buttons?.length ? (
                <fieldset class="stack tight">
                    <legend class="field-label">{t('Buttons')}</legend>
                    {template.buttons.map((button, at) => (
                        <TextField key={button.index} label={chosen?.buttons[button.index]?.text ?? t('Button {n}', { n: button.index + 1 })} dir="auto" value={button.text} onValue={text => onValue({ ...template, buttons: (template.buttons ?? []).map((one, index) => (index === at ? { ...one, text } : one)) })} />
                    ))}
                </fieldset>
            ) : null}
            {chosen ? (
                <details class="details">
                    <summary class="small">{t('Text of the template')}</summary>
                    <p class="template-text" dir="auto">
                        {chosen.body}
                        {chosen.footer ? <span class="muted block">{chosen.footer}</span> : null}
                    </p>
                </details>
            ) : null}
        </div>
    );
}
