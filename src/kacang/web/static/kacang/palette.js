// The palette: what the server finds above, pages and commands below. The focus stays in the field;
// arrows move through what is found, Enter goes there, ">" leaves only commands.
(function () {
  'use strict';
  const palette = document.querySelector('#palette');
  if (!palette) { return; }
  const one = (selector, root = palette) => root.querySelector(selector);
  const all = (selector, root = palette) => [...root.querySelectorAll(selector)];
  const field = one('input');
  const found = one('#palette-found');
  const status = one('[data-palette-count]');
  let at = 0;

  function options() { return all('li:not([hidden]) a[role=option]').filter((link) => !link.closest('[hidden]')); }
  function mark(next) {
    const links = options();
    at = links.length ? (next + links.length) % links.length : 0;
    all('a[aria-selected=true]').forEach((link) => link.setAttribute('aria-selected', 'false'));
    const link = links[at];
    if (!link) { field.removeAttribute('aria-activedescendant'); return; }
    link.id = link.id || `palette-option-${Math.random().toString(36).slice(2, 9)}`;
    link.setAttribute('aria-selected', 'true');
    field.setAttribute('aria-activedescendant', link.id);
    link.scrollIntoView({ block: 'nearest' });
  }
  function narrow() {
    const typed = field.value.trim().toLowerCase();
    const commands = typed.startsWith('>');
    const words = (commands ? typed.slice(1) : typed).trim();
    if (words === '' || commands) { found.replaceChildren(); }
    all('[data-palette-pages] ul').forEach((group) => {
      const items = all('li:not(.ph2)', group);
      items.forEach((item) => { item.hidden = words !== '' && !item.textContent.toLowerCase().includes(words); });
      const away = commands && !group.hasAttribute('data-palette-commands');
      group.hidden = away || items.every((item) => item.hidden);
    });
    tell();
  }
  function tell() {
    mark(0);
    status.textContent = status.dataset.paletteCount.replace('{n}', options().length);
  }

  field.addEventListener('input', narrow);
  found.addEventListener('htmx:afterSwap', () => { if (field.value.trim() === '' || field.value.trim().startsWith('>')) { found.replaceChildren(); } tell(); });
  palette.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      mark(at + (event.key === 'ArrowDown' ? 1 : -1));
    }
    if (event.key === 'Enter' && event.target === field) {
      event.preventDefault();
      options()[at]?.click();
    }
  });
  palette.addEventListener('close', () => { field.value = ''; narrow(); });
  mark(0);
})();
