// Keeps what a page shows fresh while somebody looks: hears of changes, loads the page again and puts in what differs,
// so that focus, scroll position and open parts stay. One connection a page, none while it is hidden.
(function (d) {
  // Looks at a page once more by itself, which keeps nobody logged in: `put` takes it; `out` is called where whoever
  // looks may not any more, or is led elsewhere.
  window.nurtureLook = async function (from, put, out) {
    const answer = await fetch(from, { headers: { accept: 'text/html', 'x-nurture-by-itself': '1' }, redirect: 'manual' });
    if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    else if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) out();
  };

  // Calls `renew` (a promise) when the stream has news and once a minute, never twice at a time and the less often the
  // longer it takes; `settle`: once more so many ms after the last news. Returns what asks for it at once.
  window.nurtureLive = function (url, renew, settle) {
    let source = null, busy = false, again = false, next = 0, timer = 0, last = 0;
    function ask() {
      if (busy || d.hidden) { again = true; return; }
      const wait = next - Date.now();
      if (wait > 0) { timer = timer || setTimeout(() => { timer = 0; ask(); }, wait); return; }
      busy = true; again = false;
      const began = Date.now();
      renew().catch(() => { /* the next news, or the next minute, tries again */ }).finally(() => {
        busy = false;
        next = Date.now() + Math.max(500, 5 * (Date.now() - began));
        if (again) ask();
      });
    }
    function news() {
      ask();
      if (settle) { clearTimeout(last); last = setTimeout(ask, settle); }
    }
    function listen() {
      if (source || d.hidden || !window.EventSource) return;
      source = new EventSource(url);
      source.onmessage = news;
      source.onerror = () => {
        if (!source || source.readyState !== EventSource.CLOSED) return;
        source = null;
        ask(); // it was refused: who may not look any more is to see nothing
      };
    }
    function hush() { if (source) source.close(); source = null; }
    d.addEventListener('visibilitychange', () => { if (d.hidden) hush(); else { listen(); ask(); } });
    window.addEventListener('pagehide', hush);
    window.addEventListener('pageshow', (event) => { listen(); if (event.persisted) ask(); });
    setInterval(() => { if (!d.hidden) { listen(); ask(); } }, 60000);
    listen();
    return ask;
  };

  const page = d.getElementById('live');
  if (!page) return;
  let told = Date.now();

  // nodes that are the same stay the very same nodes
  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of Array.from(old.attributes)) if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
    const spare = Array.from(old.childNodes), wanted = Array.from(fresh.childNodes), by = new Map();
    const text = (node) => node.nodeType === Node.ELEMENT_NODE ? node.outerHTML : `${node.nodeType} ${node.nodeValue}`;
    spare.forEach((node) => by.set(text(node), (by.get(text(node)) || []).concat(node)));
    const kept = wanted.map((node) => (by.get(text(node)) || []).shift() || null);
    const left = new Set(spare.filter((node) => !kept.includes(node)));
    wanted.forEach((node, at) => {
      if (kept[at]) return;
      const like = node.nodeName === 'TR' || node.nodeName === 'LI' ? null : Array.from(left).find((each) => each.nodeName === node.nodeName);
      if (!like) { kept[at] = d.importNode(node, true); return; }
      left.delete(like);
      morph(like, node);
      kept[at] = like;
    });
    left.forEach((node) => node.remove());
    let cursor = old.firstChild;
    kept.forEach((node) => {
      if (node === cursor) cursor = cursor.nextSibling; else old.insertBefore(node, cursor);
    });
  }

  function put(fresh) {
    const focus = d.activeElement, chosen = window.getSelection();
    let said = '';
    d.querySelectorAll('[data-part]').forEach((part) => {
      const other = fresh.querySelector('[data-part="' + part.dataset.part + '"]');
      if (!other || (chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode))) return;
      if (part.dataset.said !== other.dataset.said) said = other.dataset.said || said;
      morph(part, other);
    });
    const link = !d.contains(focus) && focus.getAttribute && focus.getAttribute('href');
    const back = link && d.querySelector('[data-part] [href="' + CSS.escape(link) + '"]');
    if (back) back.focus({ preventScroll: true });
    const line = d.getElementById('live-said');
    if (said && line && Date.now() - told > 10000) { line.textContent = said; told = Date.now(); }
  }

  const look = () => window.nurtureLook(page.dataset.from || location.pathname + location.search, put, () => location.reload());
  window.nurtureLive(page.dataset.live, look, Number(page.dataset.settle) || 0);
})(document);
