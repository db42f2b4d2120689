// The demo build as a child: its address, its key, its simulated phone.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function start(binary, ...more) {
  const child = spawn(binary, ['demo', ...more, '--listen', '127.0.0.1:0', '--log', 'warn'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const found = {};
  await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      found.address ??= line.match(/^open\s+(http:\S+?)\/?$/)?.[1];
      found.key ??= line.match(/^key\s+(\S+)/)?.[1];
      found.control ??= line.match(/^phone\s.*(http:\S+)/)?.[1];
      if (found.address && found.key && found.control) resolve();
    });
  });
  const control = async (path, body) => {
    const reply = await fetch(found.control + path, { method: 'POST', body: JSON.stringify(body) });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path}: ${text}`);
    return JSON.parse(text || '{}');
  };
  const stop = () => new Promise((resolve) => { child.once('exit', resolve); child.kill('SIGTERM'); });
  return { ...found, control, stop };
}
