// Runs before the first paint: theme and language, so that nothing flashes.
(function () {
    var root = document.documentElement, store = {};
    try { store = JSON.parse(localStorage.getItem('dripline') || '{}'); } catch (error) { store = {}; }
    var chosen = store.theme === 'dark' || store.theme === 'light' ? store.theme : '';
    root.dataset.theme = chosen || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    var language = store.language || navigator.language || 'en';
    root.lang = language;
    root.dir = /^ar\b/.test(language) ? 'rtl' : 'ltr';
})();
