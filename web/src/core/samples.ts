/* Sequences to start from. Their texts are the user's from then on. */
import type { SequenceInput } from './api';
import { t } from './i18n';

export interface Sample {
    key: string;
    icon: string;
    title: string;
    about: string;
    make: () => SequenceInput;
}
const text = (day: number, message: string, time: string | null = null) => ({ day, time, type: 'text' as const, message });
const week = { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat')[], from: '09:00', to: '19:00' };

export function samples(): Sample[] {
    return [
        {
            key: 'welcome',
            icon: 'hand',
            title: t('Welcome week'),
            about: t('Three messages on Day 1, 3 and 7 for new customers.'),
            make: () => ({
                name: t('Welcome week'),
                send_time: '10:00',
                send_window: week,
                messages: [
                    text(1, t('Hi {first_name|there}! Thanks for joining us 🎉\nReply STOP at any time and we will not write again.')),
                    text(3, t('{first_name|Hello}, how are your first days going? Just answer here if anything is unclear.')),
                    text(7, t('One week already! *Three things* people like most:\n\n- the weekly tips\n- the community\n- our phone support\n\nWhat would help you next?')),
                ],
            }),
        },
        {
            key: 'care',
            icon: 'heart-pulse',
            title: t('After a visit'),
            about: t('A clinic’s follow-up: same day, next day, one week later.'),
            make: () => ({
                name: t('After a visit'),
                on_reply: 'pause',
                messages: [
                    text(1, t('Hello {first_name|there}, thank you for your visit today. Write to us here if you have a question.\nReply STOP to get no more messages.'), '18:00'),
                    text(2, t('Good morning {first_name|}! Please remember to take your medicine as we agreed.'), '09:00'),
                    text(8, t('How do you feel after a week? Answer *1* for well, *2* for not so well.'), '11:00'),
                ],
            }),
        },
        {
            key: 'course',
            icon: 'graduation-cap',
            title: t('Five-day course'),
            about: t('One short lesson each morning.'),
            make: () => ({
                name: t('Five-day course'),
                send_time: '08:00',
                messages: [1, 2, 3, 4, 5].map(day => text(day, t('*Lesson {n}*\n\nWrite the lesson here.\n\n_Reply STOP to leave the course._').replace('{n}', String(day)))),
            }),
        },
    ];
}
