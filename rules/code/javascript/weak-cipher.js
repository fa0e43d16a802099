// ruleid: javascript-weak-cipher
crypto.createCipher("aes-256-cbc", key);
// ruleid: javascript-weak-cipher
crypto.createCipheriv("des-ede3-cbc", key, iv);
// ruleid: javascript-weak-cipher
crypto.createCipheriv("aes-128-ecb", key, null);
// ok: javascript-weak-cipher
crypto.createCipheriv("aes-256-gcm", key, iv);
