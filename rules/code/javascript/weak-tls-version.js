const https = require("https");

// ruleid: javascript-weak-tls-version
https.createServer({ minVersion: "TLSv1" });
// ruleid: javascript-weak-tls-version
https.createServer({ secureProtocol: "TLSv1_method" });
// ok: javascript-weak-tls-version
https.createServer({ minVersion: "TLSv1.2" });
