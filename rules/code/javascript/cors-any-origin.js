// ruleid: javascript-cors-any-origin
app.use(cors({ origin: true, credentials: true }));
// ruleid: javascript-cors-any-origin
res.setHeader("Access-Control-Allow-Origin", "*");
// ruleid: javascript-cors-any-origin
other.postMessage(data, "*");
// ok: javascript-cors-any-origin
app.use(cors({ origin: "https://example.org" }));
// ok: javascript-cors-any-origin
other.postMessage(data, "https://example.org");
