const https = require("https");
const axios = require("axios");

// ruleid: javascript-tls-verification-off
const agent = new https.Agent({ rejectUnauthorized: false });
// ruleid: javascript-tls-verification-off
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
// ruleid: javascript-tls-verification-off
request({ url: "https://example.org", strictSSL: false });
// ok: javascript-tls-verification-off
const checked = new https.Agent({ rejectUnauthorized: true });
// ok: javascript-tls-verification-off
const own = new https.Agent({ ca: fs.readFileSync("ca.pem") });
