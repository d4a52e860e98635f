// Tells Nurture what is visited and downloaded on this site, once the visitor agreed; stores and sends nothing before.
(function (w, d, n, h) {
  var me = d.currentScript, at = me.src.replace(/s\.js.*/, ''), base = me.dataset.base || '', key = 'nurture', id, last,
    here = new URL(location), token = here.searchParams.get('nv'), refused = n.globalPrivacyControl || n.doNotTrack == 1;
  function hex() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), b => (b + 256).toString(16).slice(1)).join('');
  }
  function send(said) {
    said.visitor = id;
    fetch(at + 'v', {method: 'POST', body: JSON.stringify(said), keepalive: true, credentials: 'omit'}).catch(() => 0);
  }
  function tell(type, subject) {
    send({id: hex(), type, subject, token});
    token = null;
  }
  function inside(path) {
    return base && (path + '/').startsWith(base + '/') ? path.slice(base.length) || '/' : path;
  }
  function view() {
    if (id && last != location.pathname) tell('visited', inside(last = location.pathname));
  }
  function start(anew) {
    try {
      id = localStorage[key] || (anew ? hex() : null);
      if (id) localStorage[key] = id;
    } catch (e) { id = null; }
    view();
  }
  function stop() {
    if (id) send({forget: true});
    id = last = null;
    try { localStorage.removeItem(key); } catch (e) { }
  }
  if (token) {
    here.searchParams.delete('nv');
    h.replaceState(h.state, '', here);
  }
  w.nurture = {
    id: () => id,
    consent(given) {
      if (!given) stop();
      else if (!refused && !id) start(true);
      return !!id;
    }
  };
  for (const name of ['pushState', 'replaceState']) {
    const was = h[name];
    h[name] = function () {
      was.apply(h, arguments);
      view();
    };
  }
  w.addEventListener('popstate', view);
  d.addEventListener('click', e => {
    const a = id && e.target.closest && e.target.closest('a[href]');
    if (!a) return;
    const name = a.dataset.nurtureDownload;
    if (name || a.hasAttribute('download') || /\.(pdf|zip|docx?|xlsx?|pptx?|csv)$/i.test(a.pathname)) tell('downloaded', name || inside(a.pathname));
    if (String(a.href).startsWith(at + 'forms/')) {
      const to = new URL(a.href);
      to.searchParams.set('_visitor', id);
      a.href = to;
    }
  }, true);
  d.addEventListener('submit', e => {
    const f = e.target, i = d.createElement('input');
    if (!id || !String(f.action).startsWith(at + 'forms/') || f.elements._visitor) return;
    i.type = 'hidden';
    i.name = '_visitor';
    i.value = id;
    f.append(i);
  }, true);
  if (refused) stop();
  else start(me.dataset.consent == 'granted');
})(window, document, navigator, history);
