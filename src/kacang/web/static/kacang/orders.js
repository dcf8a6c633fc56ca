// The list of orders: a selection that outlives the page, its sums, news, columns that move.
(function () {
  'use strict';
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const SYMBOLS = { CNY: '¥', USD: '$', EUR: '€', USDT: 'USDT ' };

  // What is selected, by the filter that it was selected in: kept while the tab is open.
  const bar = one('[data-picked]');
  const place = bar ? `kacang:picked:${bar.dataset.picked}` : '';
  let picked = new Map();
  let everything = false;
  function keep() {
    if (picked.size) { sessionStorage.setItem(place, JSON.stringify([...picked])); } else { sessionStorage.removeItem(place); }
  }
  function written(minor, currency) {
    const digits = currency === 'USDT' ? 6 : 2;
    return (SYMBOLS[currency] || `${currency} `) + (minor / 10 ** digits).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: digits });
  }
  function show() {
    const sums = {};
    let units = 0;
    picked.forEach((item) => {
      sums[item.currency] = (sums[item.currency] || 0) + item.minor;
      units += item.units;
    });
    bar.classList.toggle('show', picked.size > 0);
    one('[data-picked-count]', bar).textContent = picked.size;
    one('[data-picked-sum]', bar).textContent = Object.entries(sums).map(([currency, minor]) => written(minor, currency)).join(' + ');
    one('[data-picked-units]', bar).textContent = bar.dataset.units.replace('{n}', units.toLocaleString('en-US'));
    one('[data-picked-some]', bar).hidden = everything;
    one('[data-picked-sums]', bar).hidden = !everything;
    one('[data-picked-all]').value = everything ? '1' : '';
    const boxes = all('.row-cb');
    boxes.forEach((box) => {
      box.checked = everything || picked.has(box.value);
      box.closest('tr').classList.toggle('sel', box.checked);
    });
    const here = boxes.filter((box) => box.checked).length;
    const head = one('#cb-all');
    if (head) {
      head.checked = boxes.length > 0 && here === boxes.length;
      head.indeterminate = here > 0 && !head.checked;
    }
    // What was selected on other pages goes with the form too; answers are for the rows shown here.
    const form = one('#pick-form');
    one('[data-picked-shown]', form).value = boxes.map((box) => box.value).join(' ');
    all('[data-elsewhere]', form).forEach((field) => field.remove());
    const shown = new Set(boxes.map((box) => box.value));
    picked.forEach((_item, number) => {
      if (shown.has(number)) { return; }
      const field = document.createElement('input');
      field.type = 'hidden';
      field.name = 'pick';
      field.value = number;
      field.dataset.elsewhere = '';
      form.append(field);
    });
  }
  function take() {
    everything = false;
    all('.row-cb').forEach((box) => {
      if (box.checked) {
        picked.set(box.value, { minor: Number(box.dataset.minor), currency: box.dataset.currency, units: Number(box.dataset.units) });
      } else {
        picked.delete(box.value);
      }
    });
    keep();
    show();
  }
  if (bar) {
    try { picked = new Map(JSON.parse(sessionStorage.getItem(place) || '[]')); } catch (_error) { picked = new Map(); }
    document.addEventListener('change', (event) => {
      // Behind the page's own script, which sets the boxes of a page.
      if (event.target.matches('#cb-all,.row-cb')) { setTimeout(take); }
    });
    document.addEventListener('click', (event) => {
      if (!(event.target instanceof Element)) { return; }
      if (event.target.closest('[data-picked-clear]')) { picked.clear(); everything = false; keep(); show(); }
      if (event.target.closest('[data-picked-everything]')) {
        everything = true;
        show();
        htmx.trigger(one('[data-picked-sums]', bar), 'sums');
      }
    });
    addEventListener('pageshow', show);
    show();
  }

  // News: asked for while somebody looks at the page. The list itself never moves.
  const news = one('[data-look]');
  const bell = one('[data-sound]');
  const HEARD = 'kacang:sound';
  const wantsSound = () => Boolean(bell) && localStorage.getItem(HEARD) === '1';
  function ring() {
    const context = new AudioContext();
    [880, 1320].forEach((pitch, at) => {
      const begin = context.currentTime + at * 0.15;
      const tone = context.createOscillator();
      const level = context.createGain();
      tone.frequency.value = pitch;
      level.gain.setValueAtTime(0.15, begin);
      level.gain.exponentialRampToValueAtTime(0.001, begin + 0.3);
      tone.connect(level).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + 0.3);
    });
    setTimeout(() => context.close(), 1000);
  }
  if (bell) {
    bell.setAttribute('aria-pressed', String(wantsSound()));
    bell.addEventListener('click', () => {
      localStorage.setItem(HEARD, wantsSound() ? '0' : '1');
      bell.setAttribute('aria-pressed', String(wantsSound()));
      if (wantsSound()) { ring(); }
    });
  }
  if (news) {
    let paid = 0;
    news.addEventListener('htmx:afterSwap', () => {
      const now = Number(one('[data-paid]', news)?.dataset.paid ?? 0);
      if (now > paid && wantsSound()) { ring(); }
      paid = now;
    });
    setInterval(() => {
      // Whoever wants to hear it looks at something else meanwhile.
      if ((document.visibilityState === 'visible' || wantsSound()) && window.htmx) { htmx.trigger(news, 'look'); }
    }, Number(news.dataset.look) * 1000);
    news.addEventListener('click', (event) => {
      if (event.target.closest('[data-renew]')) { event.preventDefault(); location.reload(); }
    });
  }

  // Columns: moved up and down in their list; the focus stays on the button.
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-shift]');
    if (!button) { return; }
    const item = button.closest('li');
    if (button.dataset.shift === '-1') { item.previousElementSibling?.before(item); } else { item.nextElementSibling?.after(item); }
    button.focus();
  });
})();
