// What the server renders is true when it is rendered. This keeps it true: it puts in place what the
// server sends, counts down, shows times in the reader's zone, and says when contact is lost.
const body = document.body;
const words = body.dataset;
const say = document.getElementById('say');
const lost = document.getElementById('lost');
const SILENCE = 25_000; // the server sends something every 10 s

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
const short = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: 'short' });

function prepare(root) {
  const now = performance.now();
  for (const e of root.querySelectorAll('[data-left]')) {
    e.until = now + Number(e.dataset.left);
    delete e.dataset.left;
    e.classList.add('ticks');
  }
  for (const e of root.querySelectorAll('time:not([data-shown])')) {
    const at = new Date(e.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    e.textContent = (today ? short : clock).format(at);
    e.title = clock.format(at);
    e.dataset.shown = '';
  }
}

function span(seconds) {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function tick() {
  const now = performance.now();
  for (const e of document.querySelectorAll('.ticks')) {
    const left = Math.max(0, Math.ceil((e.until - now) / 1000));
    const text = span(left);
    if (e.textContent !== text) e.textContent = text;
    if (e.dataset.says && left !== e.said && (left === 30 || left === 10)) {
      e.said = left;
      say.textContent = e.dataset.says.replace('{}', text);
    }
    if (left === 0) e.closest('.code-shown')?.querySelector('.qr')?.classList.add('over');
  }
}

// Puts a part in its place; what the reader has opened or stands on stays.
function put(id, html) {
  const old = document.getElementById(id);
  if (!old) return;
  const open = [...old.querySelectorAll('details[open][id]')].map((e) => e.id);
  const focus = old.contains(document.activeElement) ? document.activeElement.id : '';
  old.innerHTML = html;
  for (const name of open) document.getElementById(name)?.setAttribute('open', '');
  if (focus) document.getElementById(focus)?.focus();
  prepare(old);
}

let heard = performance.now();
let gone = false;
function contact(now) {
  if (now === !gone) return;
  gone = !now;
  lost.hidden = now;
  body.classList.toggle('lost', gone);
  if (gone) say.textContent = lost.textContent;
}

function live(url) {
  const source = new EventSource(url);
  const hear = () => { heard = performance.now(); contact(true); };
  source.onopen = hear;
  source.addEventListener('beat', hear);
  source.addEventListener('part', (event) => {
    hear();
    const { id, html, said } = JSON.parse(event.data);
    put(id, html);
    if (said) say.textContent = said;
    tick();
  });
  source.addEventListener('leave', () => { source.close(); location.reload(); });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      contact(false);
      // A refusal, not a lost line: signing in again is what helps, once anybody answers at all.
      setTimeout(() => fetch('/healthz', { cache: 'no-store' })
        .then((reply) => (reply.ok ? location.reload() : live(url)), () => live(url)), 3000);
    }
  };
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch { // plain http on a local network is no secure context
    const field = document.body.appendChild(Object.assign(document.createElement('textarea'), { value: text, className: 'unseen' }));
    field.select();
    document.execCommand('copy');
    field.remove();
    button.focus();
  }
  say.textContent = button.textContent = words.copied;
});

document.addEventListener('submit', (event) => {
  const button = event.submitter;
  if (event.target.dataset.busy) return event.preventDefault();
  event.target.dataset.busy = '1';
  button?.setAttribute('aria-busy', 'true');
  setTimeout(() => delete event.target.dataset.busy, 4000);
});

for (const e of document.querySelectorAll('[data-script]')) e.hidden = false;
prepare(document);
tick();
setInterval(() => { tick(); if (words.live && performance.now() - heard > SILENCE) contact(false); }, 250);
if (words.live) live(words.live);
