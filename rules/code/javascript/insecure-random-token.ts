import { randomBytes } from "crypto";

// ruleid: javascript-insecure-random-token
const resetToken = Math.random().toString(36).slice(2);

function generateToken(): string {
  let text = "";
  for (let i = 0; i < 32; i++) {
    // ruleid: javascript-insecure-random-token
    text += CHARS.charAt(Math.floor(Math.random() * CHARS.length));
  }
  return text;
}

function login(user: User) {
  // ruleid: javascript-insecure-random-token
  user.sessionId = Math.random().toString(36);
  // ruleid: javascript-insecure-random-token
  const otp = Math.floor(100000 + Math.random() * 900000);
  // ok: javascript-insecure-random-token
  const apiKey = randomBytes(32).toString("hex");
  // ok: javascript-insecure-random-token
  const color = COLORS[Math.floor(Math.random() * COLORS.length)];
  return { otp, apiKey, color };
}
