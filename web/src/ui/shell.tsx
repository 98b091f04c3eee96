/* The frame of every page: menu, way back, live state, banners. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { api, call } from '../core/api';
import * as format from '../core/format';
import { LANGUAGES, t } from '../core/i18n';
import { Bell } from './alerts';
import { SimulatorBar } from './clock';
import { crumbs, pageTitle } from './page';
import { Later } from './later';
import { Announcer, Button, Dialog, Icon, Logo, Questions, Segmented, Toasts, showError, toast } from './parts';
import { Palette, paletteOpen } from './palette';
import { SignInDialog } from './signin';
import { can, language, link, me, place, setLanguage, setTheme, signOut, theme } from './state';
import { signal } from '@preact/signals';

const MENU = [
    { section: 'dashboard', href: '/', icon: 'layout-dashboard', label: () => t('Dashboard') },
    { section: 'sequences', href: '/sequences', icon: 'list-ordered', label: () => t('Sequences') },
    { section: 'messages', href: '/messages', icon: 'messages-square', label: () => t('Messages') },
    { section: 'contacts', href: '/contacts', icon: 'users', label: () => t('Contacts') },
    { section: 'batches', href: '/batches', icon: 'layers', label: () => t('Batches') },
] as const;
const FOOT = [
    { section: 'settings', href: '/settings', icon: 'settings', label: () => t('Settings') },
    { section: 'docs', href: '/docs', icon: 'code', label: () => t('API') },
    { section: 'help', href: '/help', icon: 'circle-help', label: () => t('Help') },
] as const;
const profileOpen = signal(false);

function Navigation({ section, close }: { section: string; close?: () => void }) {
    const entry = (item: (typeof MENU)[number] | (typeof FOOT)[number]) => (
        <a key={item.section} href={item.href} aria-current={item.section === section ? 'page' : undefined} onClick={close}>
            <Icon name={item.icon} />
            {item.label()}
        </a>
    );
    const user = me.value?.user;
    return (
        <div class="sidebar">
            <nav class="nav" aria-label={t('Main menu')}>
                <a class="brand" href="/" onClick={close}>
                    <Logo />
                    <span class="truncate">{me.value?.server.name ?? 'Dripline'}</span>
                </a>
                {MENU.map(entry)}
            </nav>
            <div class="sidebar-foot">
                <nav class="nav" aria-label={t('More')}>
                    {FOOT.map(entry)}
                </nav>
                <button type="button" class="profile" onClick={() => (profileOpen.value = true)} aria-haspopup="dialog">
                    <span class="avatar" aria-hidden="true">
                        {(user?.name || user?.email || '?').slice(0, 1)}
                    </span>
                    <span class="grow truncate">{user?.name || user?.email}</span>
                    <Icon name="chevrons-up-down" />
                </button>
            </div>
        </div>
    );
}
function Profile() {
    if (!profileOpen.value) return null;
    const user = me.value?.user;
    return (
        <Dialog
            title={t('You and this browser')}
            onClose={() => (profileOpen.value = false)}
            footer={
                <Button
                    icon="log-out"
                    onClick={() => {
                        profileOpen.value = false;
                        void signOut();
                    }}
                >
                    {t('Sign out')}
                </Button>
            }
        >
            <div class="row">
                <div class="grow">
                    <div class="strong">{user?.name || user?.email}</div>
                    <div class="muted small">{user?.email}</div>
                </div>
                <a class="button small" href="/settings/profile" onClick={() => (profileOpen.value = false)}>
                    {t('Profile and password')}
                </a>
            </div>
            <div class="field">
                <span class="label">{t('Appearance')}</span>
                <Segmented
                    label={t('Appearance')}
                    value={theme.value}
                    onValue={setTheme}
                    options={[
                        ['system', t('Like the system')],
                        ['light', t('Light')],
                        ['dark', t('Dark')],
                    ]}
                />
            </div>
            <div class="field">
                <label for="profile-language">{t('Language')}</label>
                <select id="profile-language" class="select" value={language.value} onChange={event => void setLanguage(event.currentTarget.value)}>
                    {LANGUAGES.map(([code, name]) => (
                        <option key={code} value={code} lang={code}>
                            {name}
                        </option>
                    ))}
                </select>
            </div>
            <p class="muted small">{t('Times are shown in {zone}, the zone of this server.', { zone: format.currentZone() })}</p>
        </Dialog>
    );
}
export function LinkState() {
    const { state, since } = link.value;
    void language.value;
    const words = { connecting: t('Connecting…'), live: t('Live'), reconnecting: t('Reconnecting…'), offline: t('Offline since {time}', { time: format.time(since) }) }[state];
    return (
        <span class={`link-state ${state}`} role="status">
            {words}
        </span>
    );
}
function PausedBar() {
    if (!me.value?.server.sending_paused) return null;
    return (
        <section class="notice-bar warn" aria-label={t('All sending is paused.')}>
            <Icon name="circle-pause" />
            <span>
                <strong>{t('All sending is paused.')}</strong> {t('Messages wait until someone resumes it.')}
            </span>
            {can('admin') ? (
                <span class="clock">
                    <Button
                        small
                        icon="play"
                        onClick={() => {
                            call(api.PUT('/api/settings', { body: { sending_paused: false } })).then(() => toast(t('Sending goes on.')), showError);
                        }}
                    >
                        {t('Resume sending')}
                    </Button>
                </span>
            ) : null}
        </section>
    );
}
export function Shell({ section, children }: { section: string; children: ComponentChildren }) {
    const drawer = useRef<HTMLDialogElement>(null);
    void place.value;
    return (
        <div class="shell">
            <a class="skip" href="#page-title" onClick={() => document.getElementById('page-title')?.focus()}>
                {t('Skip to the content')}
            </a>
            <Navigation section={section} />
            <dialog ref={drawer} class="drawer" aria-label={t('Main menu')} onClick={event => event.target === drawer.current && drawer.current?.close()}>
                <Later>{() => <Navigation section={section} close={() => drawer.current?.close()} />}</Later>
            </dialog>
            <div class="main">
                <header class="topbar">
                    <Button icon="menu" kind="ghost" class="menu-button" label={t('Menu')} onClick={() => drawer.current?.showModal()} />
                    <nav class="crumbs grow" aria-label={t('You are here')}>
                        {crumbs.value.map(crumb => (
                            <>
                                <a class="crumb-parent truncate" href={crumb.href}>
                                    {crumb.label}
                                </a>
                                <Icon name="chevron-right" flip class="crumb-parent" />
                            </>
                        ))}
                        <span class="truncate soft">{pageTitle.value}</span>
                    </nav>
                    <LinkState />
                    <Bell />
                    <Button kind="ghost" small icon="search" label={t('Search and commands')} onClick={() => (paletteOpen.value = true)} />
                </header>
                <SimulatorBar />
                <PausedBar />
                <main id="main">{children}</main>
            </div>
            <Profile />
            <Palette />
            <Questions />
            <SignInDialog />
            <Toasts />
            <Announcer />
        </div>
    );
}
