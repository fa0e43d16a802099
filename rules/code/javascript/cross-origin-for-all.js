// ruleid: javascript-cross-origin-for-all
app.use(cors({ origin: true, credentials: true }));
// ruleid: javascript-cross-origin-for-all
res.setHeader("Access-Control-Allow-Origin", "*");
// ruleid: javascript-cross-origin-for-all
other.postMessage(data, "*");
// ok: javascript-cross-origin-for-all
app.use(cors({ origin: "https://example.org" }));
// ok: javascript-cross-origin-for-all
other.postMessage(data, "https://example.org");
