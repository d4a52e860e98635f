// Asks once whether visits may be recorded, and lets the visitor take it back at any time.
(function (d) {
  const banner = d.getElementById('banner'), state = d.getElementById('state'), off = d.getElementById('withdraw');
  function show() {
    const known = !!nurture.id();
    banner.hidden = known || sessionStorage.asked == '1';
    off.hidden = !known;
    state.textContent = known ? state.dataset.on : state.dataset.off;
  }
  function answer(given) {
    sessionStorage.asked = '1';
    const taken = nurture.consent(given);
    show();
    if (given && !taken) state.textContent = state.dataset.refused;
  }
  d.getElementById('agree').addEventListener('click', () => answer(true));
  d.getElementById('refuse').addEventListener('click', () => answer(false));
  off.addEventListener('click', () => answer(false));
  show();
})(document);
