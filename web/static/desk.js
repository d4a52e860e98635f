// Keeps an open desk fresh without taking away what has the focus or was typed.
(function (d) {
  const desk = d.getElementById('desk');
  if (!desk) return;
  const said = d.getElementById('desk-said');
  const say = (text) => { if (said) said.textContent = text || ''; };
  const writing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  const typing = (row) => row.contains(d.activeElement) && writing(d.activeElement);
  const busy = (row) => row.querySelector('.task-acts details[open]') !== null || typing(row) || row.querySelector('.htmx-request, [role=alert]') !== null;
  let composing = false, again = false;

  // of a row that somebody works in only the head is renewed
  function renewed(old, row) {
    if (!old) return d.importNode(row, true);
    if (old.dataset.mark === row.dataset.mark) return old;
    if (!busy(old)) return d.importNode(row, true);
    old.querySelector('.task-head').replaceWith(d.importNode(row.querySelector('.task-head'), true));
    return old;
  }

  function put(page) {
    const fresh = page.getElementById('desk');
    if (!fresh) return;
    const old = new Map(Array.from(desk.querySelectorAll('[data-row]'), (row) => [row.id, row]));
    const open = new Set(Array.from(desk.querySelectorAll('details.fold[open]'), (fold) => fold.id));
    const focus = d.activeElement, held = desk.contains(focus) ? focus : null;
    const caret = held && 'selectionStart' in held ? [held.selectionStart, held.selectionEnd] : null;
    const next = d.importNode(fresh, true), changed = [];
    next.querySelectorAll('details.fold').forEach((fold) => { fold.open = open.has(fold.id); });
    next.querySelectorAll('[data-row]').forEach((row) => {
      const kept = renewed(old.get(row.id), row);
      old.delete(row.id);
      if (kept !== row) row.replaceWith(kept);
      if (kept.dataset.mark !== undefined) changed.push(kept);
    });
    const lost = Array.from(old.values()).filter(busy);
    desk.replaceChildren(...lost.map((row) => { row.classList.add('gone'); return row; }), ...next.childNodes);
    // who has logged in anew meanwhile has another token: what was being typed can still be sent
    const field = page.querySelector('[name=csrf_token]'), token = field && field.value;
    if (token) lost.concat(changed).forEach((row) => row.querySelectorAll('[name=csrf_token]').forEach((each) => { each.value = token; }));
    if (lost.length) say(desk.dataset.gone);
    if (window.htmx) changed.forEach((row) => window.htmx.process(row));
    if (held) {
      const back = d.contains(held) ? held : held.id && d.getElementById(held.id) || held.closest('[data-row]') && d.getElementById(held.closest('[data-row]').id);
      if (back) {
        back.focus({ preventScroll: true });
        if (caret && back === held) try { back.setSelectionRange(caret[0], caret[1]); } catch (_) { /* it has none */ }
      }
    }
  }

  async function renew() {
    if (composing) { again = true; return; }
    await window.nurtureLook(location.pathname + location.search, put, leave);
  }

  // who is logged out is to see nothing any more, but for what they are just writing
  function leave() {
    if (Array.from(desk.querySelectorAll('[data-row]')).some(busy)) say(desk.dataset.out);
    else location.reload();
  }

  const ask = window.nurtureLive(desk.dataset.live, renew);
  d.addEventListener('compositionstart', () => { composing = true; });
  d.addEventListener('compositionend', () => { composing = false; if (again) { again = false; ask(); } });

  // a refusal comes with the fresh row and what was typed; without any answer nothing is taken away
  d.addEventListener('htmx:beforeSwap', (event) => {
    const status = event.detail.xhr.status, type = event.detail.xhr.getResponseHeader('content-type') || '';
    if ((status === 409 || status === 422) && type.startsWith('text/html')) { event.detail.shouldSwap = true; event.detail.isError = false; }
    else if (status >= 400) say(desk.dataset.lost);
    else say('');
  });
  d.addEventListener('htmx:sendError', () => say(desk.dataset.lost));
  d.addEventListener('htmx:afterSettle', (event) => {
    const row = event.detail.elt && event.detail.elt.id ? d.getElementById(event.detail.elt.id) : null;
    if (row && row.matches('[data-row]')) row.focus({ preventScroll: true });
  });
})(document);
