// The server's word on what changed, and the reader's right to know when it does not come.
import { children } from './morph.js';
import { prepare, tick } from './time.js';

const SILENCE = 25_000; // ms; the server sends something every 10 s
const BROKEN = 4000; // ms; the browser tries a cut line again after one second, as the server asks
const UNSEEN = 20_000; // ms; a browser has few connections to one server, and another tab may need this one
const say = document.getElementById('say');
const lost = document.getElementById('lost');
let heard = 0;
let source = null;

function contact(there) {
  if (there) heard = performance.now();
  if (lost.hidden === there) return;
  lost.hidden = there;
  document.body.classList.toggle('lost', !there);
  if (!there) say.textContent = lost.textContent;
}

function show({ parts, title, said }) {
  const at = document.activeElement;
  for (const [id, html] of Object.entries(parts)) {
    const old = document.getElementById(id);
    if (!old) continue;
    const sent = document.createElement('template');
    sent.innerHTML = html;
    prepare(sent.content);
    children(old, sent.content);
  }
  // Who was on what is no more goes on from where it was, not from the top.
  if (at && !at.isConnected) document.getElementById('content').focus({ preventScroll: true });
  if (title) document.title = title;
  if (said) say.textContent = said;
  tick();
}

function listen(url) {
  source?.close();
  source = new EventSource(url);
  source.onopen = () => contact(true);
  source.addEventListener('beat', () => contact(true));
  source.onmessage = (event) => { contact(true); show(JSON.parse(event.data)); };
  source.addEventListener('end', () => source.close());
  // Unless the reader has just sent a form: then they are on their way already.
  source.addEventListener('leave', () => { source.close(); if (!document.querySelector('form[data-sent]')) location.reload(); });
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) { // the browser tries again by itself
      const cut = performance.now();
      setTimeout(() => { if (source && heard < cut) contact(false); }, BROKEN);
      return;
    }
    contact(false);
    // A refusal, not a lost line: reading the page anew says why, once anybody answers at all.
    setTimeout(() => fetch('/healthz', { cache: 'no-store' })
      .then((reply) => (reply.ok ? location.reload() : listen(url)), () => listen(url)), 2000);
  };
}

export function follow(url) {
  let timer = 0;
  heard = performance.now();
  listen(url);
  setInterval(() => { if (source && performance.now() - heard > SILENCE) contact(false); }, 1000);
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => { source?.close(); source = null; }, UNSEEN);
    } else if (!source) {
      heard = performance.now();
      listen(url);
    }
  });
  addEventListener('pagehide', () => source?.close());
}
