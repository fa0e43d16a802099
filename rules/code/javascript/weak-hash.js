// ruleid: javascript-weak-hash
crypto.createHash("md5");
// ok: javascript-weak-hash
crypto.createHash("sha256");
