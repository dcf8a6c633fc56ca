// A dialog whose form was refused opens again, with what was typed and why it was refused. It is
// kept in this window, until the next page: never what is secret, and no file.
(function () {
  'use strict';
  const KEY = 'kacang:refused';
  const SECRET = 'input[type=password],input[type=file],input[type=hidden],[autocomplete="one-time-code"],[data-secret]';
  const one = (selector, root = document) => root.querySelector(selector);

  function fieldsOf(form) {
    return [...form.elements].filter((field) => field.name && field.matches('input,select,textarea') && !field.matches(SECRET));
  }
  const isTick = (field) => field.type === 'checkbox' || field.type === 'radio';

  document.addEventListener('submit', (event) => {
    const form = event.target;
    const dialog = form.closest('dialog[id]');
    if (!dialog || event.defaultPrevented || form.method !== 'post') { return; }
    const fields = fieldsOf(form).map((field) => [field.name, field.value, isTick(field) ? field.checked : null]);
    // What only asked whether one is sure has nothing to keep.
    if (!fields.length) { return; }
    sessionStorage.setItem(KEY, JSON.stringify({ dialog: dialog.id, action: form.action, fields }));
  });

  function fill(form, fields) {
    fieldsOf(form).forEach((field) => {
      const same = ([name, value]) => name === field.name && (!isTick(field) || value === field.value);
      const kept = fields.find(same);
      if (!kept) { return; }
      if (isTick(field)) { field.checked = kept[2]; } else { field.value = kept[1]; }
    });
  }

  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  const refusal = one('[data-refused]');
  if (!text || !refusal) { return; }
  const kept = JSON.parse(text);
  const dialog = document.getElementById(kept.dialog);
  const form = [...(dialog?.querySelectorAll('form') ?? [])].find((item) => item.action === kept.action);
  if (!form) { return; }
  fill(form, kept.fields);
  const why = document.createElement('p');
  why.className = 't-bad';
  why.setAttribute('role', 'alert');
  why.textContent = refusal.textContent.trim();
  (one('.body', form) ?? form).prepend(why);
  window.kacang.open(kept.dialog);
})();
