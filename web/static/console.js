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
