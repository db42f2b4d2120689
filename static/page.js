// What the server renders is true when it is rendered, and works without any of this. The script keeps it
// true while one looks (live.js), counts down and shows times in the reader's zone (time.js).
import { follow } from './live.js';
import { prepare, tick } from './time.js';

const { copied, here, live } = document.body.dataset;
const say = document.getElementById('say');

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // plain http on a local network is no secure context: there is no clipboard, but there is this
    const field = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'unseen' });
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
  return true;
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  if (await copy(source.textContent.trim())) {
    const before = button.textContent;
    say.textContent = button.textContent = copied;
    setTimeout(() => { if (button.textContent === copied) button.textContent = before; }, 2500);
  } else { // the last resort: it is selected, the reader copies it
    getSelection().selectAllChildren(source);
  }
  button.focus();
});

// One press is one request.
document.addEventListener('submit', (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = '1';
  event.submitter?.setAttribute('aria-busy', 'true');
  return undefined;
});
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

// What is shown once, in answer to a form, is not asked for again when the page is read again.
if (here) history.replaceState(null, '', here);
prepare(document);
tick();
setInterval(tick, 250);
if (live) follow(live);
