app.post("/a", (req, res) => {
  // ruleid: javascript-prototype-pollution
  _.merge(settings, req.body);
});

app.post("/b", (req, res) => {
  // ok: javascript-prototype-pollution
  _.merge(settings, schema.parse(req.body));
});
