const crypto = require("crypto");

const iv = Buffer.alloc(16, 0);
// ruleid: javascript-constant-iv-or-salt
crypto.createCipheriv("aes-256-cbc", key, iv);
// ruleid: javascript-constant-iv-or-salt
crypto.createCipheriv("aes-256-cbc", key, Buffer.from("1234567890123456"));
// ruleid: javascript-constant-iv-or-salt
crypto.pbkdf2Sync(password, "salt", 100000, 32, "sha256");
// ok: javascript-constant-iv-or-salt
crypto.createCipheriv("aes-256-gcm", key, crypto.randomBytes(12));
const fresh = crypto.randomBytes(16);
// ok: javascript-constant-iv-or-salt
crypto.pbkdf2Sync(password, fresh, 100000, 32, "sha256");
