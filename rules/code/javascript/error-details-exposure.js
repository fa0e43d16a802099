app.use((err, req, res, next) => {
  // ruleid: javascript-error-details-exposure
  res.status(500).send(err.stack);
});

app.use((err, req, res, next) => {
  // ok: javascript-error-details-exposure
  res.status(500).send("failed");
});
