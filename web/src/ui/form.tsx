/* Forms: sending one, the dialog around one, and fields that several have. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { t } from '../core/i18n';
import { Button, Dialog, Failure, Icon, useWork } from './parts';

/* What the server refuses stays in `error`, beside the fields it names, until the next try. */
export interface Form {
    error: ApiError | null;
    busy: boolean;
    send: (work: () => Promise<unknown>) => void;
}
export function useForm(): Form {
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, run] = useWork();
    const send = (work: () => Promise<unknown>): void =>
        run(async () => {
            setError(null);
            try {
                await work();
            } catch (cause) {
                setError(cause as ApiError);
            }
        });
    return { error, busy, send };
}
/* A refusal that names no field. */
export function FormFailure({ form }: { form: Form }) {
    return form.error && !form.error.errors.length ? <Failure error={form.error} /> : null;
}
export function FormDialog({ title, action, form, send, ready = true, wide, onClose, children }: { title: string; action: string; form: Form; send: () => Promise<unknown>; ready?: boolean; wide?: boolean; onClose: () => void; children: ComponentChildren }) {
    return (
        <Dialog
            title={title}
            wide={wide}
            onClose={onClose}
            onSubmit={() => form.send(send)}
            footer={
                <>
                    <Button onClick={onClose}>{t('Cancel')}</Button>
                    <Button kind="primary" type="submit" busy={form.busy} disabled={!ready}>
                        {action}
                    </Button>
                </>
            }
        >
            <FormFailure form={form} />
            {children}
        </Dialog>
    );
}

/* The custom fields of a person, as pairs of name and value. */
export type Pair = [key: string, value: string];
export function PairFields({ pairs, onPairs, form, example }: { pairs: Pair[]; onPairs: (pairs: Pair[]) => void; form: Form; example?: Pair }) {
    const refused = form.error?.errors.find(error => error.field.startsWith('custom_fields'));
    const change = (at: number, pair: Pair): void => onPairs(pairs.map((one, index) => (index === at ? pair : one)));
    return (
        <fieldset class="stack tight">
            <legend class="field-label">{t('Fields for placeholders')}</legend>
            {pairs.map(([key, value], index) => (
                <div class="row" key={index}>
                    <input class="input" aria-label={t('Name of the field')} placeholder={example?.[0]} value={key} onInput={event => change(index, [event.currentTarget.value, value])} />
                    <input class="input" aria-label={t('Value')} placeholder={example?.[1]} dir="auto" value={value} onInput={event => change(index, [key, event.currentTarget.value])} />
                </div>
            ))}
            {refused ? (
                <span class="form-error">
                    <Icon name="circle-alert" /> {refused.message}
                </span>
            ) : null}
            <div>
                <Button small icon="plus" onClick={() => onPairs([...pairs, ['', '']])}>
                    {t('Another field')}
                </Button>
            </div>
        </fieldset>
    );
}
