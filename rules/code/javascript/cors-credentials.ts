// ruleid: javascript-cors-credentials
app.use(cors({ origin: true, credentials: true }));
// ruleid: javascript-cors-credentials
app.enableCors({ credentials: true, origin: (origin, callback) => callback(null, true) });
// ruleid: javascript-cors-credentials
app.use(cors({ origin: /example.com/, credentials: true }));
// ruleid: javascript-cors-credentials
app.use("*", cors({ origin: (origin) => origin, credentials: true }));
// ok: javascript-cors-credentials
app.use(cors({ origin: /^https:\/\/app\.example\.com$/, credentials: true }));
// ok: javascript-cors-credentials
app.use(cors({ origin: ["https://app.example.com"], credentials: true }));
app.use((req, res, next) => {
  // ruleid: javascript-cors-credentials
  res.setHeader("Access-Control-Allow-Origin", req.headers.origin);
  res.setHeader("Access-Control-Allow-Credentials", "true");
  next();
});
app.use((req, res, next) => {
  const origin = req.headers.origin;
  if (ORIGINS.has(origin)) {
    // ok: javascript-cors-credentials
    res.setHeader("Access-Control-Allow-Origin", origin);
    res.setHeader("Access-Control-Allow-Credentials", "true");
  }
  next();
});
