// Both faces: copying, toasts, dialogs, menus. Works in old web views; everything is optional.
(function () {
  'use strict';
  var body = document.body;
  var FLOATING = 'details.menu[open],details.tip[open]';

  // While a dialogue is open, what lies outside it can be neither seen whole nor reached.
  function boxOf() {
    var page = document.querySelector('body > [data-toasts]');
    var dialogs = document.querySelectorAll('dialog[open]');
    var dialog = dialogs[dialogs.length - 1];
    if (!page || !dialog) { return page; }
    var own = dialog.querySelector(':scope > [data-toasts]');
    if (!own) {
      own = document.createElement('div');
      own.className = page.className;
      own.setAttribute('role', 'status');
      own.setAttribute('data-toasts', '');
      dialog.appendChild(own);
    }
    return own;
  }

  function toast(text) {
    var box = boxOf();
    if (!box || !text) { return null; }
    var item = document.createElement('div');
    item.className = 'toast2';
    var icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    icon.setAttribute('class', 'ic');
    icon.setAttribute('aria-hidden', 'true');
    var use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    use.setAttribute('href', body.dataset.sprite + '#i-circle-check');
    icon.appendChild(use);
    item.appendChild(icon);
    item.appendChild(document.createTextNode(text));
    box.appendChild(item);
    fade(item);
    return item;
  }

  function fade(item) { setTimeout(function () { if (!item.hasAttribute('data-stays')) { item.remove(); } }, 3000); }

  // A toast with a way back, for ten seconds; it waits while the pointer or the focus is on it.
  function undo(text, label, back) {
    var item = toast(text);
    if (!item) { return; }
    item.setAttribute('data-stays', '');
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'link';
    button.textContent = label;
    button.addEventListener('click', function () { item.remove(); back(); });
    item.appendChild(button);
    setTimeout(function leave() {
      if (item.matches(':hover') || item.contains(document.activeElement)) { setTimeout(leave, 1000); } else { item.remove(); }
    }, 10000);
  }

  function copyOld(text) {
    var area = document.createElement('textarea');
    area.value = text;
    area.setAttribute('readonly', '');
    area.className = 'visually-hidden';
    body.appendChild(area);
    area.select();
    try { document.execCommand('copy'); } finally { area.remove(); }
  }

  function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text).catch(function () { copyOld(text); });
    }
    copyOld(text);
    return Promise.resolve();
  }

  var openers = new WeakMap();
  function open(name) {
    var dialog = document.getElementById(name);
    if (!dialog || dialog.open) { return; }
    openers.set(dialog, document.activeElement);
    dialog.showModal();
  }

  document.addEventListener('close', function (event) {
    var opener = openers.get(event.target);
    if (opener && opener.isConnected) { opener.focus(); }
  }, true);

  document.addEventListener('click', function (event) {
    var target = event.target;
    if (!(target instanceof Element)) { return; }
    var copied = target.closest('[data-copy]');
    if (copied) {
      copy(copied.dataset.copy).then(function () { toast(copied.dataset.ok || body.dataset.copied); });
    }
    var opener = target.closest('[data-open]');
    if (opener) {
      var around = opener.closest('details.menu[open]');
      // What is in a closed menu cannot have the focus back: its head can.
      if (around) { around.open = false; around.querySelector('summary').focus(); }
      open(opener.dataset.open);
    }
    var closer = target.closest('[data-close]');
    if (closer) { closer.closest('dialog').close(); }
    var dismissed = target.closest('[data-dismiss]');
    if (dismissed) { dismissed.closest('.job, .banner, .card').remove(); }
    // A click on the ground behind a dialog closes it; one inside has another target.
    if (target.nodeName === 'DIALOG' && target.open) { target.close(); }
    document.querySelectorAll(FLOATING).forEach(function (menu) {
      if (!menu.contains(target)) { menu.open = false; }
    });
  });

  // What would reach out of the window on the right opens to the left.
  document.addEventListener('toggle', function (event) {
    var menu = event.target;
    if (!menu.matches('details.tip') || !menu.open) { return; }
    menu.classList.remove('flip');
    menu.classList.toggle('flip', menu.querySelector(':scope>span').getBoundingClientRect().right > innerWidth);
  }, true);

  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') { return; }
    document.querySelectorAll(FLOATING).forEach(function (menu) {
      menu.open = false;
      menu.querySelector('summary').focus();
    });
  });

  // A form is sent once: a second press while the first is on its way would order twice.
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (form.method !== 'post' || form.hasAttribute('data-again')) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
    setTimeout(function () { delete form.dataset.sent; }, 4000);
  });
  addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
  });

  document.querySelectorAll('[data-fade]').forEach(fade);
  window.kacang = { toast: toast, undo: undo, copy: copy, open: open };
})();
