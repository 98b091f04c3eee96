/* What the header of a template takes: a text, a file or a place on the map. */
import type { Schemas } from '../../core/api';
import { emptyHeader, headerOf, headerPlace, isDegrees, type Header } from '../../core/header';
import { t } from '../../core/i18n';
import { TextField } from '../../ui/parts';

type StepTemplate = Schemas['StepTemplate'];
export function HeaderEditor({ template, approved, error, onValue }: { template: StepTemplate; approved: Schemas['Template']; error: (field: string) => string | null; onValue: (header: Header) => void }) {
    const { header } = approved;
    if (!header || (header.format === 'TEXT' && !headerPlace(header.text))) return null;
    const value = headerOf(template, header.format) ?? emptyHeader(header.format, header.text, approved.parameter_format === 'NAMED', '');
    switch (value?.type) {
        case 'text':
            return <TextField label={t('Header text')} dir="auto" value={value.text} error={error('header.text') ?? error('header')} onValue={text => onValue({ ...value, text })} />;
        case 'location':
            return <Place value={value} error={error} onValue={onValue} />;
        case 'image':
        case 'video':
        case 'document':
            return (
                <div class="fields">
                    <TextField label={t('Address of the header’s file')} type="url" dir="ltr" placeholder="https://" value={value.url} error={error('header.url') ?? error('header')} onValue={url => onValue({ ...value, url })} />
                    {value.type === 'document' ? <TextField label={t('File name people see')} dir="auto" value={value.filename ?? ''} error={error('header.filename')} onValue={filename => onValue({ ...value, filename: filename || null })} /> : null}
                </div>
            );
        case undefined:
            return null;
    }
}
function Place({ value, error, onValue }: { value: Header & { type: 'location' }; error: (field: string) => string | null; onValue: (header: Header) => void }) {
    const degrees = (field: 'latitude' | 'longitude', limit: number): string | null => {
        const given = String(value[field]);
        if (given && !isDegrees(given, limit)) return t('Degrees between -{n} and {n}, like 48.1374', { n: limit });
        return error(`header.${field}`);
    };
    return (
        <fieldset class="stack tight">
            <legend class="field-label">{t('Place on the map')}</legend>
            <div class="fields">
                <TextField label={t('Latitude')} dir="ltr" placeholder="19.0760" value={String(value.latitude)} error={degrees('latitude', 90)} onValue={latitude => onValue({ ...value, latitude })} />
                <TextField label={t('Longitude')} dir="ltr" placeholder="72.8777" value={String(value.longitude)} error={degrees('longitude', 180)} onValue={longitude => onValue({ ...value, longitude })} />
                <TextField label={t('Name of the place')} dir="auto" value={value.name ?? ''} error={error('header.name')} onValue={name => onValue({ ...value, name: name || null })} />
                <TextField label={t('Postal address')} dir="auto" value={value.address ?? ''} error={error('header.address')} onValue={address => onValue({ ...value, address: address || null })} />
            </div>
        </fieldset>
    );
}
