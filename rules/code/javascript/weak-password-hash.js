// ruleid: javascript-weak-password-hash
crypto.createHash("sha256").update(password).digest("hex");
// ruleid: javascript-weak-password-hash
crypto.createHmac("sha1", salt).update(user.password).digest("hex");
// ok: javascript-weak-password-hash
crypto.createHash("sha256").update(data).digest("hex");
// ok: javascript-weak-password-hash
bcrypt.hash(password, 12);
