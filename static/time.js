// Moments in the reader's zone, waits that count down, and a code of whole pixels.
const language = document.documentElement.lang;
const whole = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const short = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
const say = document.getElementById('say');

// Makes what the server sent the reader's own, before it is shown; what needs the script appears.
export function prepare(root) {
  const now = performance.now();
  for (const e of root.querySelectorAll('[data-left]')) {
    e.dataset.until = now + Number(e.dataset.left);
    delete e.dataset.left;
    e.textContent = left(e, now);
  }
  for (const e of root.querySelectorAll('[data-script]')) e.hidden = false;
  for (const e of root.querySelectorAll('time')) {
    const at = new Date(e.dateTime);
    e.textContent = (at.toDateString() === new Date().toDateString() ? short : whole).format(at);
    e.title = whole.format(at);
  }
}

function span(seconds) {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(seconds / 3600)} h`;
}

const seconds = (e, now) => Math.max(0, Math.ceil((e.dataset.until - now) / 1000));
const left = (e, now) => (e.dataset.zero && seconds(e, now) === 0 ? e.dataset.zero : span(seconds(e, now)));

export function tick() {
  const now = performance.now();
  for (const e of document.querySelectorAll('[data-until]')) {
    const n = seconds(e, now);
    // Passed since it was last looked at: a busy browser skips seconds.
    if (e.dataset.says && [30, 10].some((milestone) => e.was > milestone && n <= milestone)) say.textContent = e.dataset.says.replace('{}', span(n));
    e.was = n;
    const text = left(e, now);
    if (e.textContent === text) continue;
    e.textContent = text;
    if (n === 0) e.closest('.show')?.querySelector('.qr')?.classList.add('over');
  }
  for (const qr of document.querySelectorAll('.qr')) fit(qr);
}

// Every module of a code the same whole number of the screen's dots: crisp, and easier on cameras.
function fit(qr) {
  const screen = `${innerWidth} ${innerHeight} ${devicePixelRatio}`;
  if (qr.screen === screen || !qr.clientWidth) return;
  qr.screen = screen;
  qr.style.width = '';
  const ground = qr.querySelector('.ground');
  const code = ground.querySelector('svg');
  if (!code) return;
  const side = code.viewBox.baseVal.width;
  const share = ground.clientWidth / qr.clientWidth;
  const dots = Math.floor(ground.clientWidth * devicePixelRatio / side);
  if (dots > 0) qr.style.width = `${dots * side / share / devicePixelRatio}px`;
}
