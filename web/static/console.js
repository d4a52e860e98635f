// Moves by keys: `?` shows them, `g` and a letter goes to a page, `j` and `k` along the rows of lists, `/` to the search;
// shows the middle of wide pictures; lets keys reach tables that scroll. Says nothing to anybody and keeps nothing.
(function (d) {
  let going = 0;
  const help = d.getElementById('keys');
  const writing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  const along = (step) => {
    const rows = [...d.querySelectorAll('main tbody tr, main [data-row]')];
    const links = rows.map((row) => row.querySelector('a[href]')).filter((link) => link && link.offsetParent);
    const row = d.activeElement.closest('tr, [data-row]');
    const at = row ? links.findIndex((link) => row.contains(link)) : -1;
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
    if (next) next.focus();
  };
  const centre = () => d.querySelectorAll('.picture').forEach((each) => {
    each.scrollLeft = (each.scrollWidth - each.clientWidth) / 2;
  });
  const reach = () => d.querySelectorAll('.scroll').forEach((each) => { // by keys, in browsers that do not let one by themselves
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0; else each.removeAttribute('tabindex');
  });
  centre();
  reach();
  d.addEventListener('htmx:afterSettle', () => { centre(); reach(); });
  window.addEventListener('resize', reach);
  d.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writing(event.target)) return;
    if (event.key === '?' && help) {
      event.preventDefault();
      if (help.open) help.close(); else help.showModal();
      return;
    }
    if (event.key === 'g') {
      going = Date.now();
      return;
    }
    if (Date.now() - going > 1500) {
      if (event.key === 'j' || event.key === 'k') along(event.key === 'j' ? 1 : -1);
      const search = event.key === '/' && d.querySelector('main input[type=search]');
      if (search) {
        event.preventDefault();
        search.focus();
      }
      return;
    }
    going = 0;
    const link = d.querySelector('a[data-key="' + CSS.escape(event.key) + '"]');
    if (link) {
      event.preventDefault();
      link.click();
    }
  });
  const button = d.getElementById('show-keys');
  if (button && help) {
    button.hidden = false;
    button.addEventListener('click', () => help.showModal());
  }
})(document);
