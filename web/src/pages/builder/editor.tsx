/* The builder: messages on the left, the phone on the right. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, call, type Schemas, type StepInput } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { said } from '../../core/said';
import { finished, insertAt, moveStep, newStep, removeAt, sortByDay, stepKey } from '../../core/steps';
import { Later } from '../../ui/later';
import { Alert, announce, Button, Icon, toast } from '../../ui/parts';
import { can } from '../../ui/state';
import { Delivery } from './delivery';
import { findingIndex, mapLint, mapPreview, type EditStep, type Lint, type Model, type Preview } from './model';
import { PreviewPane, samplePersona, type Persona } from './preview';
import { StepCard } from './step';

/* Asks the server a moment after the document last changed; an older answer never replaces a newer one. */
export function useAnswer<T>(key: string, wait: number, load: () => Promise<T>): T | undefined {
    const [answer, setAnswer] = useState<T>();
    const round = useRef(0);
    useEffect(() => {
        const mine = ++round.current;
        const timer = setTimeout(() => {
            load().then(
                value => mine === round.current && setAnswer(value),
                () => undefined,
            );
        }, wait);
        return () => clearTimeout(timer);
    }, [key]);
    return answer;
}
export function useLint(model: Model): Lint | undefined {
    const id = model.sequence.id;
    const { document, indexes } = finished(model.document);
    const body = { ...document, name: document.name.trim() || t('Sequence') };
    return useAnswer(JSON.stringify([body, indexes]), 500, () => call(api.POST('/api/sequences/{id}/lint', { params: { path: { id } }, body: { sequence: body } })).then(lint => mapLint(lint, indexes)));
}

