app.get("/a", (req, res) => {
  // ruleid: javascript-regex-from-request
  new RegExp(req.query.q);
});

app.get("/b", (req, res) => {
  // ok: javascript-regex-from-request
  new RegExp(escapeRegExp(req.query.q));
});
