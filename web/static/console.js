// Moves by keys: `?` shows them, `g` and a letter goes to a page. Says nothing to anybody and keeps nothing.
(function (d) {
  let going = 0;
  const help = d.getElementById('keys');
  const writing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
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
    if (Date.now() - going > 1500) return;
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
// Moves through a list by keys: `j` and `k` to the next and previous row, `/` to the search. Enter opens by itself.
(function (d) {
  let going = 0;
  d.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.defaultPrevented) return;
    const after = Date.now() - going < 1500;
    going = event.key === 'g' ? Date.now() : 0;
    if (after) return; // `g` and a letter goes to a page
    if (event.key === '/') {
      const search = d.querySelector('input[type=search]');
      if (search) { event.preventDefault(); search.focus(); }
      return;
    }
    if (event.key !== 'j' && event.key !== 'k') return;
    const rows = [...d.querySelectorAll('a[data-row]')];
    const at = rows.indexOf(d.activeElement);
    const next = rows[event.key === 'j' ? at + 1 : at < 0 ? rows.length - 1 : at - 1];
    if (next) { event.preventDefault(); next.focus(); }
  });
})(document);
