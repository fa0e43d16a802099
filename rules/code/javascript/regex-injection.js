app.get("/a", (req, res) => {
  // ruleid: javascript-regex-injection
  new RegExp(req.query.q);
});

app.get("/b", (req, res) => {
  // ok: javascript-regex-injection
  new RegExp(escapeRegExp(req.query.q));
});
