/* The bar that says nothing is really sent, with the clock that can be moved. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, call } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { Button, Icon, Menu, showError } from './parts';
import { can, language, me, nowMs, setServerNow } from './state';

const PLAY_STEP = '30m';
const PLAY_EVERY_MS = 1_250; // 48 steps of half an hour: a day per minute

/* Moves the simulator's clock, as far as it may be moved by hand. */
export async function advanceClock(advance: string): Promise<boolean> {
    try {
        const clock = await call(api.POST('/api/sandbox/clock', { body: { advance } }));
        setServerNow(clock.now);
        return true;
    } catch (error) {
        showError(error);
        return false;
    }
}
export function clockIsMovable(): boolean {
    return Boolean(me.value?.server.simulator) && me.value?.server.clock === 'manual' && can('admin');
}

export function SimulatorBar() {
    const server = me.value?.server;
    const [busy, setBusy] = useState(false);
    const [playing, setPlaying] = useState(false);
    const alive = useRef(true);
    useEffect(() => () => void (alive.current = false), []);
    void language.value;

    const jump = async (advance: string): Promise<void> => {
        setBusy(true);
        await advanceClock(advance);
        if (alive.current) setBusy(false);
    };
    useEffect(() => {
        if (!playing) return;
        let stopped = false;
        const step = async (): Promise<void> => {
            const began = performance.now();
            if (!(await advanceClock(PLAY_STEP))) setPlaying(false);
            else if (!stopped) setTimeout(() => void (stopped || step()), Math.max(50, PLAY_EVERY_MS - (performance.now() - began)));
        };
        void step();
        return () => void (stopped = true);
    }, [playing]);

    if (!server?.simulator) return null;
    const movable = clockIsMovable();
    return (
        <section class="notice-bar" aria-label={t('Simulator')}>
            <Icon name="flask-conical" />
            <span>
                <strong>{t('Simulator.')}</strong> {t('Nothing is really sent.')} {can('admin') ? <a href="/settings/channels">{t('Connect a number')}</a> : null}
            </span>
            <span class="clock">
                {movable ? (
                    <>
                        <span class="num soft nowrap">
                            <Icon name="clock" class="inline" /> {format.moment(nowMs.value)}
                        </span>
                        <Button small class="wide-only" busy={busy && !playing} disabled={busy || playing} onClick={() => void jump('1h')}>
                            {t('+1 hour')}
                        </Button>
                        <Button small disabled={busy || playing} onClick={() => void jump('1d')}>
                            {t('+1 day')}
                        </Button>
                        <Button small class="play" icon={playing ? /* icon */ 'pause' : /* icon */ 'play'} label={playing ? t('Stop') : t('Play a day per minute')} onClick={() => setPlaying(!playing)}>
                            <span class="wide-only">{playing ? t('Stop') : t('Play a day per minute')}</span>
                        </Button>
                        <Menu
                            label={t('More jumps')}
                            items={[
                                { label: t('+1 hour'), run: () => void jump('1h') },
                                { label: t('+2 days'), run: () => void jump('2d') },
                                { label: t('+1 week'), run: () => void jump('1w') },
                            ]}
                        />
                    </>
                ) : null}
            </span>
        </section>
    );
}
