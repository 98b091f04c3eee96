/* Starts the UI: language, session, then the page that the address names. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from './core/i18n';
import { readPrefs } from './core/prefs';
import { matchPath, startRouter } from './core/router';
import { Pending, usePage } from './ui/page';
import { Alert, Button, Empty } from './ui/parts';
import { ROUTES, type Page } from './ui/routes';
import { SetupPage } from './ui/setup';
import { Shell } from './ui/shell';
import { SignInPage } from './ui/signin';
import { language, phase, place, setLanguage, start } from './ui/state';

const loaded = new Map<unknown, Page>();

function NotFound() {
    usePage(t('This page does not exist'));
    return (
        <div class="page">
            <Empty icon="map-pin-off" level="h1" title={t('This page does not exist')} actions={<a class="button" href="/">{t('To the dashboard')}</a>}>
                {t('The address may be mistyped, or what it showed was deleted.')}
            </Empty>
        </div>
    );
}
function Current() {
    const path = place.value.path;
    const match = matchPath(ROUTES, path);
    const route = match && ROUTES.find(one => one.pattern === match.pattern);
    const [, draw] = useState(0);
    const [broken, setBroken] = useState<unknown>(null); // the route whose page could not be fetched
    const Found = route ? loaded.get(route.load) : undefined;
    useEffect(() => {
        if (!route || Found) return;
        setBroken(null);
        route.load().then(
            module => {
                loaded.set(route.load, module.default);
                draw(n => n + 1);
            },
            () => setBroken(route),
        );
    }, [route]);
    useEffect(() => {
        if (match) scrollTo({ top: 0 });
    }, [path]);
    return (
        <Shell section={route?.section ?? ''}>
            {!route || !match ? (
                <NotFound />
            ) : broken === route ? (
                <div class="page">
                    <Alert kind="warn" action={<Button onClick={() => location.reload()}>{t('Reload')}</Button>}>
                        {t('A new version is installed. Reload to go on.')}
                    </Alert>
                </div>
            ) : Found ? (
                <Found params={match.params} key={match.name === 'settings' ? 'settings' : match.params['id'] ?? match.name} />
            ) : (
                <Pending title={t('Loading…')} error={null} retry={() => undefined} />
            )}
        </Shell>
    );
}
function App() {
    void language.value;
    switch (phase.value) {
        case 'loading':
            return null;
        case 'unreachable':
            return (
                <main class="centre">
                    <Empty icon="cloud-off" title={t('The server cannot be reached')}>
                        {t('Trying again every two seconds.')}
                    </Empty>
                </main>
            );
        case 'setup':
            return <SetupPage />;
        case 'login':
            return <SignInPage />;
        case 'ready':
            return <Current />;
    }
}

async function main(): Promise<void> {
    startRouter();
    const match = matchPath(ROUTES, location.pathname);
    const first = match && ROUTES.find(one => one.pattern === match.pattern);
    const page = first?.load().then(module => loaded.set(first.load, module.default), () => undefined);
    const wanted = new URLSearchParams(location.search).get('language') ?? readPrefs().language ?? navigator.language;
    await Promise.all([setLanguage(wanted, false).catch(() => setLanguage('en', false)), start()]);
    // The page itself at once rather than its outline first, when it is nearly here.
    await Promise.race([page, new Promise(resolve => setTimeout(resolve, 100))]);
    render(<App />, document.getElementById('app') as HTMLElement);
}
void main();
