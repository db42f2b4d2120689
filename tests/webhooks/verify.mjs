// The requests that check.py kept, verified by the library of npm.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const kept = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let verified = 0;
for (const { secrets, headers, body } of kept) {
  for (const secret of secrets) {
    new Webhook(secret).verify(body, headers);
    verified += 1;
  }
  for (const forged of [{ secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', body }, { secret: secrets[0], body: `${body} ` }]) {
    let passed = true;
    try { new Webhook(forged.secret).verify(forged.body, headers); } catch { passed = false; }
    if (passed) throw new Error('a forged request passed');
  }
}
console.log(`npm standardwebhooks: ${verified} signatures verified, forged ones refused`);
