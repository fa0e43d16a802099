app.get("/a", (req, res) => {
  // ruleid: javascript-log-injection
  console.log("user " + req.query.name);
});

router.get("/koa", (ctx) => {
  // ruleid: javascript-log-injection
  logger.info(ctx.query.name);
});

app.get("/b", (req, res) => {
  // ok: javascript-log-injection
  console.log(JSON.stringify(req.query.name));
});
