/* A phone that shows messages as WhatsApp does. Texts arrive finished; formatting is drawn from a
 * tree of plain nodes, so nothing a contact is called can become markup. */
import type { ComponentChildren } from 'preact';
import { parseWhatsAppText, type Block, type Inline } from '../core/watext';
import { t } from '../core/i18n';
import { Icon } from './parts';

function Spans({ nodes }: { nodes: Inline[] }): preact.JSX.Element {
    return (
        <>
            {nodes.map((node, index) => {
                switch (node.kind) {
                    case 'text':
                        return <Chips key={index} text={node.text} />;
                    case 'link':
                        return (
                            <span key={index} class="wa-link">
                                {node.text}
                            </span>
                        );
                    case 'mono':
                        return <code key={index}>{node.text}</code>;
                    case 'bold':
                        return (
                            <strong key={index}>
                                <Spans nodes={node.children} />
                            </strong>
                        );
                    case 'italic':
                        return (
                            <em key={index}>
                                <Spans nodes={node.children} />
                            </em>
                        );
                    case 'strike':
                        return (
                            <s key={index}>
                                <Spans nodes={node.children} />
                            </s>
                        );
                }
            })}
        </>
    );
}
/* A placeholder that found no value stays in braces and is shown as a red chip. */
const MISSING = /\uE000([^\uE001]*)\uE001/;
function Chips({ text }: { text: string }) {
    const parts = text.split(/(\uE000[^\uE001]*\uE001)/);
    return (
        <>
            {parts.map((part, index) => {
                const missing = MISSING.exec(part);
                return missing ? (
                    <span key={index} class="wa-missing" title={t('This person has no value for this field')}>
                        {missing[1]}
                    </span>
                ) : (
                    part
                );
            })}
        </>
    );
}
export function markMissing(name: string): string {
    return `\uE000${name}\uE001`;
}
function BlockView({ block }: { block: Block }) {
    switch (block.kind) {
        case 'line':
            return <div class="wa-line">{block.children.length ? <Spans nodes={block.children} /> : '\u00a0'}</div>;
        case 'quote':
            return (
                <div class="wa-quote">
                    <Spans nodes={block.children} />
                </div>
            );
        case 'bullet':
            return (
                <div class="wa-item">
                    <span aria-hidden="true">•</span>
                    <span>
                        <Spans nodes={block.children} />
                    </span>
                </div>
            );
        case 'number':
            return (
                <div class="wa-item">
                    <span>{block.number}.</span>
                    <span>
                        <Spans nodes={block.children} />
                    </span>
                </div>
            );
        case 'code':
            return <pre class="wa-code">{block.text}</pre>;
    }
}
export function WhatsAppText({ text }: { text: string }) {
    return (
        <div class="wa-text" dir="auto">
            {parseWhatsAppText(text).map((block, index) => (
                <BlockView key={index} block={block} />
            ))}
        </div>
    );
}

export interface BubbleContent {
    key: string;
    text: string;
    header?: string | null;
    footer?: string | null;
    buttons?: string[];
    media?: { type: string; url: string | null; filename: string | null } | null;
    time: string;
    note?: string;
}
const MEDIA_ICON: Record<string, string> = { image: /* icon */ 'image', video: /* icon */ 'video', document: /* icon */ 'file-text', audio: /* icon */ 'mic', location: /* icon */ 'map-pin' };
function Media({ media }: { media: NonNullable<BubbleContent['media']> }) {
    const name = media.filename || media.url?.split('/').pop()?.split('?')[0] || t('no file yet');
    return (
        <div class={`wa-media ${media.type}`}>
            <Icon name={MEDIA_ICON[media.type] ?? 'file-text'} />
            <bdi class="truncate">{name}</bdi>
        </div>
    );
}
export function Bubble({ content, selected }: { content: BubbleContent; selected?: boolean }) {
    return (
        <div class={`bubble${selected ? ' selected' : ''}`}>
            {content.media ? <Media media={content.media} /> : null}
            {content.header ? (
                <div class="wa-header" dir="auto">
                    {content.header}
                </div>
            ) : null}
            {content.text ? <WhatsAppText text={content.text} /> : content.media ? null : <span class="wa-empty">{t('Nothing written yet')}</span>}
            {content.footer ? (
                <div class="wa-footer" dir="auto">
                    {content.footer}
                </div>
            ) : null}
            <span class="wa-time">{content.time}</span>
            {content.buttons?.length ? (
                <div class="wa-buttons">
                    {content.buttons.map((button, index) => (
                        <span key={index} dir="auto">
                            {button}
                        </span>
                    ))}
                </div>
            ) : null}
        </div>
    );
}
export function PhoneFrame({ title, children }: { title: string; children: ComponentChildren }) {
    return (
        <div class="phone">
            <div class="phone-bar">
                <span class="phone-avatar" aria-hidden="true">
                    <Icon name="user" />
                </span>
                <span class="truncate" dir="auto">
                    {title}
                </span>
                <Icon name="video" />
                <Icon name="phone" />
            </div>
            <div class="phone-chat" tabIndex={0} role="group" aria-label={t('Chat')}>{children}</div>
        </div>
    );
}
