// The real binary as a child: the demo with its simulated WhatsApp, or `serve` as an owner starts it.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.argv[2];
const children = new Set();
// Whatever ends this ends them too, also one that was told to be silent.
process.on('exit', () => { for (const child of children) child.kill('SIGKILL'); });
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(1));

function start(words, options) {
  const child = spawn(binary, words, options);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}
const LIMIT = 60_000; // ms until it listens

function ended(child) {
  return new Promise((resolve) => { child.once('exit', resolve); });
}

function until(child, streams, found, complete) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the binary did not start in time')), LIMIT);
    child.once('exit', (code) => reject(new Error(`the binary ended with ${code}`)));
    for (const stream of streams) {
      createInterface({ input: stream }).on('line', (line) => {
        found(line);
        if (complete()) { clearTimeout(late); resolve(); }
      });
    }
  });
}

// A demo: its address, its key, its phones, what it logs.
export async function demo(...more) {
  const child = start(['demo', ...more, '--listen', '127.0.0.1:0', '--log', 'debug'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const told = { log: '' };
  await until(child, [child.stdout, child.stderr], (line) => {
    told.log += `${line}\n`;
    told.address ??= line.match(/^open\s+(https?:\S+?)\/?$/)?.[1];
    told.key ??= line.match(/^key\s+(\S+)/)?.[1];
    told.sandbox ??= line.match(/^phone\s.*(http:\S+)/)?.[1];
  }, () => told.address && told.key && told.sandbox);
  return {
    ...told,
    log: () => told.log,
    port: new URL(told.address).port,
    // The simulated WhatsApp's own side: phones, faults.
    async control(path, body, method = 'POST') {
      const reply = await fetch(told.sandbox + path, { method, body: method === 'GET' ? undefined : JSON.stringify(body ?? {}) });
      const text = await reply.text();
      if (!reply.ok) throw new Error(`${path}: ${text}`);
      return JSON.parse(text || '{}');
    },
    // The API, as a program uses it.
    async api(method, path, body) {
      const headers = { apikey: told.key, 'content-type': 'application/json' };
      const reply = await fetch(told.address + path, { method, headers, body: body && JSON.stringify(body) });
      return reply.json();
    },
    // Silent, its sockets open: as when the box hangs or the Wi-Fi is gone.
    hush: () => child.kill('SIGSTOP'),
    wake: () => child.kill('SIGCONT'),
    async stop() {
      const gone = ended(child);
      child.kill('SIGTERM');
      await gone;
    },
  };
}

// As an owner starts it: data in a folder, the key in a file.
export async function serve(env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tetherd-page-'));
  const place = { ...process.env, TETHERD_DATA_DIR: folder, TETHERD_LOG: 'info', ...env };
  let child;
  let address;
  const begin = async (listen) => {
    child = start(['serve', '--listen', listen], { env: place, stdio: ['ignore', 'ignore', 'pipe'] });
    let there = false;
    await until(child, [child.stderr], (line) => {
      const found = line.match(/listening on (https?:\/\/[\d.:]+)/)?.[1];
      address ??= found;
      there ||= Boolean(found);
    }, () => there);
  };
  await begin('127.0.0.1:0');
  return {
    address,
    port: new URL(address).port,
    // As a power cut does; and back at the same address.
    async cut() {
      const gone = ended(child);
      child.kill('SIGKILL');
      await gone;
    },
    again: () => begin(new URL(address).host),
    command: (...words) => execFileSync(binary, words, { env: place, encoding: 'utf8' }).trim(),
    async stop() {
      const gone = ended(child);
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
