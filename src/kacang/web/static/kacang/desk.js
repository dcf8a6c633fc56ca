// The pages of the daily work: acts of a row, forms that grow, pasted lists.
(function () {
  'use strict';
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // An act of a row opens the row's drawer at that act.
  function openAct(link) {
    const main = one('a[data-drawer]', link.closest('tr'));
    if (!main || !window.htmx) { return false; }
    link.closest('details.menu')?.removeAttribute('open');
    const own = main.href;
    main.href = link.href;
    main.click();
    main.href = own;
    return true;
  }

  // The drawer is shown after its content came: the dialog in it must wait for that.
  function openAtOnce(tries = 40) {
    const mark = one('[data-open-at-once]');
    if (!mark) { return; }
    const drawer = mark.closest('dialog');
    if (drawer && !drawer.open && tries) {
      setTimeout(() => openAtOnce(tries - 1), 25);
      return;
    }
    const name = mark.dataset.openAtOnce;
    mark.remove();
    window.kacang.open(name);
  }

  // Forms that grow: the empty one in a template, the count in the management form.
  function addForm(prefix) {
    const total = one(`#id_${prefix}-TOTAL_FORMS`);
    const holder = document.createElement('div');
    holder.innerHTML = one(`#${prefix}-empty`).innerHTML.replaceAll('__prefix__', total.value);
    total.value = Number(total.value) + 1;
    const added = holder.firstElementChild;
    one(`[data-forms="${prefix}"]`).append(added);
    if (window.htmx) { htmx.process(added); }
    one('input:not([type=hidden])', added)?.focus();
  }
  function dropForm(button) {
    const form = button.closest('[data-form]');
    // Left empty, a new form is no form; its place in the count stays.
    all('input:not([type=checkbox]):not([type=hidden]),textarea', form).forEach((field) => {
      field.value = field.defaultValue;
    });
    all('input[type=checkbox]', form).forEach((box) => { box.checked = box.defaultChecked; });
    all('select', form).forEach((list) => {
      const first = all('option', list).findIndex((option) => option.defaultSelected);
      list.selectedIndex = Math.max(first, 0);
    });
    form.hidden = true;
  }

  document.addEventListener('click', (event) => {
    const target = event.target;
    if (!(target instanceof Element)) { return; }
    const act = target.closest('a[data-row-act]');
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    if (act && plain && openAct(act)) { event.preventDefault(); }
    const add = target.closest('[data-add-form]');
    if (add) { addForm(add.dataset.addForm); }
    const drop = target.closest('[data-drop-form]');
    if (drop) { dropForm(drop); }
    const card = target.closest('[data-card-act]');
    if (card) {
      const dialog = document.getElementById(card.dataset.open);
      one('[data-card-field]', dialog).value = card.dataset.card;
      one('[data-card-name]', dialog).textContent = card.dataset.name || '';
      all('[data-empty-on-open]', dialog).forEach((box) => box.replaceChildren());
    }
    const fill = target.closest('[data-fill]');
    if (fill) {
      const field = document.getElementById(fill.dataset.fillInto);
      field.value = fill.dataset.fill;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      field.focus();
    }
  });

  // A list pasted into a one-line field keeps its items apart.
  document.addEventListener('paste', (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.matches('[data-paste-lines]')) { return; }
    const text = event.clipboardData.getData('text');
    if (!/[\r\n]/.test(text)) { return; }
    event.preventDefault();
    const lines = text.split(/[\r\n]+/).map((line) => line.trim()).filter(Boolean).join(' ');
    field.setRangeText(lines, field.selectionStart, field.selectionEnd, 'end');
  });

  document.body.addEventListener('htmx:afterSettle', () => openAtOnce());
  // The common script, which opens dialogues, comes behind this one.
  document.addEventListener('DOMContentLoaded', () => openAtOnce());
})();
