/* A table that scrolls by itself where the page is narrow: its headings, and the rows as children. */
import type { ComponentChildren } from 'preact';
import { t } from '../core/i18n';

type Column = string | { label: string; class: string; title?: string };
export const figures = (label: string): Column => ({ label, class: 'end' });

/* `tools`: a last column for buttons. `region`: its name where the keyboard must be able to scroll it. */
export function Table({ columns, tools, class: extra, region, children }: { columns: Column[]; tools?: boolean; class?: string; region?: string; children: ComponentChildren }) {
    return (
        <div class="table-wrap" {...(region ? { tabIndex: 0, role: 'region', 'aria-label': region } : {})}>
            <table class={`table${extra ? ` ${extra}` : ''}`}>
                <thead>
                    <tr>
                        {columns.map((column, index) =>
                            typeof column === 'string' ? (
                                <th key={index} scope="col">
                                    {column}
                                </th>
                            ) : (
                                <th key={index} scope="col" class={column.class} title={column.title}>
                                    {column.label}
                                </th>
                            ),
                        )}
                        {tools ? (
                            <th scope="col" class="tools">
                                <span class="visually-hidden">{t('Actions')}</span>
                            </th>
                        ) : null}
                    </tr>
                </thead>
                <tbody>{children}</tbody>
            </table>
        </div>
    );
}
