// Before the first paint: say that scripts run, and follow the system's light or dark
// unless the reader has chosen (the cookie, which the server has already written into the page).
(function () {
  var root = document.documentElement;
  root.classList.add('js');
  if (root.hasAttribute('data-bs-theme') && (root.dataset.theme || 'system') === 'system' && !/(^|; )kc_theme=/.test(document.cookie) &&
      window.matchMedia && matchMedia('(prefers-color-scheme: dark)').matches) {
    root.setAttribute('data-bs-theme', 'dark');
  }
})();
