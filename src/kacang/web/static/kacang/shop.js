// The shop: quantity, choice of SKU, countdown, the payment page that turns by itself.
// Everything here only helps; each page works without it up to payment. Old syntax on purpose.
(function () {
  'use strict';

  // What was wrong with a field is no longer said while somebody mends it.
  document.addEventListener('input', function (event) {
    var box = event.target.closest && event.target.closest('.fld.err');
    if (!box) { return; }
    var said = box.querySelector('.e');
    box.classList.remove('err');
    event.target.removeAttribute('aria-invalid');
    if (said) { said.hidden = true; }
  });

  // Quantity: <div class="step"><button data-step="-1"> <input> <button data-step="1">
  function limits(field) {
    return { least: Number(field.min || 1), most: Number(field.max || 9999) };
  }
  function setQuantity(field, value) {
    var range = limits(field);
    field.value = Math.max(range.least, Math.min(range.most, value || range.least));
    markEnds(field);
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  function markEnds(field) {
    var box = field.closest('.step');
    if (!box) { return; }
    var range = limits(field);
    box.querySelectorAll('[data-step]').forEach(function (button) {
      var down = Number(button.dataset.step) < 0;
      button.disabled = down ? Number(field.value) <= range.least : Number(field.value) >= range.most;
    });
  }
  document.addEventListener('click', function (event) {
    var button = event.target.closest && event.target.closest('[data-step]');
    if (!button) { return; }
    var field = button.closest('.step').querySelector('input');
    setQuantity(field, Number(field.value) + Number(button.dataset.step));
  });
  document.querySelectorAll('.step input').forEach(function (field) {
    field.addEventListener('blur', function () { setQuantity(field, Number(field.value)); });
    markEnds(field);
  });

  // Choice: a radio's data-set-price, data-set-stock … are written to [data-show=price] …
  function choose(radio) {
    Object.keys(radio.dataset).forEach(function (key) {
      if (key.indexOf('set') !== 0) { return; }
      var name = key.slice(3).toLowerCase();
      document.querySelectorAll('[data-show="' + name + '"]').forEach(function (place) {
        place.textContent = radio.dataset[key];
      });
    });
    if (radio.dataset.most) {
      document.querySelectorAll('.step input').forEach(function (field) {
        field.max = radio.dataset.most;
        setQuantity(field, Number(field.value));
      });
    }
  }
  document.addEventListener('change', function (event) {
    if (event.target.matches('input[type=radio][data-choice]')) { choose(event.target); }
  });
  var chosen = document.querySelector('input[type=radio][data-choice]:checked');
  if (chosen) { choose(chosen); }

  // Countdown: <span data-countdown="SECONDS LEFT" data-over="ID shown when over">
  document.querySelectorAll('[data-countdown]').forEach(function (place) {
    var end = Date.now() + Number(place.dataset.countdown) * 1000;
    function two(number) { return (number < 10 ? '0' : '') + number; }
    function tick() {
      var left = Math.max(0, Math.round((end - Date.now()) / 1000));
      var hours = Math.floor(left / 3600);
      place.textContent = (hours ? hours + ':' : '') + two(Math.floor(left / 60) % 60) + ':' + two(left % 60);
      if (left > 0) { setTimeout(tick, 1000); return; }
      var over = document.getElementById(place.dataset.over || '');
      if (over) { over.hidden = false; }
    }
    tick();
  });

  // Waiting: <div data-poll="URL">; the answer is {"done": true, "url": "…"} when there is news.
  var waiting = document.querySelector('[data-poll]');
  if (waiting) {
    var started = Date.now();
    var timer = null;
    var look = function () {
      clearTimeout(timer);
      fetch(waiting.dataset.poll, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
        .then(function (answer) { return answer.ok ? answer.json() : {}; })
        .then(function (news) { if (news.done) { location.replace(news.url || location.href); } else { again(); } })
        .catch(again);
    };
    var again = function () {
      clearTimeout(timer);
      timer = setTimeout(look, Date.now() - started < 120000 ? 2000 : 6000);
    };
    document.addEventListener('visibilitychange', function () { if (!document.hidden) { look(); } });
    again();
  }

  // Paying inside an app: <button data-in-app='{…}' data-then="ID OF A FORM">. The app brings the
  // bridge, perhaps after the page. What it answers is no proof: the form has the company asked.
  function payInApp(button) {
    window.WeixinJSBridge.invoke('getBrandWCPayRequest', JSON.parse(button.dataset.inApp), function (answer) {
      var form = document.getElementById(button.dataset.then || '');
      if (form && answer && answer.err_msg === 'get_brand_wcpay_request:ok') { form.submit(); }
    });
  }
  document.addEventListener('click', function (event) {
    var button = event.target.closest && event.target.closest('[data-in-app]');
    if (!button) { return; }
    if (window.WeixinJSBridge) { payInApp(button); return; }
    document.addEventListener('WeixinJSBridgeReady', function () { payInApp(button); }, { once: true });
  });

  // Codes typed from a printed card: capitals, in groups of four.
  document.addEventListener('input', function (event) {
    if (!event.target.matches('.codein')) { return; }
    var code = event.target.value.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 32);
    event.target.value = code.replace(/(.{4})(?=.)/g, '$1 ');
  });

  document.addEventListener('click', function (event) {
    if (event.target.closest && event.target.closest('[data-print]')) { window.print(); }
  });

  // Sharing, where the browser can.
  document.addEventListener('click', function (event) {
    var button = event.target.closest && event.target.closest('[data-share]');
    if (!button) { return; }
    var page = { title: document.title, url: location.href };
    if (navigator.share) { navigator.share(page).catch(function () {}); return; }
    window.kacang.copy(page.url).then(function () { window.kacang.toast(button.dataset.ok || document.body.dataset.copied); });
  });
})();
