app.get("/a", (req, res) => {
  // ruleid: javascript-header-injection
  res.setHeader("X-Name", req.query.name);
});

app.get("/b", (req, res) => {
  // ok: javascript-header-injection
  res.setHeader("X-Name", encodeURIComponent(req.query.name));
});
