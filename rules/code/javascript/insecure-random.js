function makeToken() {
  // ruleid: javascript-insecure-random
  return Math.random().toString(36);
}

// ruleid: javascript-insecure-random
const sessionId = Math.random();
// ok: javascript-insecure-random
const angle = Math.random() * 360;
// ok: javascript-insecure-random
const token = crypto.randomUUID();
