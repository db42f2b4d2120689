// Makes `old` what `now` is and touches only what differs: what the reader types, has opened or stands on
// stays, and nothing flickers. Elements with the same `data-key` show the same thing and are left alone.
const key = (node) => node.dataset?.key || node.id || '';
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);

export function morph(old, now) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  if (now.dataset.key) return;
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  children(old, now);
}

export function children(old, now) {
  let at = old.firstChild;
  for (const wanted of [...now.childNodes]) {
    let found = at;
    while (found && !same(found, wanted)) found = found.nextSibling;
    if (!found) {
      old.insertBefore(wanted, at);
      continue;
    }
    while (at !== found) at = remove(at);
    at = found.nextSibling;
    morph(found, wanted);
  }
  while (at) at = remove(at);
}

function remove(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
