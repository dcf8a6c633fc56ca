// Settings: the theme colour is shown while it is chosen.
(function () {
  'use strict';
  const field = document.querySelector('[data-colour]');
  if (!field) { return; }
  const swatches = [...document.querySelectorAll('[data-set-colour]')];
  function show() {
    document.querySelectorAll('[data-fill]').forEach((part) => part.setAttribute('fill', field.value));
    document.querySelectorAll('[data-stroke]').forEach((part) => part.setAttribute('stroke', field.value));
    swatches.forEach((one) => one.setAttribute('aria-pressed', String(one.dataset.setColour === field.value)));
  }
  field.addEventListener('input', show);
  swatches.forEach((one) => one.addEventListener('click', () => { field.value = one.dataset.setColour; show(); }));
  show();
}());
