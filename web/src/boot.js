// Runs before the first paint: theme and language, so that nothing flashes. Then, while the scripts
// are on their way: the first question to the server, what the page of this address needs, and the
// browser's formats, whose first use takes long.
(function () {
    var root = document.documentElement, store = {};
    try { store = JSON.parse(localStorage.getItem('dripline') || '{}'); } catch (error) { store = {}; }
    var chosen = store.theme === 'dark' || store.theme === 'light' ? store.theme : '';
    root.dataset.theme = chosen || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    var language = new URLSearchParams(location.search).get('language') || store.language || navigator.language || 'en';
    root.lang = language === 'pseudo' ? 'en' : language;
    root.dir = /^ar\b/.test(language) ? 'rtl' : 'ltr';

    var asked = self.driplineSetup = fetch('/api/setup', { headers: { Accept: 'application/json' } });
    asked.catch(function () { /* the page asks again and says so */ });

    var locales = LOCALE_FILES, pages = PAGE_FILES;
    var parts = location.pathname.replace(/\/+$/, '').split('/');
    var page = pages.find(function (one) {
        var wanted = one[0].replace(/\/$/, '').split('/');
        return wanted.length === parts.length && wanted.every(function (part, at) { return part === parts[at] || part[0] === ':'; });
    });
    var locale = Object.keys(locales).find(function (code) { return code.split('-')[0] === language.toLowerCase().split('-')[0]; });
    (page ? page[1] : []).concat(locale ? locales[locale] : []).forEach(function (file) {
        var link = document.createElement('link');
        link.rel = 'modulepreload';
        link.href = '/assets/' + file;
        document.head.append(link);
    });

    // Each in a task of its own: a click never waits for all of them.
    [
        function () { new Intl.NumberFormat(language).format(1); },
        function () { new Intl.RelativeTimeFormat(language).format(1, 'day'); },
        function () { new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' }).format(0); }
    ].forEach(function (use) {
        setTimeout(function () {
            try { use(); } catch (error) { /* a language tag that no browser knows */ }
        });
    });
})();
