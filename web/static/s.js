// Tells Nurture what is visited and downloaded on this site, once the visitor agreed; stores and sends nothing before.
(function (w, d, n, h) {
  var me = d.currentScript, at = me.src.replace(/s\.js.*/, ''), base = me.dataset.base || '', mine = [], id, last,
    here = new URL(location), token = here.searchParams.get('nv'), refused = n.globalPrivacyControl || n.doNotTrack == 1;
  const on = (what, act) => w.addEventListener(what, act, true), ours = url => (url + '').startsWith(at + 'forms/'),
    hex = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => (b + 256).toString(16).slice(1)).join(''),
    inside = path => base && (path + '/').startsWith(base + '/') ? path.slice(base.length) || '/' : path;
  function send(said) {
    said.visitor = id;
    fetch(at + 'v', {method: 'POST', body: JSON.stringify(said), keepalive: true, credentials: 'omit'}).catch(() => 0);
  }
  function tell(type, subject) {
    send({id: hex(), type, subject, token});
    token = null;
  }
  function view() {
    if (id && last != location.pathname) tell('visited', inside(last = location.pathname));
  }
  function start(anew) {
    try {
      id = localStorage.nurture || (anew ? hex() : null);
      if (id) localStorage.nurture = id;
    } catch (e) { id = null; }
    view();
  }
  function stop() {
    try {
      id = id || localStorage.nurture;
      delete localStorage.nurture;
    } catch (e) { }
    if (id) send({forget: true});
    id = last = null;
    mine.map(i => i.remove());
  }
  if (token) {
    here.searchParams.delete('nv');
    h.replaceState(h.state, '', here);
  }
  w.nurture = {
    id: () => id,
    consent(given) {
      given ? refused || id || start(true) : stop();
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
  on('popstate', view);
  on('click', e => {
    const a = id && e.target.closest?.('a[href]');
    if (!a) return;
    const name = a.dataset.nurtureDownload;
    if (name || a.hasAttribute('download') || /\.(pdf|zip|docx?|xlsx?|pptx?|csv)$/i.test(a.pathname)) tell('downloaded', name || inside(a.pathname));
    if (ours(a.href)) {
      const was = a.href, to = new URL(was);
      to.searchParams.set('_visitor', id);
      a.href = to;
      setTimeout(() => a.href = was);
    }
  });
  on('submit', e => {
    const f = e.target, i = d.createElement('input');
    if (!id || !ours(f.action) || f.elements._visitor) return;
    i.type = 'hidden';
    i.name = '_visitor';
    i.value = id;
    f.append(i);
    mine.push(i);
  });
  refused ? stop() : start(me.dataset.consent == 'granted');
})(window, document, navigator, history);
