app.use((err, req, res, next) => {
  // ruleid: javascript-error-shown-to-user
  res.status(500).send(err.stack);
});

app.use((err, req, res, next) => {
  // ok: javascript-error-shown-to-user
  res.status(500).send("failed");
});
