// The console: theme, drawer, selection, palette, keys. htmx does the server's part.
(function () {
  'use strict';
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const body = document.body;
  const { toast, undo, open } = window.kacang;

  // Theme: a cookie, so that the server writes it into the next page.
  function switchTheme() {
    root.dataset.bsTheme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `kc_theme=${root.dataset.bsTheme}; Path=/${location.pathname.split('/')[1]}; Max-Age=31536000; SameSite=Lax${secure}`;
    // Kept with the person too, so that every device of theirs has it.
    if (body.dataset.themeUrl) {
      const headers = JSON.parse(body.getAttribute('hx-headers'));
      fetch(body.dataset.themeUrl, { method: 'POST', headers, body: new URLSearchParams({ theme: root.dataset.bsTheme }), keepalive: true });
    }
    document.dispatchEvent(new CustomEvent('kacang:theme'));
  }

  // Drawer: a row's detail over the list.
  const drawer = one('#drawer');
  let shown = null;
  let wanted = null;
  function showRow(link) {
    if (!drawer || !window.htmx) { return false; }
    shown = link;
    wanted = link;
    all('tr.at').forEach((row) => row.classList.remove('at'));
    link.closest('tr')?.classList.add('at');
    htmx.ajax('GET', link.href, { target: '#drawer-in', swap: 'innerHTML' }).then(() => {
      // Closed, or moved on, while this was on its way.
      if (wanted !== link) { return; }
      if (!drawer.open) { link.focus(); open('drawer'); }
      // The content that had the focus is gone; keys must stay inside.
      drawer.focus();
      const links = all('[data-drawer]');
      all('[data-drawer-step]', drawer).forEach((button) => {
        button.disabled = !links[links.indexOf(shown) + Number(button.dataset.drawerStep)];
      });
    });
    return true;
  }
  function stepRow(step) {
    const links = all('[data-drawer]');
    const next = links[links.indexOf(shown) + step];
    if (next) { showRow(next); }
  }
  drawer?.addEventListener('close', () => { wanted = null; shown?.focus(); });
  drawer?.addEventListener('keydown', (event) => {
    if (event.target.closest('input,textarea,select')) { return; }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      stepRow(event.key === 'ArrowDown' ? 1 : -1);
    }
  });

  // Selection: counts, sum, and how many of the selected each button can do.
  function writeMinor(minor, bar) {
    const digits = Number(bar.dataset.digits ?? 2);
    const value = Math.abs(minor) / 10 ** digits;
    const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (minor < 0 ? '−' : '') + (bar.dataset.symbol ?? '¥') + text;
  }
  function refreshBulk() {
    const bar = one('[data-bulk]');
    if (!bar) { return; }
    const boxes = all('.row-cb');
    const picked = boxes.filter((box) => box.checked);
    const everything = one('[data-bulk-all]', bar).value === '1';
    bar.classList.toggle('show', picked.length > 0);
    one('[data-bulk-count]', bar).textContent = everything ? bar.dataset.allText : picked.length;
    const priced = picked.some((box) => box.dataset.minor);
    one('[data-bulk-sum-box]', bar).hidden = !priced || everything;
    const sum = picked.reduce((total, box) => total + Number(box.dataset.minor || 0), 0);
    one('[data-bulk-sum]', bar).textContent = writeMinor(sum, bar);
    boxes.forEach((box) => box.closest('tr')?.classList.toggle('sel', box.checked));
    all('[data-can]', bar).forEach((button) => {
      const able = picked.filter((box) => (box.dataset.can || '').split(' ').includes(button.dataset.can)).length;
      button.disabled = !everything && able === 0;
      const note = one('[data-able]', button);
      if (note) { note.textContent = everything ? '' : note.dataset.able.replace('{n}', able); }
    });
    const head = one('#cb-all');
    if (head) {
      head.checked = boxes.length > 0 && picked.length === boxes.length;
      head.indeterminate = picked.length > 0 && !head.checked;
    }
  }
  function chooseAll(on) {
    const field = one('[data-bulk-all]');
    if (field) { field.value = on ? '1' : ''; }
  }

  document.addEventListener('click', (event) => {
    const target = event.target;
    if (!(target instanceof Element)) { return; }
    if (target.closest('[data-theme-switch]')) { switchTheme(); }
    const step = target.closest('[data-drawer-step]');
    if (step) { stepRow(Number(step.dataset.drawerStep)); }
    const link = target.closest('a[data-drawer]');
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    if (link && plain && showRow(link)) { event.preventDefault(); }
    if (target.closest('[data-bulk-clear]')) {
      all('.row-cb').forEach((box) => { box.checked = false; });
      chooseAll(false);
      refreshBulk();
    }
    if (target.closest('[data-bulk-everything]')) { chooseAll(true); refreshBulk(); }
  });
  document.addEventListener('change', (event) => {
    if (event.target.id === 'cb-all') {
      all('.row-cb').forEach((box) => { box.checked = event.target.checked; });
    }
    if (event.target.matches('#cb-all,.row-cb')) { chooseAll(false); refreshBulk(); }
    if (event.target.matches('[data-auto-submit]')) { event.target.form.requestSubmit(); }
  });

  // Keys, off inside fields.
  let leader = 0;
  let row = -1;
  function moveRow(step) {
    const links = all('[data-drawer]');
    if (!links.length) { return; }
    row = Math.max(0, Math.min(links.length - 1, row + step));
    links[row].focus();
    links[row].scrollIntoView({ block: 'nearest' });
  }
  const keys = {
    '/': () => one('#q')?.focus(),
    '?': () => open('shortcuts'),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    n: () => one('.pager a[rel=next]')?.click(),
    p: () => one('.pager a[rel=prev]')?.click(),
    a: () => one('.bulk.show button,.bulk.show select')?.focus(),
    e: () => (one('.bulk.show [data-export]') || one('[data-export]'))?.click(),
    x: () => document.activeElement.closest('tr')?.querySelector('.row-cb')?.click(),
  };
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
      event.preventDefault();
      open('palette');
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || one('dialog[open]')) { return; }
    if (event.target.closest?.('input:not([type=checkbox]),textarea,select')) { return; }
    if (event.key === 'g') { leader = Date.now(); return; }
    if (Date.now() - leader < 900) {
      leader = 0;
      const goal = all('.side [data-key]').find((item) => item.dataset.key === event.key);
      if (goal) { location.href = goal.href; }
      return;
    }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // Files: dropping on the field, its name shown.
  all('.drop').forEach((area) => {
    const field = one('input[type=file]', area);
    const name = one('[data-file-name]', area);
    const show = () => { if (name && field.files.length) { name.textContent = [...field.files].map((file) => file.name).join(', '); } };
    field?.addEventListener('change', show);
    area.addEventListener('dragover', (event) => { event.preventDefault(); area.classList.add('over'); });
    area.addEventListener('dragleave', () => area.classList.remove('over'));
    area.addEventListener('drop', (event) => {
      event.preventDefault();
      area.classList.remove('over');
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    });
  });

  // htmx: say what failed; the answer's header HX-Trigger {"toast": "…"} says what was done.
  body.addEventListener('toast', (event) => toast(event.detail.value));
  // {"undo": {text, url, values, target}} also offers the way back.
  body.addEventListener('undo', (event) => {
    const { text, url, values, target } = event.detail;
    undo(text, body.dataset.undo, () => htmx.ajax('POST', url, {
      values: { ...values, undo: '1' },
      target: target && one(target) ? target : 'body',
      swap: target && one(target) ? 'innerHTML' : 'none',
    }));
  });
  body.addEventListener('htmx:responseError', () => toast(body.dataset.failed));
  body.addEventListener('htmx:sendError', () => toast(body.dataset.offline));
  body.addEventListener('htmx:afterSettle', refreshBulk);
  addEventListener('pageshow', refreshBulk);
})();
