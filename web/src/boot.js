// Runs before the first paint: theme and language, so that nothing flashes.
(function () {
    var root = document.documentElement, store = {};
    try { store = JSON.parse(localStorage.getItem('dripline') || '{}'); } catch (error) { store = {}; }
    if (store.theme === 'dark' || store.theme === 'light') root.dataset.theme = store.theme;
    var language = store.language || navigator.language || 'en';
    root.lang = language;
    root.dir = /^(ar|he|fa|ur)\b/.test(language) && (!store.language || store.language === 'ar') && /^ar\b/.test(language) ? 'rtl' : 'ltr';
})();
