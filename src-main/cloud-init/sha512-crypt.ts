/** Password hashes as crypt(5) has them under `$6$`: Ulrich Drepper, Unix crypt using SHA-256 and SHA-512, 2008. */
import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Without `rounds=` in the salt (§"Algorithm for crypt using SHA-256/SHA-512", step 14). */
const ROUNDS = 5000;
const SALT_CHARACTERS = 16;
const DIGEST_BYTES = 64;

/** `$6$salt$hash` of `password`. */
export function sha512Crypt(password: string, salt = newSalt()): string {
  const key = Buffer.from(password, 'utf8');
  const saltBytes = Buffer.from(salt.slice(0, SALT_CHARACTERS), 'latin1');
  let digest = firstDigest(key, saltBytes);
  const p = repeated(sha512(...Array.from({ length: key.length }, () => key)), key.length);
  const s = repeated(sha512(...Array.from({ length: 16 + digest[0]! }, () => saltBytes)), saltBytes.length);
  for (let round = 0; round < ROUNDS; round++) {
    const odd = round % 2 === 1;
    const parts = [odd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(odd ? digest : p);
    digest = sha512(...parts);
  }
  return `$6$${saltBytes.toString('latin1')}$${encoded(digest)}`;
}

/** Steps 1 to 12. */
function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const b = sha512(key, salt, key);
  const parts = [key, salt, repeated(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>>= 1) parts.push((bits & 1) === 1 ? b : key);
  return sha512(...parts);
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `length` bytes of `block`, over and over. */
function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

/** Step 22: three bytes become four characters, lowest bits first; the bytes go round in steps of 21. */
function encoded(digest: Buffer): string {
  let text = '';
  let [a, b, c] = [0, 21, 42];
  for (let i = 0; i < 21; i++) {
    text += characters((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  return text + characters(digest[DIGEST_BYTES - 1]!, 2);
}

function characters(value: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += ALPHABET[(value >>> (6 * i)) & 63];
  return text;
}

function newSalt(): string {
  return Array.from(randomBytes(SALT_CHARACTERS), (byte) => ALPHABET[byte & 63]).join('');
}