export function Editor({ model, lint }: { model: Model; lint: Lint | undefined }) {
    const { steps, document, sequence } = model;
    const readOnly = !can('write') || sequence.status === 'archived';
    const [open, setOpen] = useState<string | null>(() => (steps[0] ? stepKey(steps[0], 0) : null));
    const [fresh, setFresh] = useState<string | null>(null);
    const [persona, setPersona] = useState<Persona>(samplePersona);
    const [dragged, setDragged] = useState<number | null>(null);
    const [target, setTarget] = useState<number | null>(null);
    const list = useRef<HTMLOListElement>(null);
    const stands = useRef(false);
    useEffect(() => void (stands.current = true), []);
    const openIndex = steps.findIndex((step, index) => stepKey(step, index) === open);

    const whole = finished(document);
    const preview = useAnswer<Preview>(JSON.stringify([whole, persona]), 250, () =>
        call(
            api.POST('/api/sequences/{id}/preview', {
                params: { path: { id: sequence.id } },
                body: {
                    sequence: { ...whole.document, name: document.name.trim() || t('Sequence') },
                    ...(persona.kind === 'contact' ? { phone: persona.phone } : { contact: { phone: persona.phone, name: persona.name || null, custom_fields: Object.fromEntries(Object.entries(persona.fields).filter(([, value]) => value)), ...(persona.timezone ? { timezone: persona.timezone } : {}) } }),
                },
            }),
        ).then(answer => mapPreview(answer, whole.indexes)),
    );
    const knownFields = [...new Set([...(preview?.fields ?? []).filter(field => !field.built_in && !field.suggestion).map(field => field.name)])];
    const fieldError = (field: string): string | null => model.errors?.fieldError(field) ?? null;

    const add = (): void => {
        const step = newStep(steps);
        model.setSteps(now => [...now, step]);
        setOpen(step.key);
        setFresh(step.key);
        announce(t('Day {n} added', { n: step.day }));
    };
    useEffect(() => {
        // A new sequence starts with an empty first day, ready to be written.
        if (!readOnly && steps.length === 0 && sequence.version === 1) add();
    }, []);
    const move = (from: number, to: number): void => {
        if (to < 0 || to >= steps.length || to === from) return;
        const step = steps[from] as EditStep;
        const focused = list.current?.contains(window.document.activeElement) ? (window.document.activeElement as HTMLElement).id : '';
        model.setSteps(now => moveStep(now, from, to));
        announce(t('Moved to place {n} of {all}', { n: to + 1, all: steps.length }));
        if (focused.startsWith('step-')) setTimeout(() => window.document.getElementById(`step-${to}`)?.focus(), 0);
        setOpen(stepKey(step, to));
    };
    const remove = (index: number): void => {
        const step = steps[index] as EditStep;
        model.setSteps(now => removeAt(now, index));
        toast(t('Day {n} removed.', { n: step.day }), {
            action: {
                label: t('Undo'),
                run: () => model.setSteps(now => sortByDay(insertAt(now, index, step)) as EditStep[]),
            },
        });
    };
    const duplicate = (index: number): void => {
        const source = steps[index] as EditStep;
        const step = { ...source, id: undefined, day: newStep(steps).day, key: newStep(steps).key };
        model.setSteps(now => [...now, step]);
        setOpen(step.key);
    };
    const setDay = (index: number, day: number): void => {
        if (!Number.isInteger(day) || day < 1 || day > 3650) {
            toast(t('A day is a whole number from 1 to 3,650.'), { bad: true });
            model.setSteps(now => [...now]);
            return;
        }
        model.setSteps(now => sortByDay(now.map((step, at) => (at === index ? { ...step, day } : step))) as EditStep[]);
    };
    const findingsOf = (index: number): Lint['findings'] => (lint?.findings ?? []).filter(finding => findingIndex(finding, steps) === index);
    const general = (lint?.findings ?? []).filter(finding => findingIndex(finding, steps) === null);
    const otherErrors = (model.errors?.errors ?? []).filter(error => !/^messages\[/.test(error.field));
    const planned = (preview?.messages ?? []).filter((message): message is Schemas['PreviewMessage'] & { local_time: string } => message.local_time !== null);
    return (
        <div class="builder">
            <div class="stack loose">
                <Delivery document={document} update={model.update} readOnly={readOnly} fieldError={fieldError} />
                {planned.length ? (
                    <p class="schedule-words small soft">
                        <Icon name="calendar-days" class="inline" /> {t('If enrolled now:')} {planned.slice(0, 7).map(message => format.localMoment(message.local_time)).join(' · ')}
                        {planned.length > 7 ? ` ${plural('and {n} more', 'and {n} more', planned.length - 7)}` : ''} <span class="muted">({preview?.timezone.replace(/_/g, ' ')})</span>
                    </p>
                ) : !preview && steps.length ? (
                    // Unseen, as long as the words that will stand here: nothing moves when they come.
                    <p class="schedule-words small reserved" aria-hidden="true">
                        {steps.slice(0, 7).map(() => format.localMoment('2026-09-30T10:00')).join(' · ')} {t('If enrolled now:')} {format.currentZone()}
                    </p>
                ) : null}
                {otherErrors.map(error => (
                    <Alert key={error.field} kind="bad">
                        {error.field}: {error.message}
                    </Alert>
                ))}
                {general.map((finding, index) => (
                    <Alert key={index} kind={finding.severity === 'error' ? 'bad' : 'warn'}>
                        {said(finding.message)}
                    </Alert>
                ))}
                <ol class="steps" ref={list} aria-label={t('Messages')}>
                    {steps.map((step, index) => {
                        const key = stepKey(step, index);
                        return (
                            <StepCard
                                key={key}
                                step={step}
                                index={index}
                                total={steps.length}
                                open={key === open}
                                when={preview?.messages.find(message => message.index === index)}
                                findings={findingsOf(index)}
                                fieldError={fieldError}
                                knownFields={knownFields}
                                channelId={document.channel_id ?? null}
                                readOnly={readOnly}
                                focusText={key === fresh}
                                late={!stands.current}
                                onOpen={() => setOpen(key === open ? null : key)}
                                onChange={(change: Partial<StepInput>) => model.setStep(index, change)}
                                onDay={day => setDay(index, day)}
                                onMove={to => move(index, to)}
                                onRemove={() => remove(index)}
                                onDuplicate={() => duplicate(index)}
                                drag={{
                                    start: () => setDragged(index),
                                    over: () => dragged !== null && setTarget(index),
                                    end: () => {
                                        if (dragged !== null && target !== null) move(dragged, target);
                                        setDragged(null);
                                        setTarget(null);
                                    },
                                    active: dragged === index,
                                    target: target === index && dragged !== index,
                                }}
                            />
                        );
                    })}
                </ol>
                {!readOnly ? (
                    <div class="add-day">
                        <Button icon="plus" onClick={add}>
                            {t('Add day')}
                        </Button>
                    </div>
                ) : null}
            </div>
            <Later>{() => <PreviewPane steps={steps} sequenceName={document.name} preview={preview} selected={openIndex} persona={persona} onPersona={setPersona} onSelect={index => setOpen(stepKey(steps[index] as EditStep, index))} channelId={document.channel_id ?? null} />}</Later>
        </div>
    );
}
